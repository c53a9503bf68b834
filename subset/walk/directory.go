package walk

import (
	"encoding/binary"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// directory knows rows of a heap by their key, an integer. What a row
// references by such a key need not be looked up to learn whether it is kept:
// most candidates are never followed any further.
type directory struct {
	heap    *heap
	column  string            // that holds the key
	ids     index[int64]      // of rows in seen, by key
	kept    *roaring64.Bitmap // keys of all kept rows
	sampled *roaring64.Bitmap // of those that are sampled
}

// openDirectories finds the heaps whose rows are to be known by a key, and the
// foreign keys that hold it.
func (s *schema) openDirectories() {
	for _, fk := range s.foreignKeys {
		if !s.holdsKey(fk) {
			continue
		}
		h, column := fk.parentHeaps[0], fk.ParentColumns[0]
		if h.directory == nil {
			h.directory = &directory{heap: h, column: column, kept: roaring64.New(), sampled: roaring64.New()}
		}
		if h.directory.column == column {
			fk.directory = h.directory
		}
	}
}

// holdsKey reports whether what the foreign key references is known by its
// value alone: one row of one heap, if any, each of which has one. Where
// PostgreSQL has not validated the foreign key there may be none, which is
// better known before anything is chosen.
func (s *schema) holdsKey(fk *foreignKey) bool {
	if !fk.SingleInteger() {
		return false
	}
	ambiguous := slices.ContainsFunc(s.foreignKeys, func(other *foreignKey) bool {
		return !other.SingleParent() && (other.Parent == fk.Parent || other.Child == fk.Parent)
	})
	return !ambiguous && len(fk.parentHeaps[0].several) == 0
}

// keep remembers the key of a kept row for longer than the row itself.
func (d *directory) keep(key int64, why reason) {
	d.kept.Add(uint64(key))
	if why == sampled {
		d.sampled.Add(uint64(key))
	}
}

// integer reads one of two, four or eight bytes.
func integer(value []byte) int64 {
	switch len(value) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(value)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(value)))
	}
	return int64(binary.BigEndian.Uint64(value))
}
