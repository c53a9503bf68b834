package mask

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Mistakes collects what is wrong with rules, so that all of it is told at
// once.
type Mistakes struct {
	rules []Rule
	list  []mistake
}

// mistake is what is wrong with a rule, and where that rule is.
type mistake struct {
	where string
	err   error
}

// Any reports whether something is wrong.
func (m *Mistakes) Any() bool { return len(m.list) > 0 }

// Err lists the mistakes in the order of the rules; nil when there are none.
func (m *Mistakes) Err() error {
	at := func(one mistake) int {
		if i := slices.IndexFunc(m.rules, func(rule Rule) bool { return rule.Where == one.where }); i >= 0 {
			return i
		}
		return len(m.rules) // rules of the schema
	}
	slices.SortStableFunc(m.list, func(a, b mistake) int { return cmp.Compare(at(a), at(b)) })
	errs := make([]error, len(m.list))
	for i, one := range m.list {
		errs[i] = one.err
	}
	return errors.Join(errs...)
}

// Each hands on what is wrong with which rule, by the Where of the rule.
func (m *Mistakes) Each(do func(where string, err error)) {
	for _, one := range m.list {
		do(one.where, one.err)
	}
}

func (m *Mistakes) wrong(rule Rule, advice, format string, args ...any) {
	m.list = append(m.list, mistake{rule.Where, rule.error(advice, format, args...)})
}

// Refused adds that a server did not take what a probe asked about. What
// says so must not hold a value; it may be empty.
func (m *Mistakes) Refused(p Probe, what string) {
	where := p.columns[0].rule.Where
	for _, c := range p.columns {
		if c.rule.Proposed {
			where = c.rule.Where
		}
	}
	m.list = append(m.list, mistake{where, p.Refusal(what)})
}

// Refusal names the rules that a server did not take the outcome of.
func (p Probe) Refusal(what string) error {
	c := p.columns[0]
	rule := c.rule
	rule.Column = c.Table + "." + c.Name
	if p.changed != nil {
		return keyChanged(rule, p.changed.computed, p.changed.key)
	}
	if p.computed != "" {
		return rule.error("use another transformer, or keep the column",
			"%s gives values of which the generated column %s cannot be computed%s", rule.As, p.computed, what)
	}
	if p.Check == "" {
		return rule.error("use another transformer, or keep the column",
			"%s gives values that the column does not take%s", rule.As, what)
	}
	others := ""
	if len(p.columns) > 1 {
		others = " together with " + strings.Join(names(p.columns[1:]), ", ")
	}
	return rule.error("use another transformer, or keep what the constraint reads",
		"%s%s cannot keep the CHECK constraint %s: masked rows break it%s", rule.As, others, p.Check, what)
}

func names(columns []*Column) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = fmt.Sprintf("%s (%s)", c.Name, c.How)
	}
	return list
}

// Expression adds that the source did not take the expression of a rule of
// the kind sql, and takes the rule out of the plan.
func (m *Mistakes) Expression(p *Plan, t *catalog.Table, column, what string) {
	c := p.tables[t][column]
	rule := c.rule
	rule.Column = c.Table + "." + c.Name
	m.wrong(rule, "the expression is evaluated by the source for each row of the table", "the expression is wrong: %s",
		what)
	p.refuse(t, column)
}

// disagree says which key makes two columns one.
func (m *Mistakes) disagree(a, b *Column, k *catalog.ForeignKey) {
	rule := a.rule
	if rule.Column == "" {
		rule = b.rule
	}
	err := fmt.Errorf("%smask: %s.%s is %s, but %s.%s is %s, and %s joins them", whereOf(rule), a.Table, a.Name, a.How,
		b.Table, b.Name, b.How, k)
	m.list = append(m.list,
		mistake{
			rule.Where,
			hint.Usage(err, "give both the same rule, or only one of them a rule, which then holds for both"),
		})
}

func whereOf(rule Rule) string {
	if rule.Where == "" {
		return ""
	}
	return rule.Where + ": "
}
