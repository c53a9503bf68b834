package snapshot

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// RowSet is a set of rows: two to ten bytes each where they are few, one bit
// where a heap is kept whole. So even a hundred million kept rows need no disk.
type RowSet struct {
	heaps []*roaring64.Bitmap
	N     int64
}

// denseItemBits hold the items of a block of 8 kB, of which there are at most
// 291: rows of neighbouring blocks then lie close together in the bitmap.
// Rows that do not fit, of larger blocks, are set apart by the bit above them.
const denseItemBits = 9

// number is another one for each row of a heap, ordered as rows are.
func (r Row) number() uint64 {
	block, item := uint64(r)>>itemBits&(1<<blockBits-1), uint64(r)&(1<<itemBits-1)
	if item < 1<<denseItemBits {
		return block<<denseItemBits | item
	}
	return 1<<(blockBits+itemBits) | block<<itemBits | item
}

func rowOf(heap int, number uint64) Row {
	base := Row(heap) << (itemBits + blockBits)
	if large := number &^ (1 << (blockBits + itemBits)); large != number {
		return base | Row(large)
	}
	return base | Row(number>>denseItemBits)<<itemBits | Row(number&(1<<denseItemBits-1))
}

// NewRowSet returns an empty set of rows of so many heaps.
func NewRowSet(heaps int) *RowSet { return &RowSet{heaps: make([]*roaring64.Bitmap, heaps)} }

// Add reports whether the row is new.
func (s *RowSet) Add(r Row) bool {
	h := s.heaps[r.Heap()]
	if h == nil {
		h = roaring64.New()
		s.heaps[r.Heap()] = h
	}
	if !h.CheckedAdd(r.number()) {
		return false
	}
	s.N++
	return true
}

// Has reports whether the set holds the row.
func (s *RowSet) Has(r Row) bool {
	h := s.heaps[r.Heap()]
	return h != nil && h.Contains(r.number())
}

// count is the number of rows of one heap.
func (s *RowSet) count(heap int) int64 {
	if s.heaps[heap] == nil {
		return 0
	}
	return int64(s.heaps[heap].GetCardinality())
}

// batches calls do with the rows of one heap, in order, at most size at once.
// The slice is valid until do returns.
func (s *RowSet) batches(heap, size int, do func([]Row) error) error {
	if s.heaps[heap] == nil {
		return nil
	}
	numbers := make([]uint64, min(int64(size), s.count(heap)))
	rows := make([]Row, len(numbers))
	all := s.heaps[heap].ManyIterator()
	for {
		n := all.NextMany(numbers)
		if n == 0 {
			return nil
		}
		for i, number := range numbers[:n] {
			rows[i] = rowOf(heap, number)
		}
		if err := do(rows[:n]); err != nil {
			return err
		}
	}
}

// Of is every row of one heap, in order.
func (s *RowSet) Of(heap int) []Row {
	rows := make([]Row, 0, s.count(heap))
	_ = s.batches(heap, 1<<12, func(batch []Row) error { // which never fails
		rows = append(rows, batch...)
		return nil
	})
	return rows
}
