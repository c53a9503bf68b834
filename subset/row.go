package subset

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// row is the place of a row: 20 bits number the heap, 32 the block, 12 the
// item in it. A block of 32 kB, the largest there is, holds 1,169 items.
// Item numbers begin at 1, so 0 is no row.
type row uint64

const (
	itemBits  = 12
	blockBits = 32
	mostHeaps = 1 << (64 - itemBits - blockBits)
)

// nowhere is the parent of a row whose parent does not exist.
const nowhere row = 0

func makeRow(heap int, at pgtype.TID) row {
	return row(heap)<<(itemBits+blockBits) | row(at.BlockNumber)<<itemBits | row(at.OffsetNumber)
}

func (r row) heap() int { return int(r >> (itemBits + blockBits)) }

func (r row) tid() pgtype.TID {
	return pgtype.TID{BlockNumber: uint32(r >> itemBits), OffsetNumber: uint16(r & (1<<itemBits - 1)), Valid: true}
}

func tids(rows []row) []pgtype.TID {
	at := make([]pgtype.TID, len(rows))
	for i, r := range rows {
		at[i] = r.tid()
	}
	return at
}

// tidArray is the text of a tid[]: digits and punctuation alone.
func tidArray(rows []row) []byte {
	out := []byte{'{'}
	for i, r := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		at := r.tid()
		out = append(out, '"', '(')
		out = strconv.AppendUint(out, uint64(at.BlockNumber), 10)
		out = append(out, ',')
		out = strconv.AppendUint(out, uint64(at.OffsetNumber), 10)
		out = append(out, ')', '"')
	}
	return append(out, '}')
}
