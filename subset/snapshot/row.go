package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// Row is the place of a row: 20 bits number the heap, 32 the block, 12 the
// item in it. A block of 32 kB, the largest there is, holds 1,169 items.
// Item numbers begin at 1, so 0 is no row.
type Row uint64

const (
	itemBits  = 12
	blockBits = 32
	MostHeaps = 1 << (64 - itemBits - blockBits)
)

// Nowhere is the parent of a row whose parent does not exist.
const Nowhere Row = 0

// MakeRow returns the row at a place of a heap.
func MakeRow(heap int, at pgtype.TID) Row {
	return Row(heap)<<(itemBits+blockBits) | Row(at.BlockNumber)<<itemBits | Row(at.OffsetNumber)
}

// Heap is the number of the heap that the row lies in.
func (r Row) Heap() int { return int(r >> (itemBits + blockBits)) }

// TID is the place of the row in its heap.
func (r Row) TID() pgtype.TID {
	return pgtype.TID{BlockNumber: uint32(r >> itemBits), OffsetNumber: uint16(r & (1<<itemBits - 1)), Valid: true}
}

// TIDs are the places of rows as PostgreSQL writes them.
func TIDs(rows []Row) []pgtype.TID {
	at := make([]pgtype.TID, len(rows))
	for i, r := range rows {
		at[i] = r.TID()
	}
	return at
}

// MostPlaces is how many places of rows one statement names at most: they are
// part of its text, or of its arguments.
const MostPlaces = 20_000

// TIDArray is the text of a tid[]: digits and punctuation alone.
func TIDArray(rows []Row) []byte {
	out := []byte{'{'}
	for i, r := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		at := r.TID()
		out = append(out, '"', '(')
		out = strconv.AppendUint(out, uint64(at.BlockNumber), 10)
		out = append(out, ',')
		out = strconv.AppendUint(out, uint64(at.OffsetNumber), 10)
		out = append(out, ')', '"')
	}
	return append(out, '}')
}

// Place reads a tid in binary format: four bytes of block, two of item.
func Place(tid []byte) pgtype.TID {
	return pgtype.TID{
		BlockNumber: binary.BigEndian.Uint32(tid), OffsetNumber: binary.BigEndian.Uint16(tid[4:]),
		Valid: true,
	}
}

// placeText reads a tid in text form, such as (12,3).
func placeText(tid []byte) (pgtype.TID, error) {
	block, item, _ := bytes.Cut(bytes.Trim(tid, "()"), []byte{','})
	b, err := strconv.ParseUint(string(block), 10, blockBits)
	i, err2 := strconv.ParseUint(string(item), 10, 16)
	return pgtype.TID{BlockNumber: uint32(b), OffsetNumber: uint16(i), Valid: true}, errors.Join(err, err2)
}

// Elsewhere is where a row lies of which only the heap is known.
func Elsewhere(heap int) Row { return Row(heap+1)<<(itemBits+blockBits) - 1 }
