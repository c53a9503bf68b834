package walk

import (
	"slices"
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
			blocksAmongKeysSQL(candidates, fk), childrenByKeySQL(candidates, fk), parentsAmongKeysSQL(known),
			blocksAmongSQL(s.childLayout(child, fk, parents), fk, parents),
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

// asking is a searcher of two tables of a thousand rows, ten of which are
// sampled as parents, and the second of which is found by how.
func asking(t *testing.T, how plan.Strategy, change func(*catalog.ForeignKey)) (*searcher, *table) {
	t.Helper()
	p := twoTables(100, 100)
	for i := range p.Tables {
		p.Tables[i].Rows = 1_000
		h := p.Tables[i].Table.Heaps[0]
		h.Pages = 10
		empty := &catalog.Heap{OID: h.OID + 10, Table: h.Table}
		p.Tables[i].Table.Heaps = append(p.Tables[i].Table.Heaps, empty)
	}
	k := p.ForeignKeys[0]
	k.ParentColumns, k.ChildColumns = []string{"id"}, []string{"parent"}
	k.Operators = []catalog.Operator{{Name: "pg_catalog.="}}
	k.ChildHeaps, k.Indexed = p.Tables[1].Table.Heaps, true
	change(k)
	p.Tables[1].How, p.Tables[1].Driving = how, p.ForeignKeys
	s := &searcher{memory: remembering(t, p), src: &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}}
	for i := range 10 {
		s.sampled.Add(parent(i))
	}
	return s, s.tables[1]
}

func unchanged(*catalog.ForeignKey) {}

func TestQuestionsAbout_AskEachHeapThatHoldsAnything(t *testing.T) {
	for how, part := range map[plan.Strategy]string{
		plan.Whole: "FROM ONLY", plan.Scan: "LIMIT $2", plan.Blocks: "TABLESAMPLE",
	} {
		for _, pages := range []int64{10, 1} {
			s, table := asking(t, how, unchanged)
			table.heaps[0].Pages = pages
			got := s.questionsAbout(table, 10)
			if len(got) != 1 || !got[0].plain || got[0].layout.heap != table.heaps[0] ||
				!strings.Contains(got[0].sql, part) {
				t.Errorf("%v of %d pages: %+v", how, pages, got)
			}
		}
	}
}

func TestQuestionsAbout_AskByTheIndexForChildrenOfSampledParents(t *testing.T) {
	s, table := asking(t, plan.Drive, unchanged)
	got := s.questionsAbout(table, 5)
	if len(got) != 1 || !got[0].plain || !strings.Contains(got[0].sql, "CROSS JOIN LATERAL") {
		t.Fatalf("%+v", got)
	}
	if places := got[0].args[2].(snapshot.Places); len(places) != 10 {
		t.Errorf("%d parents", len(places))
	}
}

func TestQuestionsAbout_AskBlocksForThoseThatNoParentKnows(t *testing.T) {
	s, table := asking(t, plan.Drive, func(k *catalog.ForeignKey) { k.Nullable = true })
	got := s.questionsAbout(table, 5)
	if len(got) != 2 || got[0].plain || !got[1].plain || !strings.Contains(got[1].sql, "TABLESAMPLE") {
		t.Errorf("%+v", got)
	}
	// And for all of them, where no parent is sampled.
	s, table = asking(t, plan.Drive, unchanged)
	s.sampled = snapshot.NewRowSet(len(s.heaps))
	got = s.questionsAbout(table, 5)
	if len(got) != 1 || !got[0].plain || !strings.Contains(got[0].sql, "TABLESAMPLE") {
		t.Errorf("no parents: %+v", got)
	}
}

func TestQuestionsAbout_ReadBlocksOnceForAllParentsWithoutAnIndex(t *testing.T) {
	s, table := asking(t, plan.Drive, func(k *catalog.ForeignKey) { k.Indexed = false })
	got := s.questionsAbout(table, 5)
	if len(got) != 1 || !strings.Contains(got[0].sql, "TABLESAMPLE") || !strings.Contains(got[0].sql, "JOIN (SELECT") {
		t.Errorf("%+v", got)
	}
}

