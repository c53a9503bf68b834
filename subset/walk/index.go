package walk

import (
	"math/bits"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// index finds the ids of keys. The keys themselves are in a list, by id, so that
// it takes no more than five to eleven bytes for each, where a map takes thirty.
// https://en.wikipedia.org/wiki/Linear_probing
type index[K snapshot.Row | int64] struct {
	slots []int32 // an id and 1, or 0; a power of two of them, or none
	n     int
}

const leastSlots = 64

// slot is where the key is, or where it would be.
func (x *index[K]) slot(keys []K, key K) int {
	const golden = 0x9E3779B97F4A7C15 // 2^64 by the golden ratio, which spreads neighbours
	mask := len(x.slots) - 1
	at := int(uint64(key) * golden >> (64 - bits.Len(uint(mask))))
	for x.slots[at] != 0 && keys[x.slots[at]-1] != key {
		at = (at + 1) & mask
	}
	return at
}

// get is the id of a key, which is not ok when it has none.
func (x *index[K]) get(keys []K, key K) (id int32, ok bool) {
	if x.n == 0 {
		return 0, false
	}
	id = x.slots[x.slot(keys, key)] - 1
	return id, id >= 0
}

// put has the key of an id found, by this id from now on.
func (x *index[K]) put(keys []K, id int32) {
	if 4*(x.n+1) > 3*len(x.slots) {
		x.grow(keys)
	}
	at := x.slot(keys, keys[id])
	if x.slots[at] == 0 {
		x.n++
	}
	x.slots[at] = id + 1
}

func (x *index[K]) grow(keys []K) {
	old := x.slots
	x.slots = make([]int32, max(2*len(old), leastSlots))
	for _, id := range old {
		if id != 0 {
			x.slots[x.slot(keys, keys[id-1])] = id
		}
	}
}

// forget drops all, and keeps the room for others.
func (x *index[K]) forget() {
	clear(x.slots)
	x.n = 0
}
