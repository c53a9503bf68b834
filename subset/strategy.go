package subset

import (
	"cmp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// strategy is how candidate rows of a table are found.
type strategy int

const (
	nothing strategy = iota // no row is sampled
	every                   // all rows are kept
	whole                   // all rows are candidates: the table is small
	scan                    // rows that fulfil the rule's condition: one filtered scan
	drive                   // children of kept parents, and a sample of blocks
	blocks                  // a sample of blocks
)

// smallTable is the number of rows up to which every row is a candidate. Then
// the choice is best, and looking up the parents of all of them costs less
// than a tenth of a second.
const smallTable = 20_000

func (s strategy) describe(driving []*catalog.ForeignKey) string {
	switch s {
	case nothing:
		return "no row is sampled"
	case every:
		return "every row is kept"
	case whole:
		return "every row is a candidate"
	case scan:
		return "rows that fulfil the condition"
	case drive:
		names := make([]string, len(driving))
		for i, k := range driving {
			names[i] = k.Name
		}
		return "children of kept rows by " + strings.Join(names, ", ") + "; sample of blocks"
	}
	return "sample of blocks"
}

func (p *Plan) choose(t *TablePlan) (strategy, []*catalog.ForeignKey) {
	switch {
	case t.rule.None || t.Rows == 0:
		return nothing, nil
	case t.rule.All:
		return every, nil
	case t.rule.Where != "":
		return scan, nil
	}
	driving := p.drivingKeys(t)
	switch {
	case t.Rows <= smallTable:
		return whole, driving
	case len(driving) > 0:
		return drive, driving
	}
	return blocks, nil
}

// cheapScan is the number of rows up to which a table is read for the children
// by a key without an index although other keys have one.
const cheapScan = 1_000_000

// drivingKeys are all keys with an index, behind them those without where a
// scan is cheap; else the one that needs fewest columns compared: one scan
// must do.
func (p *Plan) drivingKeys(t *TablePlan) []*catalog.ForeignKey {
	var indexed, others []*catalog.ForeignKey
	for _, k := range p.keys {
		switch {
		case k.Child != t.table || k.Parent == t.table:
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
