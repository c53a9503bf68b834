package score

import (
	"math"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Where rows lie in their table is written as a histogram over equal parts of
// it, in the physical order, which is nearly that of insertion.
const (
	parts     = 1000
	blockRows = 292 // places of rows told apart in a block: 291 fit into 8 kB, and numbers begin at 1
)

// extent is how to number the places of a table's heaps, one after another.
type extent struct {
	first map[uint32]int64 // block of a heap, by OID
	pages int64
}

// width is the number of places that make a part.
func (e extent) width() int64 { return (max(e.pages, 1)*blockRows + parts - 1) / parts }

// part is where a row lies. The same is computed by rowsSQL.
func (e extent) part(heap uint32, block, item int64) int {
	place := (e.first[heap]+block)*blockRows + min(item, blockRows-1)
	return int(min(max(place/e.width(), 0), parts-1))
}

// farthest is the distance of Kolmogorov and Smirnov between the positions of
// two sets of rows: the largest difference, over all places, of the shares of
// rows that lie before it.
func farthest(a, b []int64) float64 {
	var worst float64
	var beforeA, beforeB int64
	allA, allB := sumOf(a), sumOf(b)
	for i := range a {
		beforeA += a[i]
		beforeB += b[i]
		worst = max(worst, math.Abs(ratio(beforeA, allA)-ratio(beforeB, allB)))
	}
	return worst
}

// chance is the distance between a sample and what it was drawn from which
// chance alone exceeds once in a hundred times. A sample without repeats
// strays the less the smaller the part is that was not drawn. For values of
// which many are equal it is on the safe side.
// See https://en.wikipedia.org/wiki/Kolmogorov%E2%80%93Smirnov_test.
func chance(sample int64, undrawn float64) float64 {
	const hundredth = 1.628
	if sample <= 0 {
		return 1
	}
	return min(hundredth*math.Sqrt(max(undrawn, 0)/float64(sample)), 1)
}

func sumOf(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// mostUneven is the number of blocks from which on the rows of a table are
// taken to lie evenly over its blocks, the last of which is rarely full.
const mostUneven = 20

// BlockBias returns how far kept rows of a table are from lying evenly over its
// blocks, nil where that cannot be told. Rows are by heap, in the order of
// pages.
func BlockBias(rows [][]snapshot.Row, pages []int64) *Distance {
	var all, before, kept int64
	for _, n := range pages {
		all += n
	}
	for _, r := range rows {
		kept += int64(len(r))
	}
	if all < mostUneven || kept == 0 {
		return nil
	}
	at := make([]int64, min(all, parts))
	even := make([]int64, len(at))
	for i, heap := range rows {
		for _, r := range heap {
			block := min(before+int64(r.TID().BlockNumber), all-1)
			at[block*int64(len(at))/all]++
		}
		before += pages[i]
	}
	for i := range even {
		even[i] = 1
	}
	return &Distance{Value: rounded(farthest(at, even)), Chance: rounded(chance(kept, 1))}
}

// rounded keeps four digits: more would promise too much, and differ between
// machines.
func rounded(f float64) float64 { return math.Round(f*1e4) / 1e4 }
