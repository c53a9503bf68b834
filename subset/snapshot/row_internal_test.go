package snapshot

import (
	"slices"
	"testing"
	"testing/quick"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestRow_HoldsEveryPlaceOfAHeap(t *testing.T) {
	claim := func(heap uint16, block uint32, item uint16) bool {
		at := pgtype.TID{BlockNumber: block, OffsetNumber: 1 + item%1169, Valid: true}
		r := MakeRow(int(heap), at)
		return r != Nowhere && r.Heap() == int(heap) && r.TID() == at
	}
	if err := quick.Check(claim, nil); err != nil {
		t.Error(err)
	}
	last := MakeRow(MostHeaps-1, pgtype.TID{BlockNumber: 1<<32 - 2, OffsetNumber: 4095})
	if last.Heap() != MostHeaps-1 || last.TID().BlockNumber != 1<<32-2 {
		t.Errorf("%d %v", last.Heap(), last.TID())
	}
}

func TestRow_SortsByHeapThenPlace(t *testing.T) {
	place := func(heap int, block uint32, item uint16) Row {
		return MakeRow(heap, pgtype.TID{BlockNumber: block, OffsetNumber: item})
	}
	rows := []Row{place(0, 0, 1), place(0, 0, 2), place(0, 1, 1), place(1, 0, 1)}
	if !slices.IsSorted(rows) {
		t.Errorf("%v", rows)
	}
	if got, want := string(TIDArray(rows[:2])), `{"(0,1)","(0,2)"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
