package walk

import (
	"cmp"
	"math"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// takeFree keeps candidates that bring nothing along, lowest hash first, until
// the table has reached its goal. Rows that reference nothing, or whose parents
// do not exist, are free wherever they come from: once they have the share
// that they have of the table they wait, and are returned.
func (w *walk) takeFree(table int, candidates []candidate, goal int64) (waiting []int32) {
	quota := w.quotas(candidates, goal-w.tallies[table].Rows())
	for _, c := range candidates {
		if w.tallies[table].Rows() >= goal {
			return waiting
		}
		id, ok := w.seen.find(c.row)
		if !ok || !w.isFree(id) {
			continue
		}
		if kind := w.kind(id); quota != nil {
			if quota[kind] < 1 {
				waiting = append(waiting, id)
				continue
			}
			quota[kind]--
		}
		w.keep(id)
	}
	return waiting
}

func (w *walk) isFree(id int32) bool {
	edges, ok := w.seen.of(id)
	return ok && !w.seen.kept[id] && !slices.ContainsFunc(edges, func(e edge) bool { return e.to != id && w.seen.fresh(e) })
}

// quotas say how many of the rows wanted should be of each kind. The candidates
// that were found without regard to parents have the kinds as the table has
// them; without such there are no quotas.
func (w *walk) quotas(candidates []candidate, wanted int64) map[uint64]float64 {
	plain, quota := 0.0, map[uint64]float64{}
	for _, c := range candidates {
		if id, ok := w.seen.find(c.row); ok && c.plain() && w.seen.spans[id] != unseen {
			plain++
			quota[w.kind(id)]++
		}
	}
	if plain == 0 {
		return nil
	}
	for kind, n := range quota {
		quota[kind] = math.Ceil(n / plain * float64(wanted))
	}
	return quota
}

// kind is the same for rows that have parents by the same keys.
func (w *walk) kind(id int32) uint64 {
	var kind uint64
	edges, _ := w.seen.of(id)
	for _, e := range edges {
		if !w.seen.dangles(e) {
			kind += signature([]int32{e.key})
		}
	}
	return kind
}

// What the allowance covers is followed slack times, and somewhat more: the
// more there is to choose from, the more parents are shared.
const (
	slack    = 4
	somewhat = 2_000
)

// shortlist is the most promising of the candidates that are not free: only
// these are followed further than to their parents. A parent that many of them
// share is cheap for each. Nobody follows more than the allowance can pay for.
func (w *walk) shortlist(candidates []candidate, most, allowance int64) []candidate {
	type entry struct {
		at    int32
		needs uint64
		cost  float64
	}
	entries, alike, prices := []entry{}, map[uint64]int32{}, w.expectedPrices()
	for i, c := range candidates {
		id, ok := w.seen.find(c.row)
		if !ok || w.seen.kept[id] || w.seen.spans[id] == unseen || w.isFree(id) {
			continue
		}
		e := entry{at: int32(i)}
		e.needs, e.cost = w.direct(id, prices)
		alike[e.needs]++
		entries = append(entries, e)
	}
	for i := range entries {
		entries[i].cost /= float64(alike[entries[i].needs])
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.cost, b.cost) })
	var cost float64
	affordable := 0
	for affordable < len(entries) && int64(affordable) < most && cost <= slack*float64(max(allowance, 0))+somewhat {
		cost += entries[affordable].cost
		affordable++
	}
	entries = entries[:affordable]
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	short := make([]candidate, len(entries))
	for i, e := range entries {
		short[i] = candidates[e.at]
	}
	return short
}

// direct is the signature of the parents that a row needs, and what they are
// expected to cost with all that they bring along.
func (w *walk) direct(id int32, prices []float64) (needs uint64, cost float64) {
	edges, _ := w.seen.of(id)
	for _, e := range edges {
		if w.seen.fresh(e) && e.to != id {
			needs += signature([]int32{e.to})
			cost += prices[w.tableOf(w.seen.rows[e.to])]
		}
	}
	return needs, cost
}

// expectedPrices are what one new row of each table costs with the parents
// that it is expected to bring along, those of which are kept in proportion to
// how much of their table is.
func (w *walk) expectedPrices() []float64 {
	const generations = 4
	own, prices := make([]float64, len(w.plan.Tables)), make([]float64, len(w.plan.Tables))
	for i := range prices {
		own[i] = w.priceIn(i)
		prices[i] = own[i]
	}
	for range generations {
		next := slices.Clone(own)
		for _, k := range w.plan.ForeignKeys {
			if len(k.ChildHeaps) == 0 || len(k.ParentHeaps) == 0 {
				continue // a partitioned table without a partition has no rows
			}
			child, parent := w.tableOfHeap(k.ChildHeaps[0]), w.tableOfHeap(k.ParentHeaps[0])
			if child != parent && !k.Optional() {
				kept := float64(w.tallies[parent].Rows()) / float64(max(w.plan.Tables[parent].Rows, 1))
				next[child] += max(1-kept, 0) * prices[parent]
			}
		}
		prices = next
	}
	return prices
}

func (w *walk) tableOfHeap(h *catalog.Heap) int { return w.table[w.number[h.OID]] }

// priceOf is what one new parent costs by itself.
func (w *walk) priceOf(id int32) float64 { return w.priceIn(w.tableOf(w.seen.rows[id])) }

func (w *walk) priceIn(table int) float64 {
	if w.room(table) == 0 {
		return 1
	}
	return plan.RoomCost
}
