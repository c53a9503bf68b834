package snapshot

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/quick"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestRowSet_NumbersAreOnePerRowAndLeadBack(t *testing.T) {
	claim := func(heap uint16, block uint32, item uint16) bool {
		r := MakeRow(int(heap), pgtype.TID{BlockNumber: block, OffsetNumber: item % (1 << itemBits)})
		return rowOf(int(heap), r.number()) == r
	}
	if err := quick.Check(claim, &quick.Config{MaxCount: 10_000}); err != nil {
		t.Error(err)
	}
}

func TestRowSet_HoldsWhatWasAddedInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s, want := NewRowSet(3), map[Row]bool{}
	for range 50_000 {
		r := MakeRow(random.IntN(2)*2,
			pgtype.TID{BlockNumber: random.Uint32N(3_000), OffsetNumber: 1 + uint16(random.UintN(80))})
		if s.Add(r) == want[r] {
			t.Fatalf("row %x: add says that it is new: %v", uint64(r), !want[r])
		}
		want[r] = true
	}
	var got []Row
	for heap := range 3 {
		rows := s.Of(heap)
		if int64(len(rows)) != s.count(heap) || !slices.IsSorted(rows) {
			t.Errorf("heap %d: %d rows of %d, sorted %v", heap, len(rows), s.count(heap), slices.IsSorted(rows))
		}
		got = append(got, rows...)
	}
	if len(got) != len(want) || s.N != int64(len(want)) {
		t.Errorf("%d rows, count %d, want %d", len(got), s.N, len(want))
	}
	for _, r := range got {
		if !want[r] || !s.Has(r) {
			t.Fatalf("row %x was never added", uint64(r))
		}
	}
	if s.Has(MakeRow(1, pgtype.TID{OffsetNumber: 1})) {
		t.Error("a row of an empty heap")
	}
}

func TestRowSet_GivesBatches(t *testing.T) {
	s := NewRowSet(1)
	for i := range uint32(10) {
		s.Add(MakeRow(0, pgtype.TID{BlockNumber: i, OffsetNumber: 1}))
	}
	var sizes []int
	err := s.batches(0, 4, func(rows []Row) error {
		sizes = append(sizes, len(rows))
		return nil
	})
	if err != nil || !slices.Equal(sizes, []int{4, 4, 2}) {
		t.Errorf("%v %v", sizes, err)
	}
}

// A heap of which one row in 150 is kept, as of six million: the common case.
func TestRowSet_TakesFewBytesForEachRow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := NewRowSet(1)
	for s.N < 40_000 {
		s.Add(MakeRow(0, pgtype.TID{BlockNumber: random.Uint32N(75_000), OffsetNumber: 1 + uint16(random.UintN(80))}))
	}
	if each := float64(s.heaps[0].GetSizeInBytes()) / float64(s.N); each > 8 {
		t.Errorf("%.1f bytes for each row", each)
	}
}
