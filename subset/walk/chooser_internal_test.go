package walk

import (
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// choosing is a chooser for the children of a memory.
func choosing(m *memory, goal int64, candidates []candidate) *chooser {
	return &chooser{memory: m, table: m.tables[1], goal: goal, candidates: candidates}
}

// keptOf lists which of the first children are kept.
func keptOf(m *memory, n int) []int {
	var kept []int
	for i := range n {
		if m.kept.Has(childRow(i)) {
			kept = append(kept, i)
		}
	}
	return kept
}

func TestTakeFree_TakesTheLowestHashesThatBringNothingAlong(t *testing.T) {
	m, candidates := fixed(t, 5, 5, map[int][]int{0: {1}, 1: {0}, 2: {-1}, 3: {0}, 4: {0}})
	m.keepRow(parent(0))
	c := choosing(m, 3, candidates)
	c.takeFree()
	if got := keptOf(m, 5); !slices.Equal(got, []int{1, 2, 3}) || len(c.waiting) != 0 || c.missing() != 0 {
		t.Errorf("kept %v, %d wait, %d missing", got, len(c.waiting), c.missing())
	}
}

// Of four rows found without regard to parents one references nothing: so may
// one of four that are kept, and others only where nothing else is left.
func TestTakeFree_HasRowsThatReferenceNothingWait(t *testing.T) {
	m, _ := fixed(t, 5, 9, map[int][]int{0: {}, 1: {0}, 2: {0}, 3: {1}, 4: {}, 5: {}})
	m.keepRow(parent(0))
	candidates := children(0, 4, 5, 1, 2, 3)
	for _, plain := range []int{0, 3, 4, 5} {
		candidates[plain].plain = true
	}
	c := choosing(m, 4, candidates)
	c.takeFree()
	if got := keptOf(m, 6); !slices.Equal(got, []int{0, 1, 2}) || len(c.waiting) != 2 {
		t.Errorf("kept %v, %d wait", got, len(c.waiting))
	}
	c.takeWaiting()
	if got := keptOf(m, 6); !slices.Equal(got, []int{0, 1, 2, 4}) {
		t.Errorf("kept %v in the end", got)
	}
}

func TestTakeFree_KnowsNoSharesWhereAllWereFoundByTheirParents(t *testing.T) {
	m, candidates := fixed(t, 5, 9, map[int][]int{0: {}, 1: {}, 2: {}})
	c := choosing(m, 2, candidates)
	c.takeFree()
	if got := keptOf(m, 3); !slices.Equal(got, []int{0, 1}) || c.quotas() != nil {
		t.Errorf("kept %v, quotas %v", got, c.quotas())
	}
}

// Each of a hundred candidates needs a parent of its own, the last ten one
// together.
func TestShortlist_PrefersParentsThatManyShare(t *testing.T) {
	needs := map[int][]int{}
	for i := range 110 {
		needs[i] = []int{min(i, 100)}
	}
	m, candidates := fixed(t, 0, 200, needs)
	c := choosing(m, 2, candidates)
	short := c.shortlist(1000)
	if want := 2 + 1 + plan.FewCandidates; len(short) != want {
		t.Fatalf("%d on the list, want %d", len(short), want)
	}
	if !slices.IsSortedFunc(short, func(a, b candidate) int { return int(a.hash - b.hash) }) {
		t.Error("not in the order of the hashes")
	}
	shared := slices.IndexFunc(short, func(c candidate) bool { return c.row == childRow(100) })
	first, last := short[0].row, short[len(short)-1].row
	if shared < 0 || first != childRow(0) || last != childRow(109) {
		t.Errorf("the shared ones begin at %d of %d", shared, len(short))
	}
}

func TestShortlist_LeavesOutWhatIsFreeKeptOrUnknown(t *testing.T) {
	m, candidates := fixed(t, 5, 9, map[int][]int{0: {0}, 1: {1}, 2: {}, 3: {2}})
	m.keepRow(childRow(1))
	m.seen.spans[m.seen.id(childRow(3))] = unseen
	short := choosing(m, 5, append(candidates, children(7)...)).shortlist(100)
	if got := places(short); !slices.Equal(got, []snapshot.Row{childRow(0)}) {
		t.Errorf("%v", got)
	}
}

func TestExpectedPrices_CountWhatParentsAreExpectedToCost(t *testing.T) {
	p := twoTables(0, 5)
	p.Tables[0].Rows = 100
	m := remembering(t, p)
	m.tables[0].tally.Forced = 25
	if got, want := m.expectedPrices(), []float64{1, plan.RoomCost + 0.75}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	p.ForeignKeys[0].Nullable = true // such a row may reference nothing
	if got, want := m.expectedPrices(), []float64{1, plan.RoomCost}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestBehind_IsWhatCandidatesReferenceAndIsNotKept(t *testing.T) {
	m, candidates := fixed(t, 5, 5, map[int][]int{0: {0, 1, -1}, 1: {2}})
	m.keepRow(parent(1))
	got := m.behind(append(candidates, children(9)...))
	if want := []int32{m.seen.id(parent(0)), m.seen.id(parent(2))}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDirect_LeavesOutTheRowItself(t *testing.T) {
	m, candidates := fixed(t, 9, 9, map[int][]int{0: {0}, 1: {}})
	c := &chooser{memory: m, table: m.tables[1]}
	prices := []float64{2, 5}
	itself := m.seen.id(candidates[1].row)
	m.seen.look(itself, []edge{{to: itself}})
	if needs, cost := c.direct(itself, prices); needs != 0 || cost != 0 {
		t.Errorf("a row that references itself costs %v", cost)
	}
	id := m.seen.id(candidates[0].row)
	if needs, cost := c.direct(id, prices); needs != signature(m.seen.id(parent(0))) || cost != 2 {
		t.Errorf("a row with a parent costs %v", cost)
	}
	m.keepRow(parent(0))
	if _, cost := c.direct(id, prices); cost != 0 {
		t.Errorf("a row with a kept parent costs %v", cost)
	}
}
