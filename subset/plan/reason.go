package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// explain says why the rows of each table are found the way they are.
func (p *Plan) explain() {
	for i := range p.Tables {
		t := &p.Tables[i]
		t.Reason = t.reason()
		if cycle := p.cycleOf(t); cycle != "" {
			t.Reason += "; " + cycle
		}
	}
}

func (t *TablePlan) reason() string {
	rule := "rule " + t.Rule
	switch t.How {
	case Nothing:
		if t.Rows == 0 {
			return "empty"
		}
		return rule
	case Every, Scan:
		if t.How == Scan {
			rule += ": one filtered scan"
		}
		return rule
	}
	why := t.sizeReason()
	if t.Rule != "" {
		return rule + ": " + why
	}
	return why
}

func (t *TablePlan) sizeReason() string {
	switch t.How {
	case Whole:
		return "small: " + document.Number(t.Rows) + " rows"
	case Drive:
		if first := t.Driving[0]; !first.Indexed {
			return fmt.Sprintf("no index on %s: one filtered scan", strings.Join(first.ChildColumns, ", "))
		}
		return drivenBy(t.Driving)
	}
	return "large, without parents: a sample of its blocks"
}

// drivenBy names the parents whose children are candidates, and the indexes
// by which they are found.
func drivenBy(driving []*catalog.ForeignKey) string {
	const most = 2
	var ways []string
	for i, k := range driving {
		if i == most {
			ways = append(ways, fmt.Sprintf("%d more", len(driving)-most))
			break
		}
		index := k.Index
		if !k.Indexed {
			index = "a scan for " + strings.Join(k.ChildColumns, ", ")
		}
		if index == "" {
			index = "the indexes of its partitions"
		}
		ways = append(ways, k.Parent.Name.Dotted()+" by "+index)
	}
	return "children of kept " + strings.Join(ways, ", ")
}

// cycleOf names the tables that are in a cycle with this one.
func (p *Plan) cycleOf(t *TablePlan) string {
	const most = 2
	if t.Cycle == 0 {
		return ""
	}
	var others []string
	for i := range p.Tables {
		if o := &p.Tables[i]; o.Cycle == t.Cycle && o.Table != t.Table {
			others = append(others, o.Schema+"."+o.Name)
		}
	}
	slices.Sort(others)
	if more := len(others) - most; more > 0 {
		others = append(others[:most], fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("in cycle %d with %s", t.Cycle, strings.Join(others, ", "))
}
