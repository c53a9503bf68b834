package walk

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestSQL_QuotesEveryName(t *testing.T) {
	db := shelved()
	evil := `x"; DROP TABLE y; --`
	db.Tables[0].Columns[0].Name = evil
	key := db.ForeignKeys[0]
	key.ChildColumns = []string{evil}
	db.Tables[0].Keys = []catalog.Key{{Columns: []string{evil, "b"}}}
	heap := db.Tables[0].Heaps[0]
	keys := telling{own: evil, keys: []told{{ForeignKey: key, own: evil}, {ForeignKey: key, named: true}}}
	for _, sql := range []string{
		key.ParentsSQL(heap, "true"), childrenSQL(key, heap, heap, keys), childrenByNameSQL(key, heap, keys), rowsSQL(heap, keys), parentSQL(heap, keys), namedSQL(heap, keys),
		filteredSQL(heap, "true", keys), blocksSQL(heap, keys), blocksAmongSQL(key, heap, heap, keys),
	} {
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
	w := &walk{plan: &plan.Plan{Seed: 1}}
	if w.seed(db.Tables[0]) == w.seed(db.Tables[1]) {
		t.Error("two tables share a seed: equal keys would be chosen together")
	}
	other := &walk{plan: &plan.Plan{Seed: 2}}
	if w.seed(db.Tables[0]) == other.seed(db.Tables[0]) {
		t.Error("the user's seed changes nothing")
	}
}

// shelved is two tables with odd names, of which one references the other.
func shelved() *catalog.Database {
	users := &catalog.Table{OID: 1, Name: catalog.Name{Schema: "public", Name: "users"}, Readable: true, Columns: []catalog.Column{{Name: "id", NotNull: true}, {Name: "odd.name"}}}
	users.Keys = []catalog.Key{{Name: "users_pkey", Primary: true, Columns: []string{"id"}}}
	dotted := &catalog.Table{OID: 2, Name: catalog.Name{Schema: "my.schema", Name: "T a"}, Readable: true, Columns: []catalog.Column{{Name: "user"}}}
	for _, t := range []*catalog.Table{users, dotted} {
		t.Heaps = []*catalog.Heap{{OID: t.OID + 100, Name: t.Name, Table: t, Pages: 10}}
	}
	key := &catalog.ForeignKey{
		OID: 9, Name: "fk", Child: dotted, ChildRel: dotted.Name, ChildHeaps: dotted.Heaps, ChildColumns: []string{"user"},
		Parent: users, ParentRel: users.Name, ParentHeaps: users.Heaps, ParentColumns: []string{"id"}, Operators: []catalog.Operator{{Name: "pg_catalog.="}},
	}
	return &catalog.Database{Name: "shelf", Role: "me", Tables: []*catalog.Table{dotted, users}, ForeignKeys: []*catalog.ForeignKey{key}}
}
