package walk

import (
	"testing"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// withNames is a walk over two tables of which the first one's rows have
// names.
func withNames() *walk {
	w, _ := fixed(10, 10, nil)
	w.directories[0] = &directory{heap: 0, column: "id", kept: roaring64.New(), sampled: roaring64.New()}
	w.named[0] = w.directories[0]
	return w
}

func TestMeet_KnowsARowThatWasNamedBefore(t *testing.T) {
	w := withNames()
	edges := w.refer(nil, 7, 0)
	if id := edges[0].to; !isElsewhere(w.seen.rows[id]) || w.tableOf(w.seen.rows[id]) != 0 || !w.seen.fresh(edges[0]) {
		t.Fatalf("%+v", edges)
	}
	if id := w.meet(parent(3), 7); id != edges[0].to || w.seen.rows[id] != parent(3) || w.seen.id(parent(3)) != id {
		t.Errorf("id %d of %+v", id, w.seen.rows)
	}
	if again := w.refer(nil, 7, 0); again[0].to != edges[0].to {
		t.Errorf("%+v and %+v", edges, again)
	}
}

func TestRefer_KnowsARowThatWasMetBefore(t *testing.T) {
	w := withNames()
	id := w.meet(parent(3), -7)
	if edges := w.refer(nil, -7, 0); edges[0].to != id {
		t.Errorf("%+v, want %d", edges, id)
	}
	if other := w.meet(childRow(4), 0); w.seen.id(childRow(4)) != other {
		t.Errorf("a row without a name is %d", other)
	}
}

func TestRefer_KnowsKeptRowsThatWereForgotten(t *testing.T) {
	w := withNames()
	for i, key := range []int64{0, -1, 1 << 62} {
		id := w.meet(parent(i), key)
		w.seen.look(id, nil)
		w.keep(id)
	}
	for range mostRemembered {
		w.seen.add(parent(100), 100)
	}
	w.forget()
	if w.directories[0].ids.n != 0 {
		t.Fatalf("%d names remembered", w.directories[0].ids.n)
	}
	for key, want := range map[int64]bool{0: true, -1: true, 1 << 62: true, 1: false} {
		if edges := w.refer(nil, key, 0); (edges[0].to == toKept) != want {
			t.Errorf("row %d: %+v", key, edges)
		}
	}
}

func TestRecord_TellsNamesThatNobodyHas(t *testing.T) {
	w := withNames()
	w.heaps, w.keys = make([]*catalog.Heap, 2), make([]heapKeys, 2)
	edges := append(w.refer(nil, 1, 0), w.refer(nil, 2, 0)...)
	found := &links{w: w, heap: 0, ids: []int32{edges[0].to, edges[1].to}, children: []snapshot.Row{parent(0)}, names: []int64{2}}
	if next := found.record(nil); len(next) != 0 {
		t.Errorf("%d rows to look up", len(next))
	}
	if !w.seen.dangles(edges[0]) || w.seen.fresh(edges[0]) || w.seen.dangles(edges[1]) || !w.seen.fresh(edges[1]) {
		t.Errorf("%+v", w.seen.rows)
	}
	w.seen.look(w.seen.id(childRow(0)), edges)
	w.keep(w.seen.id(childRow(0)))
	if w.keyTally[0] != (Tie{Rows: 2, Dangling: 1}) || w.tallies[0].Forced != 1 || w.broken {
		t.Errorf("%+v, %+v", w.keyTally, w.tallies)
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

func TestMayName_AsksForAValidatedIntegerOfOneHeap(t *testing.T) {
	for what, change := range map[string]func(*catalog.ForeignKey){
		"":                 func(*catalog.ForeignKey) {},
		"declared only":    func(k *catalog.ForeignKey) { k.OID = 0 },
		"not validated":    func(k *catalog.ForeignKey) { k.Validated = false },
		"a condition":      func(k *catalog.ForeignKey) { k.When = "true" },
		"two columns":      func(k *catalog.ForeignKey) { k.ParentColumns = []string{"id", "id"} },
		"text":             func(k *catalog.ForeignKey) { k.Child.Columns[0].Type = "text" },
		"several heaps":    func(k *catalog.ForeignKey) { k.Parent.Heaps = append(k.Parent.Heaps, &catalog.Heap{OID: 9}) },
		"NULL":             func(k *catalog.ForeignKey) { k.Parent.Columns[0].NotNull = false },
		"a domain's value": func(k *catalog.ForeignKey) { k.Parent.Columns[0].Type = "public.id" },
	} {
		p := &catalog.Table{Columns: []catalog.Column{{Name: "id", Type: "bigint", NotNull: true}}, Heaps: []*catalog.Heap{{OID: 1}}}
		c := &catalog.Table{Columns: []catalog.Column{{Name: "p", Type: "integer"}}, Heaps: []*catalog.Heap{{OID: 2}}}
		k := &catalog.ForeignKey{
			OID: 3, Validated: true, Parent: p, Child: c, ParentHeaps: p.Heaps, ChildHeaps: c.Heaps,
			ParentColumns: []string{"id"}, ChildColumns: []string{"p"}, Operators: []catalog.Operator{{Name: "pg_catalog.="}},
		}
		change(k)
		w := &walk{plan: &plan.Plan{ForeignKeys: []*catalog.ForeignKey{k}}, number: map[uint32]int{1: 0, 2: 1, 9: 2}, keys: make([]heapKeys, 3)}
		if got := w.mayName(k); got != (what == "") {
			t.Errorf("%q: %v", what, got)
		}
	}
}
