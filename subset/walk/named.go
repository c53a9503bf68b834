package walk

import (
	"encoding/binary"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// directory knows rows of a heap by their key, an integer. What a row
// references by such a key need not be looked up to learn whether it is kept:
// most candidates are never followed any further.
type directory struct {
	heap   int
	column string
	ids    index[int64]      // of rows in seen
	kept   *roaring64.Bitmap // keys of all kept rows

	sampled *roaring64.Bitmap // of those that are sampled
}

// openDirectories finds the heaps whose rows are to be known by a key, and the
// foreign keys that name them.
func (w *walk) openDirectories() {
	w.directories, w.named = make([]*directory, len(w.heaps)), make([]*directory, len(w.plan.ForeignKeys))
	for i, k := range w.plan.ForeignKeys {
		if !w.mayName(k) {
			continue
		}
		heap := w.number[k.ParentHeaps[0].OID]
		if w.directories[heap] == nil {
			w.directories[heap] = &directory{heap: heap, column: k.ParentColumns[0], kept: roaring64.New(), sampled: roaring64.New()}
		}
		if d := w.directories[heap]; d.column == k.ParentColumns[0] {
			w.named[i] = d
		}
	}
}

// mayName reports whether what the key references is known by its value alone:
// one row of one heap, if any, each of which has one. Where PostgreSQL has not validated the key
// there may be none, which is better known before anything is chosen.
func (w *walk) mayName(k *catalog.ForeignKey) bool {
	if !k.SingleInteger() {
		return false
	}
	heap := w.number[k.ParentHeaps[0].OID]
	ambiguous := slices.ContainsFunc(w.plan.ForeignKeys, func(other *catalog.ForeignKey) bool {
		return !other.SingleParent() && (other.Parent == k.Parent || other.Child == k.Parent)
	})
	return !ambiguous && len(w.keys[heap].several) == 0
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

// meet is the id of a row of which the place and (where its heap has a
// directory) the name are told. It may have been known by one of them alone.
func (w *walk) meet(r snapshot.Row, name int64) int32 {
	d := w.directories[r.Heap()]
	if d == nil {
		return w.seen.id(r)
	}
	id, ok := d.ids.get(w.seen.names, name)
	if !ok {
		id = w.seen.id(r)
		w.seen.names[id] = name
		d.ids.put(w.seen.names, id)
	} else if isElsewhere(w.seen.rows[id]) {
		w.seen.rows[id] = r
		w.seen.ids.put(w.seen.rows, id)
	}
	return id
}

// refer appends the edge to the row of that name.
func (w *walk) refer(edges []edge, name int64, key int) []edge {
	d := w.named[key]
	id, ok := d.ids.get(w.seen.names, name)
	switch {
	case !ok && d.kept.Contains(uint64(name)):
		return append(edges, edge{toKept, int32(key)})
	case !ok:
		id = w.seen.add(snapshot.Elsewhere(d.heap), name)
		d.ids.put(w.seen.names, id)
	}
	return append(edges, edge{id, int32(key)})
}

// keepName remembers the name of a kept row for longer than the row itself.
func (w *walk) keepName(id int32, why reason) {
	d := w.directories[w.seen.rows[id].Heap()]
	if d == nil {
		return
	}
	d.kept.Add(uint64(w.seen.names[id]))
	if why == sampled {
		d.sampled.Add(uint64(w.seen.names[id]))
	}
}

func isElsewhere(r snapshot.Row) bool { return r == snapshot.Elsewhere(r.Heap()) }
