package rehearse

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// Plans tell which plans production's planner would choose in another way after the migration.
type Plans struct {
	Asked   int           `json:"statements"`
	Changed []*PlanChange `json:"changed"` // the worse ones first
}

// A PlanChange is one of a statement that the code sends which runs now.
type PlanChange struct {
	Shape string `json:"statement"`
	Worse bool   `json:"worse"`
	By    int    `json:"by,omitempty"` // the number of the migration's statement; 0: not known
	queryplan.Changes
	PlanBefore *queryplan.Plan `json:"plan_before,omitempty"` // of the worst ones
	PlanAfter  *queryplan.Plan `json:"plan_after,omitempty"`
}

// worseFactor is from which on a plan that costs more is a worse one, whatever else it is.
const worseFactor = 2

// Compare notes which plans change. They are told by the texts of statements.
func (r *Report) Compare(before, after map[string]*queryplan.Plan, large func(relation string) bool) {
	p, texts := &Plans{Changed: []*PlanChange{}}, map[*PlanChange]string{}
	for _, text := range slices.Sorted(maps.Keys(before)) {
		now := after[text]
		if now == nil {
			continue
		}
		p.Asked++
		changes := queryplan.Compare(before[text], now, large)
		worse := changes.Worse(worseFactor) && changes.Factor() > 1
		if !worse && (changes.Same || ofCatalog(before[text])) {
			continue
		}
		c := &PlanChange{Shape: sqltext.Shape(text), Worse: worse, By: r.because(changes), Changes: changes}
		texts[c] = text
		p.Changed = append(p.Changed, c)
	}
	slices.SortStableFunc(p.Changed, func(a, b *PlanChange) int {
		if a.Worse != b.Worse {
			return map[bool]int{true: -1, false: 1}[a.Worse]
		}
		return cmp.Compare(b.Factor(), a.Factor())
	})
	p.keepTrees(before, after, texts)
	r.Plans = p
}

// ofCatalog tells whether a plan reads nothing but the server's catalog, as frameworks do when they start.
func ofCatalog(p *queryplan.Plan) bool {
	all := true
	p.Root.Walk(func(n *queryplan.Node) {
		all = all && (n.Relation == "" || strings.HasPrefix(n.Relation, "pg_catalog."))
	})
	return all
}

// because is the number of the last statement that changes the schema and names an index or a table of the changes.
func (r *Report) because(changes queryplan.Changes) int {
	for _, what := range []func(queryplan.Change) string{
		func(c queryplan.Change) string { return c.Before + c.After },
		func(c queryplan.Change) string { return c.Relation[strings.LastIndexByte(c.Relation, '.')+1:] },
	} {
		for _, s := range slices.Backward(r.Statements) {
			for _, c := range changes.List {
				if name := what(c); c.Kind != queryplan.OtherJoin && changesSchema(s) && sqltext.Names(s.Shape, name) {
					return s.Number
				}
			}
		}
	}
	return 0
}

// worst is the worst plan; nil: none is worse.
func (p *Plans) worst() *PlanChange {
	if p == nil || len(p.Changed) == 0 || !p.Changed[0].Worse {
		return nil
	}
	return p.Changed[0]
}

// Headline says it in a sentence; empty where nobody was asked.
func (p *Plans) Headline() string {
	if p == nil || p.Asked == 0 {
		return ""
	}
	worst := p.worst()
	if worst == nil {
		return fmt.Sprintf("production's planner has no worse plan for any of %s", statements(p.Asked))
	}
	worse := 0
	for _, c := range p.Changed {
		if c.Worse {
			worse++
		}
	}
	text := "1 plan is worse in production: "
	if worse > 1 {
		text = fmt.Sprintf("%d plans are worse in production: ", worse)
	}
	return text + worst.why()
}

func statements(n int) string {
	if n == 1 {
		return "1 statement"
	}
	return document.Number(int64(n)) + " statements"
}

// why is what has changed, or what it costs.
func (c *PlanChange) why() string {
	var all []string
	for _, one := range c.List {
		all = append(all, one.String())
	}
	if len(all) == 0 {
		return fmt.Sprintf("%.1f times the cost", c.Factor())
	}
	return strings.Join(all, ", ")
}

// shownPlans is how many people are shown.
const shownPlans = 20

func (r *Report) planGrid() document.Grid {
	g := document.Grid{}
	g.Add("plan in production", "", "cost", "after", "what", "because of")
	if r.Plans == nil {
		return g
	}
	for _, c := range r.Plans.Changed[:min(len(r.Plans.Changed), shownPlans)] {
		word := "other"
		if c.Worse {
			word = "worse"
		}
		g.Add(sqltext.Short(c.Shape, widest), word, document.Number(int64(c.Before)), document.Number(int64(c.After)),
			c.why(), r.by(c.By))
	}
	return g
}

// by names a statement and its migration; empty: none.
func (r *Report) by(number int) string {
	if number < 1 || number > len(r.Statements) {
		return ""
	}
	text := fmt.Sprintf("statement %d", number)
	if m := r.Statements[number-1].Migration; m != "" {
		text += ", " + m
	}
	return text
}
