package plan

import (
	"math"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// What the walk and its forecast reckon with alike.

const (
	// indexCost is what it costs to find a row by an index, where reading one
	// among its neighbours costs 1: its block has to be found and mapped.
	indexCost = 40

	// emptyCost is what it costs to learn from an index that there is none.
	emptyCost = 12

	// ThinAmong rows whose parents are kept are read for each one taken.
	ThinAmong = 1.6
)

const (
	Surplus       = 3  // candidates for each row wanted, where not all will be free
	FewCandidates = 50 // more, wherever they come from
	Thinning      = 8  // rows read for each row taken from a sample of blocks: neighbours must not dominate
)

// RoomCost is that of a new parent whose table has room, where one that
// overflows costs 1.
const RoomCost = 0.05

const (
	crowded     = 3   // times its target that a table holds before more rows of it count for more
	crowdedCost = 5   // what each of those counts
	small       = 100 // rows, of which a table may hold more than that for nothing
)

// Price is what one more row of a table costs that has so many.
func Price(rows, target float64) float64 {
	switch {
	case target-rows >= 1:
		return RoomCost
	case rows >= crowd(target):
		return crowdedCost
	}
	return 1
}

// crowd is how many rows of a table are a crowd.
func crowd(target float64) float64 { return max(crowded*target, small) }

// Over is what so many more rows of a table count above its target. A dimension is filled by its facts before any of
// these has what it needs: the more it overflows, the less each further row is worth.
func Over(rows, more, target float64) float64 {
	above := func(limit float64) float64 { return min(more, max(rows+more-limit, 0)) }
	return above(target) + (crowdedCost-1)*above(crowd(target))
}

// search is what it takes to find children of parents by a key.
type search struct {
	ByIndex bool
	cost    float64
}

// Search says how children of so many parents, a share of theirs, are found for
// least: by the index of the key, in which each heap is asked about each parent,
// or in a sample of blocks, in which only some rows are of kept parents.
func (t *TablePlan) Search(k *catalog.ForeignKey, parents int64, share float64, want int64) search {
	children := share * float64(t.Rows)
	read := min(float64(t.Rows), float64(want)*ThinAmong/max(share, 1e-9))
	if !k.Indexed {
		return search{cost: read}
	}
	steps := float64(parents) * float64(len(k.ChildHeaps))
	found := steps * (1 - math.Exp(-children/max(steps, 1))) // steps that lead to a child
	near := clustering(k)
	byIndex := (steps-found)*emptyCost + found*indexCost + (children-found)*(near+(1-near)*indexCost)
	return search{byIndex <= read, min(byIndex, read)}
}

// clustering is how much the children of one parent lie together, from 0 to 1: the
// square of the correlation, by which the planner weighs the same.
func clustering(k *catalog.ForeignKey) float64 {
	var sum, pages float64
	for _, h := range k.ChildHeaps {
		c := h.Statistics[k.ChildColumns[0]].Correlation
		sum += c * c * float64(h.Pages)
		pages += float64(h.Pages)
	}
	return sum / max(pages, 1)
}

// Weight is smaller for the key to ask first. Rows whose parents are all kept
// are among the children by each key that every row has: they are found for least
// where that costs least, and where those are not more than can be asked for.
func (t *TablePlan) Weight(k *catalog.ForeignKey, parents int64, share float64, want int64) float64 {
	const last = 1e18
	missed := max(share*float64(t.Rows)/float64(max(want, 1)), 1)
	weight := t.Search(k, parents, share, want).cost * missed
	if k.Optional() {
		weight += last
	}
	return weight
}

// Portion is the part of so many rows that is for one heap of the table.
func (t *TablePlan) Portion(h *catalog.Heap, want int64) int64 {
	var pages int64
	for _, h := range t.Table.Heaps {
		pages += h.Pages
	}
	return int64(float64(want)*float64(h.Pages)/float64(pages)) + 1
}
