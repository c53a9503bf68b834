package walk

import (
	"slices"
	"testing"
	"testing/quick"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestRow_HoldsEveryPlaceOfAHeap(t *testing.T) {
	claim := func(heap uint16, block uint32, item uint16) bool {
		at := pgtype.TID{BlockNumber: block, OffsetNumber: 1 + item%1169, Valid: true}
		r := snapshot.MakeRow(int(heap), at)
		return r != snapshot.Nowhere && r.Heap() == int(heap) && r.TID() == at
	}
	if err := quick.Check(claim, nil); err != nil {
		t.Error(err)
	}
	last := snapshot.MakeRow(snapshot.MostHeaps-1, pgtype.TID{BlockNumber: 1<<32 - 2, OffsetNumber: 4095})
	if last.Heap() != snapshot.MostHeaps-1 || last.TID().BlockNumber != 1<<32-2 {
		t.Errorf("%d %v", last.Heap(), last.TID())
	}
}

func TestRow_SortsByHeapThenPlace(t *testing.T) {
	place := func(heap int, block uint32, item uint16) snapshot.Row {
		return snapshot.MakeRow(heap, pgtype.TID{BlockNumber: block, OffsetNumber: item})
	}
	rows := []snapshot.Row{place(0, 0, 1), place(0, 0, 2), place(0, 1, 1), place(1, 0, 1)}
	if !slices.IsSorted(rows) {
		t.Errorf("%v", rows)
	}
	if got, want := string(snapshot.TIDArray(rows[:2])), `{"(0,1)","(0,2)"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// fixed is a walk over two tables, parents and children, whose edges are
// known: no server is asked.
func fixed(parentTarget, childTarget int64, parentsOf map[int][]int) (*walk, []candidate) {
	w := &walk{
		plan: &plan.Plan{
			Tables:      []plan.TablePlan{{Target: parentTarget}, {Target: childTarget}},
			ForeignKeys: []*catalog.ForeignKey{{Name: "key"}},
		},
		table: []int{0, 1},

		directories: make([]*directory, 2),
		named:       make([]*directory, 1),

		seen:     &seen{},
		left:     make([][]candidate, 2),
		kept:     snapshot.NewRowSet(2),
		sampled:  snapshot.NewRowSet(2),
		tallies:  []Tally{{By: map[int]int64{}}, {By: map[int]int64{}}},
		keyTally: make([]Tie, 1),
	}
	var candidates []candidate
	for child := range len(parentsOf) {
		var parents []snapshot.Row
		for _, p := range parentsOf[child] {
			parents = append(parents, parent(p))
			if p >= 0 {
				w.look(parent(p))
			}
		}
		w.look(childRow(child), parents...)
		candidates = append(candidates, candidate{row: childRow(child), hash: int64(child)})
	}
	return w, candidates
}

// look records what a row references.
func (w *walk) look(child snapshot.Row, parents ...snapshot.Row) {
	var edges []edge
	for _, p := range parents {
		edges = w.lead(edges, reference{at: p}, 0)
	}
	w.seen.look(w.seen.id(child), edges)
}

// keepRow keeps a row by its place.
func (w *walk) keepRow(r snapshot.Row) []int32 { return w.keep(w.seen.id(r)) }

func parent(i int) snapshot.Row {
	if i < 0 {
		return snapshot.Nowhere
	}
	return snapshot.MakeRow(0, pgtype.TID{OffsetNumber: uint16(i + 1)})
}

func childRow(i int) snapshot.Row {
	return snapshot.MakeRow(1, pgtype.TID{OffsetNumber: uint16(i + 1)})
}

func TestChoice_TakesCandidatesWithKeptParentsFirst(t *testing.T) {
	w, candidates := fixed(2, 2, map[int][]int{0: {0}, 1: {1}, 2: {1}})
	w.keepRow(parent(1))
	if spent := newChoice(w, 1, candidates).run(2, 100); spent != 0 {
		t.Errorf("spent %d", spent)
	}
	for i, want := range []bool{false, true, true} {
		if got := w.kept.Has(childRow(i)); got != want {
			t.Errorf("child %d kept: %v", i, got)
		}
	}
}

func TestChoice_StopsWhereTheAllowanceEnds(t *testing.T) {
	w, candidates := fixed(1, 4, map[int][]int{0: {0}, 1: {1}, 2: {2}, 3: {3}})
	if spent := newChoice(w, 1, candidates).run(4, 1); spent != 1 {
		t.Errorf("spent %d, want 1", spent)
	}
	// One parent within its target, one above it.
	if w.tallies[0].Forced != 2 || w.tallies[1].Sampled != 2 {
		t.Errorf("%+v", w.tallies)
	}
}

func TestChoice_PrefersParentsThatManyCandidatesShare(t *testing.T) {
	w, candidates := fixed(0, 3, map[int][]int{0: {0}, 1: {1}, 2: {2}, 3: {2}, 4: {2}})
	if spent := newChoice(w, 1, candidates).run(3, 1); spent != 1 {
		t.Errorf("spent %d", spent)
	}
	if !w.kept.Has(parent(2)) || w.tallies[1].Sampled != 3 {
		t.Errorf("%+v", w.tallies)
	}
}

func TestChoice_LeavesCandidatesWhoseAncestorsAreUnknown(t *testing.T) {
	w, candidates := fixed(5, 2, map[int][]int{0: {0}, 1: {1}})
	w.seen.spans[w.seen.id(parent(0))] = unseen
	newChoice(w, 1, candidates).run(2, 10)
	if w.kept.Has(childRow(0)) || w.broken || w.tallies[1].Sampled != 1 {
		t.Errorf("%+v", w.tallies)
	}
}

func TestKeep_FollowsCyclesAndCountsDanglingRows(t *testing.T) {
	w, _ := fixed(5, 5, map[int][]int{0: {0, 1, -1}})
	w.look(parent(0), childRow(0), parent(1))
	if kept := w.keepRow(childRow(0)); len(kept) != 2 {
		t.Errorf("kept %v along with it", kept)
	}
	if w.broken || w.keyTally[0] != (Tie{Rows: 5, Dangling: 1}) {
		t.Errorf("%+v, broken %v", w.keyTally, w.broken)
	}
	if again := w.keepRow(childRow(0)); again != nil || w.tallies[1].Sampled != 1 {
		t.Errorf("kept twice: %v", again)
	}
}

func TestKeep_NoticesRowsThatWereNeverLookedAt(t *testing.T) {
	w, _ := fixed(5, 5, nil)
	w.keepRow(parent(3))
	if !w.broken {
		t.Error("not noticed")
	}
}
