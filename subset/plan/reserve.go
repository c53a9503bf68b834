package plan

import (
	"math"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// leastReserve is the part of a table's target that is sampled in any case: a
// subset of nothing but what others reference has no childless parents.
const leastReserve = 0.5

// reserve is the part of a table's target to sample before others force rows
// of it. Children are drawn among those of one key's sampled parents, which
// forces nothing by that key; by their other keys they reference any row.
func (p *Plan) reserve(t *TablePlan, position map[*catalog.Table]int) float64 {
	if !t.referenced || t.Target == 0 {
		return 1
	}
	var forced float64
	for _, k := range p.ForeignKeys {
		child := &p.Tables[position[k.Child]]
		if k.Parent == t.Table && k.Child != t.Table && p.leading(child, position) != k {
			forced += t.touched(child.Target)
		}
	}
	return min(max(1-forced/float64(t.Target), leastReserve), 1)
}

// touched is how many rows of a table so many rows reference that do not care
// whether they are kept: the occupancy of as many boxes, when all are alike.
func (t *TablePlan) touched(rows int64) float64 {
	of := float64(max(t.Rows, 1))
	return of * (1 - math.Exp(-float64(rows)/of)) * (1 - float64(t.Target)/of)
}

// leading is the key by whose kept parents children are asked for first.
func (p *Plan) leading(t *TablePlan, position map[*catalog.Table]int) *catalog.ForeignKey {
	var leading *catalog.ForeignKey
	least := math.Inf(1)
	for _, k := range t.Driving {
		parent := &p.Tables[position[k.Parent]]
		share := float64(parent.Target) / float64(max(parent.Rows, 1))
		if w := t.Weight(k, parent.Target, share, t.Target*Surplus); w < least {
			leading, least = k, w
		}
	}
	return leading
}
