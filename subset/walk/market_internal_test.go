package walk

import (
	"slices"
	"testing"
	"testing/quick"
)

// chained is a market of one child whose parents form a chain of n rows
// that closes to a ring.
func chained(t *testing.T, n int) (*market, int32) {
	m, candidates := fixed(t, int64(n), 1, map[int][]int{0: {0}})
	for i := range n {
		m.saw(parent(i), parent((i+1)%n))
	}
	c := newMarket(m, m.tables[1], candidates)
	c.prepare()
	return c, c.ids[0]
}

func TestFresh_FindsEveryAncestorOnceNearestFirst(t *testing.T) {
	for _, n := range []int{1, 2, 15, 16, 17, 100, mostAncestors - 1} {
		c, r := chained(t, n)
		for range 2 { // the second answer reuses the first one's memory
			fresh, ok := c.fresh(r)
			if !ok || len(fresh) != n {
				t.Fatalf("%d ancestors: %d found, ok %v", n, len(fresh), ok)
			}
			for i, got := range fresh {
				if c.seen.rows[got] != parent(i) {
					t.Fatalf("%d ancestors: position %d is wrong", n, i)
				}
			}
		}
	}
}

func TestFresh_GivesUpOnTooManyAncestors(t *testing.T) {
	c, r := chained(t, mostAncestors+10)
	if _, ok := c.fresh(r); ok {
		t.Error("did not give up")
	}
	if c.run(1, 1_000_000) != 0 || c.kept.N != 0 {
		t.Error("kept it all the same")
	}
}

func TestFresh_StopsAtKeptRows(t *testing.T) {
	c, r := chained(t, 50)
	c.saw(parent(9))
	c.keepRow(parent(9))
	fresh, ok := c.fresh(r)
	if !ok || len(fresh) != 9 || slices.Contains(fresh, c.seen.id(parent(9))) {
		t.Errorf("%d rows, ok %v", len(fresh), ok)
	}
}

func TestSignature_DependsOnTheSetAlone(t *testing.T) {
	claim := func(rows []int32) bool {
		turned := slices.Clone(rows)
		slices.Reverse(turned)
		return signature(rows...) == signature(turned...) && signature(append(turned, 7)...) != signature(rows...)
	}
	if err := quick.Check(claim, nil); err != nil {
		t.Error(err)
	}
	if signature() != 0 {
		t.Error("nothing has a signature")
	}
}

func TestMarket_CountsOverflowOfEveryTable(t *testing.T) {
	m, candidates := fixed(t, 1, 1, map[int][]int{0: {0, 1, 2}})
	c := newMarket(m, m.tables[1], candidates)
	fresh, _ := c.fresh(c.ids[0])
	if over := c.overflow(fresh); over != 2 {
		t.Errorf("%d above the parents' target of 1, want 2", over)
	}
	m.tables[1].Target = 0
	if over := c.overflow(fresh); over != 3 {
		t.Errorf("%d above both targets, want 3", over)
	}
}

func TestMarket_TakesFreeCandidatesInTheOrderOfTheirHashes(t *testing.T) {
	m, candidates := fixed(t, 1, 2, map[int][]int{0: {0}, 1: {-1}, 2: {}, 3: {}})
	newMarket(m, m.tables[1], candidates).run(2, 10)
	for i, want := range []bool{false, true, true, false} {
		if got := m.kept.Has(childRow(i)); got != want {
			t.Errorf("child %d kept: %v", i, got)
		}
	}
}

func TestMarket_ARowThatReferencesItselfIsFree(t *testing.T) {
	m, candidates := fixed(t, 1, 1, map[int][]int{0: {}})
	m.saw(childRow(0), childRow(0))
	if spent := newMarket(m, m.tables[1], candidates).run(1, 0); spent != 0 || m.tables[1].tally.Sampled != 1 {
		t.Errorf("spent %d, %+v", spent, m.tables[1].tally)
	}
}

func TestSharing_TurnsNeedsAround(t *testing.T) {
	needs := [][]int32{{0, 2}, {}, {2, 3}, {2}}
	s := shared(5, len(needs), func(i int) []int32 { return needs[i] })
	for id, want := range [][]int32{{0}, {}, {0, 2, 3}, {2}, {}} {
		if got := s.of(int32(id)); !slices.Equal(got, want) {
			t.Errorf("row %d is needed by %v, want %v", id, got, want)
		}
	}
}

func TestMarket_TakesCandidatesWithKeptParentsFirst(t *testing.T) {
	m, candidates := fixed(t, 2, 2, map[int][]int{0: {0}, 1: {1}, 2: {1}})
	m.keepRow(parent(1))
	if spent := newMarket(m, m.tables[1], candidates).run(2, 100); spent != 0 {
		t.Errorf("spent %d", spent)
	}
	for i, want := range []bool{false, true, true} {
		if got := m.kept.Has(childRow(i)); got != want {
			t.Errorf("child %d kept: %v", i, got)
		}
	}
}

func TestMarket_StopsWhereTheAllowanceEnds(t *testing.T) {
	m, candidates := fixed(t, 1, 4, map[int][]int{0: {0}, 1: {1}, 2: {2}, 3: {3}})
	if spent := newMarket(m, m.tables[1], candidates).run(4, 1); spent != 1 {
		t.Errorf("spent %d, want 1", spent)
	}
	// One parent within its target, one above it.
	if m.tables[0].tally.Forced != 2 || m.tables[1].tally.Sampled != 2 {
		t.Errorf("%+v", m.tables[1].tally)
	}
}

func TestMarket_PrefersParentsThatManyCandidatesShare(t *testing.T) {
	m, candidates := fixed(t, 0, 3, map[int][]int{0: {0}, 1: {1}, 2: {2}, 3: {2}, 4: {2}})
	if spent := newMarket(m, m.tables[1], candidates).run(3, 1); spent != 1 {
		t.Errorf("spent %d", spent)
	}
	if !m.kept.Has(parent(2)) || m.tables[1].tally.Sampled != 3 {
		t.Errorf("%+v", m.tables[1].tally)
	}
}

func TestMarket_LeavesCandidatesWhoseAncestorsAreUnknown(t *testing.T) {
	m, candidates := fixed(t, 5, 2, map[int][]int{0: {0}, 1: {1}})
	m.seen.spans[m.seen.id(parent(0))] = unseen
	newMarket(m, m.tables[1], candidates).run(2, 10)
	if m.kept.Has(childRow(0)) || m.broken || m.tables[1].tally.Sampled != 1 {
		t.Errorf("%+v", m.tables[1].tally)
	}
}
