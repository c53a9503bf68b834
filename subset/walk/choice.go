package walk

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
	candidates []candidate // lowest hash first
	ids        []int32     // of the candidates

	// For those whose parents are not all kept:
	sharing sharing
	alike   map[uint64]int32 // candidates on offer that need the same rows
	needs   []uint64         // hash of the rows that a candidate needs, as last queued
	cost    []float32        // as last queued
	queue   offers

	around []int32        // the last answer of fresh, behind the row itself
	index  map[int32]bool // and the same as a set, when it is long
	add    []int64        // by table, all 0 between calls
}

const (
	mostAncestors = 1_000 // of one candidate that are followed
	mostSharing   = 64    // of one candidate that count as shared
)

func newChoice(w *walk, table int, candidates []candidate) *choice {
	c := &choice{w: w, table: table, candidates: candidates, ids: make([]int32, len(candidates)), add: make([]int64, len(w.plan.Tables))}
	for i := range candidates {
		c.ids[i] = w.seen.id(candidates[i].row)
	}
	return c
}

// run keeps candidates until the table has reached its goal or none is left
// that the allowance covers. It returns what it spent of it.
func (c *choice) run(goal, allowance int64) int64 {
	c.prepare()
	var spent int64
	for c.rows() < goal && c.queue.Len() > 0 {
		o := heap.Pop(&c.queue).(offer)
		id := c.ids[o.candidate]
		if c.w.seen.kept[id] || o.cost != c.cost[o.candidate] {
			continue // superseded
		}
		fresh, ok := c.fresh(id)
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
		c.accept(id)
	}
	return spent
}

func (c *choice) rows() int64 { return c.w.tallies[c.table].Rows() }

// prepare offers what is left.
func (c *choice) prepare() {
	c.alike, c.index = map[uint64]int32{}, map[int32]bool{}
	c.needs, c.cost = make([]uint64, len(c.ids)), make([]float32, len(c.ids))
	c.sharing = shared(len(c.w.seen.rows), len(c.ids), func(i int) []int32 {
		fresh, _ := c.fresh(c.ids[i])
		return fresh[:min(len(fresh), mostSharing)]
	})
	for i := range c.ids {
		c.offer(int32(i))
	}
}

// accept keeps a row and offers again those that became cheaper by it.
func (c *choice) accept(id int32) {
	for _, kept := range append(c.w.keep(id), id) {
		for _, other := range c.sharing.of(kept) {
			c.offer(other)
		}
	}
}

func (c *choice) offer(i int32) {
	if c.w.seen.kept[c.ids[i]] {
		return
	}
	if fresh, ok := c.fresh(c.ids[i]); ok {
		if c.needs[i] != 0 {
			c.alike[c.needs[i]]--
		}
		c.needs[i] = signature(fresh)
		c.alike[c.needs[i]]++
		c.push(i, c.price(i, fresh))
	}
}

// signature is equal for equal sets of rows, in whatever order.
func signature(ids []int32) uint64 {
	var sum uint64
	for _, id := range ids {
		x := uint64(id+1) * 0x9E3779B97F4A7C15
		x ^= x >> 29
		sum += x * 0xBF58476D1CE4E5B9
	}
	return sum
}

func (c *choice) push(i int32, cost float32) {
	c.cost[i] = cost
	heap.Push(&c.queue, offer{i, cost})
}

// fresh is every row that would be kept along with one, nearest first, valid
// until the next call. It is not ok when there are too many of them, or not
// all are known.
func (c *choice) fresh(id int32) ([]int32, bool) {
	around := append(c.around[:0], id)
	defer func() { c.around = around }()
	if len(c.index) > 0 {
		clear(c.index)
	}
	for n := 0; n < len(around); n++ {
		edges, ok := c.w.seen.of(around[n])
		if !ok || len(around) > mostAncestors {
			return around[1:], false
		}
		for _, e := range edges {
			if c.w.seen.fresh(e) && !c.isAround(around, e.to) {
				around = append(around, e.to)
			}
		}
	}
	return around[1:], true
}

// isAround looks through a list while it is short, which it nearly always is.
func (c *choice) isAround(around []int32, id int32) bool {
	const short = 16
	if len(around) <= short {
		return slices.Contains(around, id)
	}
	for _, s := range around[len(c.index):] {
		c.index[s] = true
	}
	return c.index[id]
}

// price is what a candidate pays for the rows it brings along, each shared
// with all other candidates that need it.
func (c *choice) price(i int32, fresh []int32) float32 {
	var sum float64
	for _, id := range fresh {
		sum += c.w.priceOf(id)
	}
	return float32(sum / float64(max(c.alike[c.needs[i]], 1)))
}

// overflow is how many rows would be kept above the targets of their tables.
func (c *choice) overflow(fresh []int32) int64 {
	c.add[c.table]++
	for _, id := range fresh {
		c.add[c.w.tableOf(c.w.seen.rows[id])]++
	}
	over := c.above(c.table)
	for _, id := range fresh {
		over += c.above(c.w.tableOf(c.w.seen.rows[id]))
	}
	return over
}

// above takes what a table would be given, and returns what it has no room for.
func (c *choice) above(table int) int64 {
	n := c.add[table]
	c.add[table] = 0
	return max(n-c.w.room(table), 0)
}

// offer is a candidate at a price.
type offer struct {
	candidate int32
	cost      float32
}

// offers is a heap, cheapest on top, then lowest hash.
type offers []offer

func (o offers) Len() int      { return len(o) }
func (o offers) Swap(i, j int) { o[i], o[j] = o[j], o[i] }
func (o *offers) Push(x any)   { *o = append(*o, x.(offer)) }

func (o offers) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(o[i].cost, o[j].cost), cmp.Compare(o[i].candidate, o[j].candidate)) < 0
}

func (o *offers) Pop() any {
	old := *o
	last := old[len(old)-1]
	*o = old[:len(old)-1]
	return last
}
