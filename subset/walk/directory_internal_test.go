package walk

import (
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// withKeys is a memory of two tables of which the first one's rows are known by
// a key.
func withKeys(t *testing.T) *memory {
	t.Helper()
	return remembering(t, byInteger(twoTables(10, 10)))
}

func TestIntern_KnowsARowWhoseKeyWasSeenBefore(t *testing.T) {
	m := withKeys(t)
	edges := m.edgeByKey(nil, 7, m.foreignKeys[0])
	row := m.seen.rows[edges[0].to]
	if !isElsewhere(row) || m.tableOf(row) != m.tables[0] || !m.seen.fresh(edges[0]) {
		t.Fatalf("%+v", edges)
	}
	if id := m.intern(parent(3), 7); id != edges[0].to || m.seen.rows[id] != parent(3) || m.seen.id(parent(3)) != id {
		t.Errorf("id %d of %+v", id, m.seen.rows)
	}
	if again := m.edgeByKey(nil, 7, m.foreignKeys[0]); again[0].to != edges[0].to {
		t.Errorf("%+v and %+v", edges, again)
	}
}

func TestEdgeByKey_KnowsARowThatWasSeenBefore(t *testing.T) {
	m := withKeys(t)
	id := m.intern(parent(3), -7)
	if edges := m.edgeByKey(nil, -7, m.foreignKeys[0]); edges[0].to != id {
		t.Errorf("%+v, want %d", edges, id)
	}
	if other := m.intern(childRow(4), 0); m.seen.id(childRow(4)) != other {
		t.Errorf("a row without a key is %d", other)
	}
}

func TestEdgeByKey_KnowsKeptRowsThatWereForgotten(t *testing.T) {
	m := withKeys(t)
	for i, key := range []int64{0, -1, 1 << 62} {
		id := m.intern(parent(i), key)
		m.seen.look(id, nil)
		m.keep(id)
	}
	for range mostRemembered {
		m.seen.add(parent(100), 100)
	}
	m.forget()
	if m.heaps[0].directory.ids.n != 0 {
		t.Fatalf("%d keys remembered", m.heaps[0].directory.ids.n)
	}
	for key, want := range map[int64]bool{0: true, -1: true, 1 << 62: true, 1: false} {
		if edges := m.edgeByKey(nil, key, m.foreignKeys[0]); (edges[0].to == toKept) != want {
			t.Errorf("row %d: %+v", key, edges)
		}
	}
}

func TestRecord_KnowsKeysThatNobodyHas(t *testing.T) {
	m := withKeys(t)
	edges := append(m.edgeByKey(nil, 1, m.foreignKeys[0]), m.edgeByKey(nil, 2, m.foreignKeys[0])...)
	found := &links{heap: m.heaps[0], ids: []int32{edges[0].to, edges[1].to}, children: []child{{parent(0), 2}}}
	if next := found.record(m, nil); len(next) != 0 {
		t.Errorf("%d rows to look up", len(next))
	}
	if !m.seen.dangles(edges[0]) || m.seen.fresh(edges[0]) || m.seen.dangles(edges[1]) || !m.seen.fresh(edges[1]) {
		t.Errorf("%+v", m.seen.rows)
	}
	m.seen.look(m.seen.id(childRow(0)), edges)
	m.keep(m.seen.id(childRow(0)))
	if m.foreignKeys[0].references != (References{Rows: 2, Dangling: 1}) || m.tables[0].tally.Forced != 1 || m.broken {
		t.Errorf("%+v, %+v", m.foreignKeys[0].references, m.tables[1].tally)
	}
}

func TestInteger_ReadsEachWidth(t *testing.T) {
	for want, bytes := range map[int64][]byte{
		-2:      {0xff, 0xfe},
		1 << 20: {0, 0x10, 0, 0},
		-1:      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if got := integer(bytes); got != want {
			t.Errorf("%x: %d", bytes, got)
		}
	}
}

func TestHoldsKey_AsksForAValidatedIntegerOfOneHeap(t *testing.T) {
	for what, change := range map[string]func(*catalog.ForeignKey){
		"":              func(*catalog.ForeignKey) {},
		"declared only": func(k *catalog.ForeignKey) { k.OID = 0 },
		"not validated": func(k *catalog.ForeignKey) { k.Validated = false },
		"a condition":   func(k *catalog.ForeignKey) { k.When = "true" },
		"two columns":   func(k *catalog.ForeignKey) { k.ParentColumns = []string{"id", "id"} },
		"text":          func(k *catalog.ForeignKey) { k.Child.Columns[0].Type = "text" },
		"several heaps": func(k *catalog.ForeignKey) {
			k.Parent.Heaps = append(k.Parent.Heaps, &catalog.Heap{OID: 9})
		},
		"NULL":             func(k *catalog.ForeignKey) { k.Parent.Columns[0].NotNull = false },
		"a domain's value": func(k *catalog.ForeignKey) { k.Parent.Columns[0].Type = "public.id" },
	} {
		p := byInteger(twoTables(1, 1))
		change(p.ForeignKeys[0])
		m := remembering(t, p)
		if got := m.foreignKeys[0].directory != nil; got != (what == "") {
			t.Errorf("%q: %v", what, got)
		}
	}
}

// Where a key may lead to several rows, the value alone does not say which.
func TestHoldsKey_AsksThatNoKeyAroundIsAmbiguous(t *testing.T) {
	for name, c := range map[string]struct {
		change func(other *catalog.ForeignKey, elsewhere *catalog.Table)
		want   bool
	}{
		"one of other tables": {func(o *catalog.ForeignKey, elsewhere *catalog.Table) {
			o.OID, o.Parent, o.ParentHeaps, o.Child, o.ChildHeaps = 0, elsewhere, nil, elsewhere, nil
		}, true},
		"one that is sure":   {func(*catalog.ForeignKey, *catalog.Table) {}, true},
		"one to the parents": {func(o *catalog.ForeignKey, _ *catalog.Table) { o.OID = 0 }, false},
		"one of the parents": {func(o *catalog.ForeignKey, elsewhere *catalog.Table) {
			o.OID, o.Child, o.ChildHeaps, o.Parent, o.ParentHeaps = 0, o.Parent, nil, elsewhere, nil
		}, false},
	} {
		p := byInteger(twoTables(1, 1))
		other := *p.ForeignKeys[0]
		c.change(&other, &catalog.Table{Name: catalog.Name{Schema: "s", Name: "elsewhere"}})
		p.ForeignKeys = append(p.ForeignKeys, &other)
		if got := remembering(t, p).foreignKeys[0].directory != nil; got != c.want {
			t.Errorf("%s: known by the key: %v", name, got)
		}
	}
}
