package subset

import (
	"slices"
	"testing"
	"testing/quick"
)

// chained is a choice over one child whose parents form a chain of n rows
// that closes to a ring.
func chained(n int) (*choice, row) {
	w, candidates := fixed(int64(n), 1, map[int][]int{0: {0}})
	for i := range n {
		w.edges[parent(i)] = []edge{{parent((i + 1) % n), 0}}
	}
	return newChoice(w, 1, candidates), candidates[0].row
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
				if got != parent(i) {
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
	if c.run(1, 1_000_000) != 0 || len(c.w.kept) != 0 {
		t.Error("kept it all the same")
	}
}

func TestFresh_StopsAtKeptRows(t *testing.T) {
	c, r := chained(50)
	c.w.edges[parent(9)] = nil
	c.w.keep(parent(9))
	fresh, ok := c.fresh(r)
	if !ok || len(fresh) != 9 || slices.Contains(fresh, parent(9)) {
		t.Errorf("%d rows, ok %v", len(fresh), ok)
	}
}

func TestSignature_DependsOnTheSetAlone(t *testing.T) {
	claim := func(raw []uint64) bool {
		rows := make([]row, len(raw))
		for i, r := range raw {
			rows[i] = row(r)
		}
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
	fresh, _ := c.fresh(candidates[0].row)
	if over := c.overflow(fresh); over != 2 {
		t.Errorf("%d above the parents' target of 1, want 2", over)
	}
	w.plan.Tables[1].Target = 0
	if over := c.overflow(fresh); over != 3 {
		t.Errorf("%d above both targets, want 3", over)
	}
}

func TestChoice_DoesTheSameWhateverTheOrderOfCandidates(t *testing.T) {
	parentsOf := map[int][]int{0: {0}, 1: {1}, 2: {2}, 3: {3}, 4: {2}, 5: {0, 1}}
	w, candidates := fixed(2, 3, parentsOf)
	newChoice(w, 1, candidates).run(3, 1)
	again, reversed := fixed(2, 3, parentsOf)
	slices.Reverse(reversed)
	newChoice(again, 1, reversed).run(3, 1)
	for r := range w.kept {
		if _, ok := again.kept[r]; !ok {
			t.Errorf("row %x is kept only in one order", uint64(r))
		}
	}
	if len(w.kept) != len(again.kept) {
		t.Errorf("%d and %d rows", len(w.kept), len(again.kept))
	}
}

func TestUnknown_ListsEachRowOnceInOrder(t *testing.T) {
	w, candidates := fixed(3, 3, map[int][]int{0: {0}})
	w.kept[parent(2)] = sampled
	got := w.unknown([]row{childRow(2), parent(1), candidates[0].row, parent(1), parent(2), parent(0)})
	if want := []row{parent(1), childRow(2)}; !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestForget_KeepsWhatTheNextTableMayNeed(t *testing.T) {
	w, _ := fixed(3, 3, map[int][]int{0: {0}})
	if w.forget(); len(w.edges) != 2 {
		t.Errorf("%d rows remembered, want 2", len(w.edges))
	}
	w.gaveUp = true
	if w.forget(); len(w.edges) != 0 || w.gaveUp {
		t.Error("remembers rows whose ancestors are not all known")
	}
}
