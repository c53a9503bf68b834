package snapshot

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestStretches_GiveEachConnectionAPartOfTheHeap(t *testing.T) {
	s, heap := &Snapshot{Workers: make([]*pgx.Conn, 2)}, &catalog.Heap{Pages: 100}
	var rows []Row
	for block := range uint32(110) { // the heap has grown since its size was asked for
		rows = append(rows, MakeRow(3, pgtype.TID{BlockNumber: block, OffsetNumber: 1}))
	}
	var again []Row
	var lanes []int
	for _, part := range s.Stretches(heap, rows, 40) {
		if len(part.Rows) > 40 {
			t.Errorf("%d rows at once", len(part.Rows))
		}
		lanes, again = append(lanes, part.Lane), append(again, part.Rows...)
	}
	if !slices.Equal(lanes, []int{0, 0, 1, 1}) || !slices.Equal(again, rows) {
		t.Errorf("lanes %v, %d of %d rows", lanes, len(again), len(rows))
	}
}

func TestLanes_HelpEachOtherWhenTheirOwnTasksAreDone(t *testing.T) {
	l := &lanes{tasks: [][]int{{0}, {1, 2, 3}}}
	var got []int
	for task, ok := l.take(0); ok; task, ok = l.take(0) {
		got = append(got, task)
	}
	if !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Errorf("%v", got)
	}
}