func TestQuestionsAbout_AskByKeysOnlyHeapsThatHoldAnything(t *testing.T) {
	s, table := asking(t, plan.Drive, func(k *catalog.ForeignKey) {
		k.Validated, k.Parent.Heaps, k.ParentHeaps = true, k.Parent.Heaps[:1], k.ParentHeaps[:1]
		k.Parent.Columns = []catalog.Column{{Name: "id", Type: "bigint", NotNull: true}}
		k.Child.Columns = []catalog.Column{{Name: "parent", Type: "integer"}}
	})
	fk := s.foreignKeys[0]
	if fk.directory == nil {
		t.Fatal("parents are not known by their keys")
	}
	for key := range uint64(10) {
		fk.directory.sampled.Add(key)
	}
	got := s.keyQuestions(fk, filled(fk.childHeaps), func(*heap) int64 { return 5 }, 2)
	if len(got) != 1 || got[0].layout.heap != table.heaps[0] {
		t.Errorf("%+v", got)
	}
}

// Only the first foreign key finds rows of which all the rest is as everywhere.
func TestQuestionsAbout_TakeWhatTheSecondKeyFindsForSpecial(t *testing.T) {
	p := twoTables(100, 100)
	for i := range p.Tables {
		p.Tables[i].Rows = 1_000
		p.Tables[i].Table.Heaps[0].Pages = 10
	}
	k := p.ForeignKeys[0]
	k.ParentColumns, k.ChildColumns, k.Indexed = []string{"id"}, []string{"parent"}, true
	k.Operators = []catalog.Operator{{Name: "pg_catalog.="}}
	other := *k
	other.Name, other.ChildColumns = "other", []string{"other"}
	p.ForeignKeys = append(p.ForeignKeys, &other)
	p.Tables[1].How, p.Tables[1].Driving = plan.Drive, p.ForeignKeys
	s := &searcher{memory: remembering(t, p), src: &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}}
	for i := range 10 {
		s.sampled.Add(parent(i))
	}
	got := s.questionsAbout(s.tables[1], 500)
	if len(got) != 2 || !got[0].plain || got[1].plain {
		t.Errorf("%+v", got)
	}
	if got = s.questionsAbout(s.tables[1], 10); len(got) != 1 || !got[0].plain {
		t.Errorf("the first gives enough: %+v", got)
	}
}

func TestSQL_HoldsForTheChildrenOfAConditionAlone(t *testing.T) {
	for when, want := range map[string][2]string{
		"": {`ONLY "s"."children" AS c`, "REPEATABLE ($3)) AS c"},
		"kind = 'note'": {
			"(SELECT tableoid, ctid, * FROM ONLY \"s\".\"children\" WHERE kind = 'note'\n) AS c",
			" WHERE (kind = 'note'\n)) AS c",
		},
	} {
		s, table := asking(t, plan.Drive, func(k *catalog.ForeignKey) { k.When = when })
		fk := s.foreignKeys[0]
		if got := childrenIn(table.heaps[0], fk); got != want[0] {
			t.Errorf("%q: %s", when, got)
		}
		sql := blocksAmongSQL(s.childLayout(table.heaps[0], fk, fk.parentHeaps[0]), fk, fk.parentHeaps[0])
		if !strings.Contains(sql, want[1]) {
			t.Errorf("%q: %s", when, sql)
		}
	}
}

func TestFilled_AreTheHeapsThatHoldAnything(t *testing.T) {
	heapOf := func(pages int64) *heap { return &heap{Heap: &catalog.Heap{Pages: pages}} }
	empty, small, large := heapOf(0), heapOf(1), heapOf(2)
	all := []*heap{empty, small, empty, large}
	if got := filled(all); !slices.Equal(got, []*heap{small, large}) || all[2] != empty {
		t.Errorf("%d heaps: %v", len(got), got)
	}
}

func TestSampledParents_AreEvenOne(t *testing.T) {
	s, table := asking(t, plan.Drive, unchanged)
	s.sampled = snapshot.NewRowSet(len(s.heaps))
	s.sampled.Add(parent(3))
	all := s.parentsOf(table, 5)
	if len(all) != 1 || all[0].n != 1 || all[0].share != 0.001 || len(all[0].rows) != 1 {
		t.Errorf("%+v", all)
	}
}
