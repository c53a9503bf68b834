package walk

import (
	"cmp"
	queue "container/heap"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// market sells the goal of a table to its candidates. Cheapest first: those
// whose parents are all kept cost nothing, others pay for each parent that is
// new. A parent that many candidates share is cheap for each of them, and one
// whose table has room left is cheaper than one that overflows.
type market struct {
	*memory
	table *table
	ids   []int32 // of the candidates, lowest hash first

	// For those whose parents are not all kept:
	sharing sharing
	alike   map[uint64]int32 // candidates on offer that need the same rows
	needs   []uint64         // hash of the rows that a candidate needs, as last queued
	cost    []float32        // as last queued
	offers  offers

	around []int32        // the last answer of fresh, behind the row itself
	index  map[int32]bool // and the same as a set, when it is long
	add    []int64        // by position of the table, all 0 between calls
}

const (
	mostAncestors = 1_000 // of one candidate that are followed
	mostSharing   = 64    // of one candidate that count as shared
)

func newMarket(known *memory, t *table, candidates []candidate) *market {
	m := &market{memory: known, table: t, ids: make([]int32, len(candidates)), add: make([]int64, len(known.tables))}
	for i := range candidates {
		m.ids[i] = m.seen.id(candidates[i].row)
	}
	return m
}

// run keeps candidates until the table has reached its goal or none is left
// that the allowance covers. It returns what it spent of it.
func (m *market) run(goal, allowance int64) int64 {
	m.prepare()
	var spent int64
	for m.table.tally.Rows() < goal && m.offers.Len() > 0 {
		o := queue.Pop(&m.offers).(offer)
		id := m.ids[o.candidate]
		if m.seen.kept[id] || o.cost != m.cost[o.candidate] {
			continue // superseded
		}
		fresh, ok := m.fresh(id)
		if !ok {
			continue
		}
		if now := m.price(o.candidate, fresh); now > o.cost {
			m.push(o.candidate, now)
			continue
		}
		over := m.overflow(fresh)
		if spent+over > allowance {
			continue
		}
		spent += over
		m.accept(id)
	}
	return spent
}

// prepare offers what is left.
func (m *market) prepare() {
	m.alike, m.index = map[uint64]int32{}, map[int32]bool{}
	m.needs, m.cost = make([]uint64, len(m.ids)), make([]float32, len(m.ids))
	m.sharing = shared(len(m.seen.rows), len(m.ids), func(i int) []int32 {
		fresh, _ := m.fresh(m.ids[i])
		return fresh[:min(len(fresh), mostSharing)]
	})
	for i := range m.ids {
		m.offer(int32(i))
	}
}

// accept keeps a row and offers again those that became cheaper by it.
func (m *market) accept(id int32) {
	for _, kept := range append(m.keep(id), id) {
		for _, other := range m.sharing.of(kept) {
			m.offer(other)
		}
	}
}

func (m *market) offer(i int32) {
	if m.seen.kept[m.ids[i]] {
		return
	}
	if fresh, ok := m.fresh(m.ids[i]); ok {
		if m.needs[i] != 0 {
			m.alike[m.needs[i]]--
		}
		m.needs[i] = signature(fresh...)
		m.alike[m.needs[i]]++
		m.push(i, m.price(i, fresh))
	}
}

// signature is equal for equal sets of rows, in whatever order.
func signature(ids ...int32) uint64 {
	var sum uint64
	for _, id := range ids {
		x := uint64(id+1) * 0x9E3779B97F4A7C15
		x ^= x >> 29
		sum += x * 0xBF58476D1CE4E5B9
	}
	return sum
}

func (m *market) push(i int32, cost float32) {
	m.cost[i] = cost
	queue.Push(&m.offers, offer{i, cost})
}

// fresh is every row that would be kept along with one, nearest first, valid
// until the next call. It is not ok when there are too many of them, or not
// all are known.
func (m *market) fresh(id int32) ([]int32, bool) {
	around := append(m.around[:0], id)
	defer func() { m.around = around }()
	if len(m.index) > 0 {
		clear(m.index)
	}
	for n := 0; n < len(around); n++ {
		edges, ok := m.seen.of(around[n])
		if !ok || len(around) > mostAncestors {
			return around[1:], false
		}
		for _, e := range edges {
			if m.seen.fresh(e) && !m.isAround(around, e.to) {
				around = append(around, e.to)
			}
		}
	}
	return around[1:], true
}

// isAround looks through a list while it is short, which it nearly always is.
func (m *market) isAround(around []int32, id int32) bool {
	const short = 16
	if len(around) <= short {
		return slices.Contains(around, id)
	}
	for _, s := range around[len(m.index):] {
		m.index[s] = true
	}
	return m.index[id]
}

// price is what a candidate pays for the rows it brings along, each shared
// with all other candidates that need it.
func (m *market) price(i int32, fresh []int32) float32 {
	var sum float64
	for _, id := range fresh {
		sum += m.tableOf(m.seen.rows[id]).price()
	}
	return float32(sum / float64(max(m.alike[m.needs[i]], 1)))
}

// overflow is how many rows would be kept above the targets of their tables.
func (m *market) overflow(fresh []int32) int64 {
	m.add[m.table.position]++
	for _, id := range fresh {
		m.add[m.tableOf(m.seen.rows[id]).position]++
	}
	over := m.above(m.table)
	for _, id := range fresh {
		over += m.above(m.tableOf(m.seen.rows[id]))
	}
	return over
}

// above takes what a table would be given, and returns what that counts above its target.
func (m *market) above(t *table) int64 {
	n := m.add[t.position]
	m.add[t.position] = 0
	return int64(plan.Over(float64(t.tally.Rows()), float64(n), float64(t.Target)))
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
