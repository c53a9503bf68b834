package walk

import (
	"slices"
	"testing"
	"testing/quick"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// chained is a choice over one child whose parents form a chain of n rows
// that closes to a ring.
func chained(n int) (*choice, int32) {
	w, candidates := fixed(int64(n), 1, map[int][]int{0: {0}})
	for i := range n {
		w.look(parent(i), parent((i+1)%n))
	}
	c := newChoice(w, 1, candidates)
	c.prepare()
	return c, c.ids[0]
}

func TestFresh_FindsEveryAncestorOnceNearestFirst(t *testing.T) {
	for _, n := range []int{1, 2, 15, 16, 17, 100, mostAncestors - 1} {
		c, r := chained(n)
		for range 2 { // the second answer reuses the first one's memory
			fresh, ok := c.fresh(r)
			if !ok || len(fresh) != n {
				t.Fatalf("%d ancestors: %d found, ok %v", n, len(fresh), ok)
			}
			for i, got := range fresh {
				if c.w.seen.rows[got] != parent(i) {
					t.Fatalf("%d ancestors: position %d is wrong", n, i)
				}
			}
		}
	}
}

func TestFresh_GivesUpOnTooManyAncestors(t *testing.T) {
	c, r := chained(mostAncestors + 10)
	if _, ok := c.fresh(r); ok {
		t.Error("did not give up")
	}
	if c.run(1, 1_000_000) != 0 || c.w.kept.N != 0 {
		t.Error("kept it all the same")
	}
}

func TestFresh_StopsAtKeptRows(t *testing.T) {
	c, r := chained(50)
	c.w.look(parent(9))
	c.w.keepRow(parent(9))
	fresh, ok := c.fresh(r)
	if !ok || len(fresh) != 9 || slices.Contains(fresh, c.w.seen.id(parent(9))) {
		t.Errorf("%d rows, ok %v", len(fresh), ok)
	}
}

func TestSignature_DependsOnTheSetAlone(t *testing.T) {
	claim := func(rows []int32) bool {
		turned := slices.Clone(rows)
		slices.Reverse(turned)
		return signature(rows) == signature(turned) && signature(append(turned, 7)) != signature(rows)
	}
	if err := quick.Check(claim, nil); err != nil {
		t.Error(err)
	}
	if signature(nil) != 0 {
		t.Error("nothing has a signature")
	}
}

func TestChoice_CountsOverflowOfEveryTable(t *testing.T) {
	w, candidates := fixed(1, 1, map[int][]int{0: {0, 1, 2}})
	c := newChoice(w, 1, candidates)
	fresh, _ := c.fresh(c.ids[0])
	if over := c.overflow(fresh); over != 2 {
		t.Errorf("%d above the parents' target of 1, want 2", over)
	}
	w.plan.Tables[1].Target = 0
	if over := c.overflow(fresh); over != 3 {
		t.Errorf("%d above both targets, want 3", over)
	}
}

func TestChoice_TakesFreeCandidatesInTheOrderOfTheirHashes(t *testing.T) {
	w, candidates := fixed(1, 2, map[int][]int{0: {0}, 1: {-1}, 2: {}, 3: {}})
	newChoice(w, 1, candidates).run(2, 10)
	for i, want := range []bool{false, true, true, false} {
		if got := w.kept.Has(childRow(i)); got != want {
			t.Errorf("child %d kept: %v", i, got)
		}
	}
}

func TestChoice_ARowThatReferencesItselfIsFree(t *testing.T) {
	w, candidates := fixed(1, 1, map[int][]int{0: {}})
	w.look(childRow(0), childRow(0))
	if spent := newChoice(w, 1, candidates).run(1, 0); spent != 0 || w.tallies[1].Sampled != 1 {
		t.Errorf("spent %d, %+v", spent, w.tallies)
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

func TestUnknown_ListsEachRowOnceInOrder(t *testing.T) {
	w, candidates := fixed(3, 3, map[int][]int{0: {0}})
	w.kept.Add(parent(2))
	got := w.unknown([]snapshot.Row{childRow(2), parent(1), candidates[0].row, parent(1), parent(2), parent(0)})
	if want := []snapshot.Row{parent(1), childRow(2)}; !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestForget_KeepsWhatTheNextTableMayNeed(t *testing.T) {
	w, _ := fixed(3, 3, map[int][]int{0: {0}})
	if w.forget(); len(w.seen.rows) != 2 {
		t.Errorf("%d rows remembered, want 2", len(w.seen.rows))
	}
	w.gaveUp = true
	if w.forget(); len(w.seen.rows) != 0 || w.gaveUp {
		t.Error("remembers rows whose ancestors are not all known")
	}
}
