package walk

import (
	"cmp"
	"math"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// chooser decides which candidates of one table are kept at its turn: first
// those that are free, then the cheapest.
type chooser struct {
	*memory
	table      *table
	goal       int64       // rows of the table
	candidates []candidate // lowest hash first
	waiting    []int32     // candidates that are free, but more than the share of their kind
}

// missing is how many rows the table lacks of its goal.
func (c *chooser) missing() int64 { return c.goal - c.table.tally.Rows() }

// takeFree keeps candidates that bring nothing along, lowest hash first, until
// the table has reached its goal. Rows that reference nothing, or whose parents
// do not exist, are free wherever they come from: once they have the share
// that they have of the table they wait.
func (c *chooser) takeFree() {
	quota := c.quotas()
	for _, one := range c.candidates {
		if c.missing() <= 0 {
			return
		}
		id, ok := c.seen.find(one.row)
		if !ok || !c.seen.isFree(id) {
			continue
		}
		if kind := c.seen.kind(id); quota != nil {
			if quota[kind] < 1 {
				c.waiting = append(c.waiting, id)
				continue
			}
			quota[kind]--
		}
		c.keep(id)
	}
}

// takeWaiting keeps those that waited, as far as the table lacks rows.
func (c *chooser) takeWaiting() {
	for _, id := range c.waiting {
		if c.missing() <= 0 {
			return
		}
		c.keep(id)
	}
}

// quotas say how many of the missing rows should be of each kind. The
// candidates that were found without regard to parents have the kinds as the
// table has them; without such there are no quotas.
func (c *chooser) quotas() map[uint64]float64 {
	plain, quota := 0.0, map[uint64]float64{}
	for _, one := range c.candidates {
		if id, ok := c.seen.find(one.row); ok && one.plain && c.seen.spans[id] != unseen {
			plain++
			quota[c.seen.kind(id)]++
		}
	}
	if plain == 0 {
		return nil
	}
	for kind, n := range quota {
		quota[kind] = math.Ceil(n / plain * float64(c.missing()))
	}
	return quota
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
func (c *chooser) shortlist(allowance int64) []candidate {
	type entry struct {
		at    int32
		needs uint64
		cost  float64
	}
	most := c.missing() + c.missing()/2 + plan.FewCandidates
	entries, alike, prices := []entry{}, map[uint64]int32{}, c.expectedPrices()
	for i, one := range c.candidates {
		id, ok := c.seen.find(one.row)
		if !ok || c.seen.kept[id] || c.seen.spans[id] == unseen || c.seen.isFree(id) {
			continue
		}
		e := entry{at: int32(i)}
		e.needs, e.cost = c.direct(id, prices)
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
		short[i] = c.candidates[e.at]
	}
	return short
}

// direct is the signature of the parents that a row needs, and what they are
// expected to cost with all that they bring along.
func (c *chooser) direct(id int32, prices []float64) (needs uint64, cost float64) {
	edges, _ := c.seen.of(id)
	for _, e := range edges {
		if c.seen.fresh(e) && e.to != id {
			needs += signature(e.to)
			cost += prices[c.tableOf(c.seen.rows[e.to]).position]
		}
	}
	return needs, cost
}

// expectedPrices are what one new row of each table costs with the parents
// that it is expected to bring along, those of which are kept in proportion to
// how much of their table is.
func (s *schema) expectedPrices() []float64 {
	const generations = 4
	own := make([]float64, len(s.tables))
	for i, t := range s.tables {
		own[i] = t.price()
	}
	prices := own
	for range generations {
		next := slices.Clone(own)
		for _, fk := range s.foreignKeys {
			if len(fk.childHeaps) == 0 || len(fk.parentHeaps) == 0 {
				continue // a partitioned table without a partition has no rows
			}
			child, parent := fk.childHeaps[0].table, fk.parentHeaps[0].table
			if child != parent && !fk.Optional() {
				kept := float64(parent.tally.Rows()) / float64(max(parent.Rows, 1))
				next[child.position] += max(1-kept, 0) * prices[parent.position]
			}
		}
		prices = next
	}
	return prices
}
