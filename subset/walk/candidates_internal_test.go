package walk

import (
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// children are candidates for rows of the second table, in this order.
func children(numbers ...int) []candidate {
	var all []candidate
	for hash, n := range numbers {
		all = append(all, candidate{row: childRow(n), hash: int64(hash)})
	}
	return all
}

func TestInOrder_HasEachRowOnceByItsHash(t *testing.T) {
	a, b, c := childRow(1), childRow(2), childRow(3)
	got := inOrder([]candidate{
		{b, 5, false}, {c, -1, true}, {a, 5, false}, {b, 5, true}, {a, 5, false}, {c, -1, false},
	})
	if want := []candidate{{c, -1, true}, {a, 5, false}, {b, 5, true}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := inOrder(nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestWant_AsksForMoreWhereNotAllWillBeFree(t *testing.T) {
	one := &table{driving: make([]*foreignKey, 1), tally: Tally{Sampled: 20}}
	two := &table{driving: make([]*foreignKey, 2), tally: Tally{Sampled: 20}}
	if a, b := one.want(80), two.want(80); a != 110 || b != 100*plan.Surplus {
		t.Errorf("%d and %d", a, b)
	}
	if need := (&table{tally: Tally{Sampled: 3, Forced: 4}}).need(10); need != 3+plan.FewCandidates {
		t.Errorf("need %d", need)
	}
}

func TestLeave_RemembersWhatIsNotKept(t *testing.T) {
	m, _ := fixed(t, 5, 5, map[int][]int{0: {}, 1: {}, 2: {}})
	s, table := &searcher{memory: m}, m.tables[1]
	m.keepRow(childRow(1))
	s.leave(table, children(0, 1, 2))
	if got := places(table.left); !slices.Equal(got, []snapshot.Row{childRow(0), childRow(2)}) {
		t.Errorf("%v", got)
	}
	// All tables together remember no more than that.
	m.tables[0].left = make([]candidate, mostRemembered-1)
	if s.leave(table, children(0, 2)); table.left != nil {
		t.Errorf("%d beside %d", len(table.left), mostRemembered-1)
	}
	if s.leave(table, children(0)); len(table.left) != 1 {
		t.Error("one more would have been remembered")
	}
}

func TestHasLeft_IsEnoughOrAllThatWouldCome(t *testing.T) {
	for name, c := range map[string]struct {
		how            plan.Strategy
		left           []candidate
		need, askedFor int64
		want           bool
	}{
		"nobody asked yet":              {plan.Whole, nil, 1, 0, false},
		"enough":                        {plan.Drive, children(0, 2), 2, 0, true},
		"one of them is kept by now":    {plan.Drive, children(0, 1), 2, 0, false},
		"as many were asked for before": {plan.Drive, children(0), 2, 2, true},
		"fewer were asked for before":   {plan.Drive, children(0), 3, 2, false},
		"there are no others":           {plan.Whole, children(0), 99, 0, true},
	} {
		m, _ := fixed(t, 5, 5, map[int][]int{0: {}, 1: {}, 2: {}})
		m.keepRow(childRow(1))
		table := m.tables[1]
		table.How, table.left, table.askedFor = c.how, c.left, c.askedFor
		if got := (&searcher{memory: m}).hasLeft(table, c.need); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestIsDecided_OnceTheParentsHadTheirTurn(t *testing.T) {
	p := twoTables(10, 10)
	p.Tables[0].How, p.Tables[1].How = plan.Blocks, plan.Drive
	p.Tables[1].Driving = p.ForeignKeys
	pass := p.Passes()[1]
	m := remembering(t, p)
	parents, children := m.tables[0], m.tables[1]
	if children.isDecided(parents, pass) {
		t.Error("while the parents have their turn")
	}
	if !children.isDecided(children, pass) {
		t.Error("not after it")
	}
	if !parents.isDecided(parents, pass) {
		t.Error("what is found in blocks depends on nobody")
	}
	parents.tally.Forced = 10
	if !children.isDecided(parents, pass) {
		t.Error("the parents have all their rows")
	}
	parents.tally.Forced, parents.How = 0, plan.Every
	if !children.isDecided(parents, pass) {
		t.Error("the parents take no turns")
	}
}

func TestOfferedInVain_UnlessThereIsAnAllowanceToSpeakOf(t *testing.T) {
	lacking := &table{TablePlan: &plan.TablePlan{Target: 100}, tally: Tally{Sampled: 40}, offered: true}
	if !lacking.offeredInVain(5) || lacking.offeredInVain(6) {
		t.Error("6 of 60 are enough, 5 are not")
	}
	if lacking.offered = false; lacking.offeredInVain(0) {
		t.Error("it was offered nothing")
	}
}

func TestByHeap_SplitsSortedRows(t *testing.T) {
	m := remembering(t, twoTables(1, 1))
	split := m.byHeap([]snapshot.Row{parent(1), parent(2), childRow(0)})
	if len(split) != 2 || split[0].heap != m.heaps[0] || len(split[0].rows) != 2 || split[1].heap != m.heaps[1] {
		t.Errorf("%v", split)
	}
	if len(m.byHeap(nil)) != 0 {
		t.Error("no rows lie in a heap")
	}
}

func TestAreFull_CountsTheTablesTogether(t *testing.T) {
	m := remembering(t, twoTables(10, 20))
	w := &walk{searcher: &searcher{memory: m}}
	m.tables[0].tally.Sampled, m.tables[1].tally.Forced = 25, 4
	if w.areFull([]int{0, 1}) || !w.areFull([]int{0}) || w.areFull([]int{1}) {
		t.Error("29 of 30 rows")
	}
	if m.tables[1].tally.Forced++; !w.areFull([]int{0, 1}) {
		t.Error("30 of 30 rows")
	}
}

func TestResult_KnowsNothingOfHeapsThatAreNotPlanned(t *testing.T) {
	m, _ := fixed(t, 5, 5, map[int][]int{0: {0, -1}})
	m.keepRow(childRow(0))
	r := newResult(m)
	children := m.tables[1].Table
	if got := r.Of(children.Heaps[0]); !slices.Equal(got, []snapshot.Row{childRow(0)}) || r.Rows != 2 {
		t.Errorf("%v of %d rows", got, r.Rows)
	}
	if got := r.Of(&catalog.Heap{OID: 99}); got != nil {
		t.Errorf("%v", got)
	}
	if got := r.Table(children); got.Rows() != 1 || got.Sampled != 1 || r.Tables[0].By[0] != 1 {
		t.Errorf("%+v", r.Tables)
	}
	if r.Keys[0] != (References{Rows: 2, Dangling: 1}) {
		t.Errorf("%+v", r.Keys)
	}
}
