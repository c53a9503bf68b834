package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Strategy is how candidate rows of a table are found.
type Strategy int

const (
	Nothing Strategy = iota // no row is sampled
	Every                   // all rows are kept
	Whole                   // all rows are candidates: the table is small
	Scan                    // rows that fulfil the rule's condition: one filtered scan
	Drive                   // children of kept parents, and a sample of blocks
	Blocks                  // a sample of blocks
)

// smallTable is the number of rows up to which every row is a candidate. Then
// the choice is best, and looking up the parents of all of them costs less
// than a tenth of a second.
const smallTable = 20_000

func (s Strategy) describe(driving []*catalog.ForeignKey) string {
	switch s {
	case Nothing:
		return "no row is sampled"
	case Every:
		return "every row is kept"
	case Whole:
		return "every row is a candidate"
	case Scan:
		return "rows that fulfil the condition"
	case Drive:
		names := make([]string, len(driving))
		for i, k := range driving {
			names[i] = k.Name
		}
		return "children of kept rows by " + strings.Join(names, ", ") + "; sample of blocks"
	}
	return "sample of blocks"
}

func (p *Plan) choose(t *TablePlan) (Strategy, []*catalog.ForeignKey) {
	switch {
	case t.Keep.None || t.Rows == 0:
		return Nothing, nil
	case t.Keep.All:
		return Every, nil
	case t.Keep.Where != "":
		return Scan, nil
	}
	driving := p.drivingKeys(t)
	switch {
	case t.Rows <= smallTable:
		return Whole, driving
	case len(driving) > 0:
		return Drive, driving
	}
	return Blocks, nil
}

// cheapScan is the number of rows up to which a table is read for the children
// by a key without an index although other keys have one.
const cheapScan = 1_000_000

// drivingKeys are all keys with an index, behind them those without where a
// scan is cheap; else the one that needs fewest columns compared: one scan
// must do.
func (p *Plan) drivingKeys(t *TablePlan) []*catalog.ForeignKey {
	var indexed, others []*catalog.ForeignKey
	for _, k := range p.ForeignKeys {
		switch {
		case k.Child != t.Table || k.Parent == t.Table:
		case k.Indexed:
			indexed = append(indexed, k)
		default:
			others = append(others, k)
		}
	}
	switch {
	case len(indexed) > 0 && t.Rows > cheapScan:
		return indexed
	case len(indexed) > 0:
		return append(indexed, others...)
	}
	slices.SortStableFunc(others, func(a, b *catalog.ForeignKey) int {
		return cmp.Compare(len(a.ChildColumns), len(b.ChildColumns))
	})
	return others[:min(1, len(others))]
}
