package walk

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestSQL_QuotesEveryName(t *testing.T) {
	db := shelved()
	evil := `x"; DROP TABLE y; --`
	db.Tables[0].Columns[0].Name = evil
	key := db.ForeignKeys[0]
	key.ChildColumns = []string{evil}
	db.Tables[0].Keys = []catalog.Key{{Columns: []string{evil, "b"}}}
	heap := db.Tables[0].Heaps[0]
	p := &plan.Plan{ForeignKeys: db.ForeignKeys}
	for _, t := range db.Tables {
		p.Tables = append(p.Tables, plan.TablePlan{Table: t})
	}
	s := remembering(t, p)
	fk := s.foreignKeys[0]
	child, parents := s.byOID[heap.OID], fk.parentHeaps[0]
	var all []string
	for _, d := range []*directory{nil, {heap: parents, column: evil}} {
		fk.directory, parents.directory, child.directory = d, d, &directory{heap: child, column: evil}
		candidates, known := s.candidateLayout(child), s.parentLayout(child)
		all = append(all,
			parentsSQL(known), parentsByKeySQL(known),
			rowsSQL(candidates), filteredSQL(candidates, "true"), blocksSQL(candidates),
			blocksAmongSQL(candidates, fk, parents), childrenByKeySQL(candidates, fk),
			childrenSQL(s.childLayout(child, fk, parents), fk, parents),
			everyChildSQL(fk, child, parents), key.ParentsSQL(heap, "true"),
		)
	}
	for _, sql := range all {
		if strings.Contains(strings.ReplaceAll(sql, `"x""; DROP TABLE y; --"`, ""), "DROP") {
			t.Errorf("not quoted: %s", sql)
		}
		if !strings.Contains(sql, `"my.schema"."T a"`) {
			t.Errorf("no quoted table in %s", sql)
		}
	}
}

func TestSQL_EndsTheUsersConditionOnALineOfItsOwn(t *testing.T) {
	heap := shelved().Tables[0].Heaps[0]
	if sql := heap.Filtered("a = 1 -- a comment", "ctid"); !strings.HasSuffix(sql, "a comment\n)") {
		t.Errorf("the comment swallows what follows: %s", sql)
	}
}

func TestSeed_DiffersBetweenTables(t *testing.T) {
	db := shelved()
	first := &table{TablePlan: &plan.TablePlan{Table: db.Tables[0]}}
	second := &table{TablePlan: &plan.TablePlan{Table: db.Tables[1]}}
	if first.seed(1) == second.seed(1) {
		t.Error("two tables share a seed: equal keys would be chosen together")
	}
	if first.seed(1) == first.seed(2) {
		t.Error("the user's seed changes nothing")
	}
}

func TestBatches_AreForOneConnectionEach(t *testing.T) {
	s := &searcher{memory: withKeys(t)}
	s.src = &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}
	s.tables[0].Rows = 3 * lookupBatch
	for key := range int64(3 * lookupBatch) {
		s.heaps[0].directory.sampled.Add(uint64(key))
	}
	var got []int64
	lanes := map[int]int{}
	for _, b := range s.batches(s.heaps[0].directory) {
		if len(b.keys) > lookupBatch {
			t.Errorf("%d keys at once", len(b.keys))
		}
		got = append(got, b.keys...)
		lanes[b.lane] += len(b.keys)
	}
	want := make([]int64, 3*lookupBatch)
	for i := range want {
		want[i] = int64(i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not each key once, in order: %s", diff)
	}
	if len(lanes) != 2 || lanes[0] < lookupBatch || lanes[1] < lookupBatch {
		t.Errorf("keys by connection: %v", lanes)
	}
}

// shelved is two tables with odd names, of which one references the other.
func shelved() *catalog.Database {
	users := &catalog.Table{OID: 1, Name: catalog.Name{Schema: "public", Name: "users"}, Readable: true}
	users.Columns = []catalog.Column{{Name: "id", NotNull: true}, {Name: "odd.name"}}
	users.Keys = []catalog.Key{{Name: "users_pkey", Primary: true, Columns: []string{"id"}}}
	dotted := &catalog.Table{OID: 2, Name: catalog.Name{Schema: "my.schema", Name: "T a"}, Readable: true}
	dotted.Columns = []catalog.Column{{Name: "user"}}
	for _, t := range []*catalog.Table{users, dotted} {
		t.Heaps = []*catalog.Heap{{OID: t.OID + 100, Name: t.Name, Table: t, Pages: 10}}
	}
	key := &catalog.ForeignKey{
		OID: 9, Name: "fk", Operators: []catalog.Operator{{Name: "pg_catalog.="}},
		Child: dotted, ChildRel: dotted.Name, ChildHeaps: dotted.Heaps, ChildColumns: []string{"user"},
		Parent: users, ParentRel: users.Name, ParentHeaps: users.Heaps, ParentColumns: []string{"id"},
	}
	return &catalog.Database{
		Name: "shelf", Role: "me", Tables: []*catalog.Table{dotted, users}, ForeignKeys: []*catalog.ForeignKey{key},
	}
}
