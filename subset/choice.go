package subset

import (
	"cmp"
	"container/heap"
	"slices"
)

// choice decides which candidates of one table are kept. Cheapest first:
// those whose parents are all kept cost nothing, others pay for each parent
// that is new. A parent that many candidates share is cheap for each of them,
// and one whose table has room left is cheaper than one that overflows.
type choice struct {
	w          *walk
	table      int
	candidates []candidate
	sharing    map[row][]int32 // candidates that need a row which is not kept
	alike      map[uint64]int  // candidates on offer that need the same rows
	needs      []uint64        // hash of the rows that a candidate needs, as last queued
	cost       []float64       // as last queued
	queue      offers

	seen  []row        // the last answer of fresh
	index map[row]bool // and the same as a set, when it is long
}

const (
	roomCost      = 0.05  // of a new parent whose table has room, where one that overflows costs 1
	mostAncestors = 1_000 // of one candidate that are followed
	mostSharing   = 64    // of one candidate that count as shared
)

func newChoice(w *walk, table int, candidates []candidate) *choice {
	c := &choice{
		w: w, table: table, candidates: candidates,
		sharing: map[row][]int32{},
		alike:   map[uint64]int{},
		needs:   make([]uint64, len(candidates)),
		cost:    make([]float64, len(candidates)),
		index:   map[row]bool{},
	}
	for i := range candidates {
		fresh, _ := c.fresh(candidates[i].row)
		for _, r := range fresh[:min(len(fresh), mostSharing)] {
			c.sharing[r] = append(c.sharing[r], int32(i))
		}
	}
	for i := range candidates {
		c.offer(int32(i))
	}
	return c
}

// run keeps candidates until the table has reached its goal or none is left
// that the allowance covers. It returns what it spent of it.
func (c *choice) run(goal, allowance int64) int64 {
	var spent int64
	for c.w.tallies[c.table].rows() < goal && c.queue.Len() > 0 {
		o := heap.Pop(&c.queue).(offer)
		r := c.candidates[o.candidate].row
		if _, kept := c.w.kept[r]; kept || o.cost != c.cost[o.candidate] {
			continue // superseded
		}
		fresh, ok := c.fresh(r)
		if !ok {
			continue
		}
		if now := c.price(o.candidate, fresh); now > o.cost {
			c.push(o.candidate, now)
			continue
		}
		over := c.overflow(fresh)
		if spent+over > allowance {
			continue
		}
		spent += over
		c.accept(r)
	}
	return spent
}

// accept keeps a row and offers again those that became cheaper by it.
func (c *choice) accept(r row) {
	for _, kept := range append(c.w.keep(r), r) {
		for _, other := range c.sharing[kept] {
			c.offer(other)
		}
		delete(c.sharing, kept)
	}
}

func (c *choice) offer(i int32) {
	r := c.candidates[i].row
	if _, kept := c.w.kept[r]; kept {
		return
	}
	if fresh, ok := c.fresh(r); ok {
		if c.needs[i] != 0 {
			c.alike[c.needs[i]]--
		}
		c.needs[i] = signature(fresh)
		c.alike[c.needs[i]]++
		c.push(i, c.price(i, fresh))
	}
}

// signature is equal for equal sets of rows, in whatever order.
func signature(rows []row) uint64 {
	var sum uint64
	for _, r := range rows {
		x := uint64(r) * 0x9E3779B97F4A7C15
		x ^= x >> 29
		sum += x * 0xBF58476D1CE4E5B9
	}
	return sum
}

func (c *choice) push(i int32, cost float64) {
	c.cost[i] = cost
	heap.Push(&c.queue, offer{i, cost, c.candidates[i].hash})
}

// fresh is every row that would be kept along with r, nearest first, valid
// until the next call. It is not ok when there are too many of them, or not
// all are known.
func (c *choice) fresh(r row) ([]row, bool) {
	seen := append(c.seen[:0], r)
	defer func() { c.seen = seen }()
	if len(c.index) > 0 {
		clear(c.index)
	}
	for n := 0; n < len(seen); n++ {
		edges, ok := c.w.edges[seen[n]]
		if !ok || len(seen) > mostAncestors {
			return seen[1:], false
		}
		for _, e := range edges {
			if e.parent == nowhere || c.isSeen(seen, e.parent) {
				continue
			}
			if _, kept := c.w.kept[e.parent]; !kept {
				seen = append(seen, e.parent)
			}
		}
	}
	return seen[1:], true
}

// isSeen looks through a list while it is short, which it nearly always is.
func (c *choice) isSeen(seen []row, r row) bool {
	const short = 16
	if len(seen) <= short {
		return slices.Contains(seen, r)
	}
	for _, s := range seen[len(c.index):] {
		c.index[s] = true
	}
	return c.index[r]
}

// price is what a candidate pays for the rows it brings along, each shared
// with all other candidates that need it.
func (c *choice) price(i int32, fresh []row) float64 {
	var sum float64
	for _, r := range fresh {
		each := roomCost
		if c.w.room(c.w.tableOf(r)) == 0 {
			each = 1
		}
		sum += each
	}
	return sum / float64(max(c.alike[c.needs[i]], 1))
}

// overflow is how many rows would be kept above the targets of their tables.
func (c *choice) overflow(fresh []row) int64 {
	add := map[int]int64{c.table: 1}
	for _, r := range fresh {
		add[c.w.tableOf(r)]++
	}
	var over int64
	for table, n := range add {
		over += max(n-c.w.room(table), 0)
	}
	return over
}

// offer is a candidate at a price.
type offer struct {
	candidate int32
	cost      float64
	hash      int64
}

// offers is a heap, cheapest on top, then lowest hash.
type offers []offer

func (o offers) Len() int      { return len(o) }
func (o offers) Swap(i, j int) { o[i], o[j] = o[j], o[i] }
func (o *offers) Push(x any)   { *o = append(*o, x.(offer)) }

func (o offers) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(o[i].cost, o[j].cost), cmp.Compare(o[i].hash, o[j].hash), cmp.Compare(o[i].candidate, o[j].candidate)) < 0
}

func (o *offers) Pop() any {
	old := *o
	last := old[len(old)-1]
	*o = old[:len(old)-1]
	return last
}
