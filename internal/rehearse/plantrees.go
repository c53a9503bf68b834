package rehearse

import (
	"fmt"
	"html"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// shownTrees is of how many plans that get worse a report has the trees.
const shownTrees = 10

// widestTree bounds a line of a tree on a page, in characters.
const widestTree = 160

// keepTrees keeps both plans of those that get worse, without any literal: a view has some of its own.
func (p *Plans) keepTrees(before, after map[string]*queryplan.Plan, texts map[*PlanChange]string) {
	for _, c := range p.Changed[:min(len(p.Changed), shownTrees)] {
		if text := texts[c]; c.Worse {
			c.PlanBefore, c.PlanAfter = withoutLiterals(before[text]), withoutLiterals(after[text])
		}
	}
}

func withoutLiterals(p *queryplan.Plan) *queryplan.Plan {
	return &queryplan.Plan{Root: nodeWithoutLiterals(p.Root)}
}

func nodeWithoutLiterals(n queryplan.Node) queryplan.Node {
	details, children := n.Details, n.Children
	n.Details, n.Children = nil, nil
	for _, d := range details {
		n.Details = append(n.Details, queryplan.Detail{Name: d.Name, Text: sqltext.Shape(d.Text)})
	}
	for _, child := range children {
		n.Children = append(n.Children, nodeWithoutLiterals(child))
	}
	return n
}

// trees draws the plans that get worse, before and after, for a page.
func (p *Plans) trees() string {
	var b strings.Builder
	if p == nil {
		return ""
	}
	for _, c := range p.Changed {
		if c.PlanBefore == nil || c.PlanAfter == nil {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("<h2>Plans in production that get worse</h2>\n")
		}
		fmt.Fprintf(&b, "<details open><summary><code>%s</code></summary>\n<p>%s</p>\n<div class=\"beside\">\n",
			html.EscapeString(sqltext.Short(c.Shape, widest*4)), html.EscapeString(c.why()))
		for _, side := range []struct {
			name string
			plan *queryplan.Plan
		}{{"before the migration", c.PlanBefore}, {"after it", c.PlanAfter}} {
			g := side.plan.Grid(side.name, widestTree)
			b.WriteString("<div class=\"tree\">" + document.Fragment(g) + "</div>\n")
		}
		b.WriteString("</div></details>\n")
	}
	return b.String()
}
