package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// Subset is the part about what to keep.
type Subset struct {
	Curve      plan.Curve
	Mode       plan.Mode
	Tables     map[string]plan.Rule
	Roots      []plan.Root
	References []string
}

func (s *Subset) fields() []field {
	return []field{
		{name: "curve", decode: curve(&s.Curve)},
		{name: "mode", decode: mode(&s.Mode)},
		{name: "tables", decode: entries(func(table string) decodeFunc { return s.table(table) })},
		{name: "roots", decode: entries(func(table string) decodeFunc { return s.root(table) })},
		{name: "references", decode: texts(&s.References)},
	}
}

func curve(into *plan.Curve) decodeFunc {
	return func(d *decoder, n node, where string) {
		points := map[int64]int64{}
		d.pairs(n, where, func(key, value node) {
			var from, kept int64
			if d.integer(key, where, &from) && d.integer(value, fmt.Sprintf("%s.%d", where, from), &kept) {
				points[from] = kept
			}
		})
		if d.failedSince(n) {
			return
		}
		made, err := plan.NewCurve(points)
		if err != nil {
			d.wrap(n, err)
			return
		}
		*into = made
	}
}

func mode(into *plan.Mode) decodeFunc {
	return func(d *decoder, n node, where string) {
		name, ok := d.scalar(n, where, "text")
		if !ok {
			return
		}
		m, err := plan.ParseMode(name)
		if err != nil {
			d.problem(n, fmt.Sprintf("%s: %v", where, err), strings.Join(hint.Of(err), "; "))
		}
		*into = m
	}
}

// root reads the condition, or several, for rows of a table.
func (s *Subset) root(table string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var conditions []string
		texts(&conditions)(d, n, where)
		for _, condition := range conditions {
			s.Roots = append(s.Roots, plan.Root{Table: table, Where: condition})
		}
	}
}

// table reads "all", "none" or {where, rows, share}.
func (s *Subset) table(name string) decodeFunc {
	return func(d *decoder, n node, where string) {
		rule, ok := decodeRule(d, n, where)
		if !ok {
			return
		}
		if !strings.Contains(name, ".") {
			d.problem(n, fmt.Sprintf("%s: table without its schema", where), fmt.Sprintf("write public.%s", name))
			return
		}
		if s.Tables == nil {
			s.Tables = map[string]plan.Rule{}
		}
		s.Tables[name] = rule
	}
}

func ruleFields(rule *plan.Rule) []field {
	return []field{
		{name: "where", decode: text(&rule.Where)},
		{name: "rows", decode: func(d *decoder, n node, where string) {
			if d.integer(n, where, &rule.Rows) && rule.Rows < 1 {
				d.problem(n, fmt.Sprintf("%s: %d is not a number of rows", where, rule.Rows), "use none to keep no row")
			}
		}},
		{name: "share", decode: func(d *decoder, n node, where string) {
			value, ok := d.scalar(n, where, "a number between 0 and 1")
			if !ok {
				return
			}
			share, err := strconv.ParseFloat(value, 64)
			if err != nil || !(share > 0 && share <= 1) {
				d.problem(n, where+": not a share", "a share lies above 0 and is at most 1")
				return
			}
			rule.Share = share
		}},
	}
}

func decodeRule(d *decoder, n node, where string) (rule plan.Rule, ok bool) {
	if n.isMapping() {
		d.mapping(n, where, ruleFields(&rule))
		if rule.Rows > 0 && rule.Share > 0 {
			d.problem(n, where+": rows and share", "keep one of them")
		}
		return rule, !d.failedSince(n)
	}
	value, ok := d.scalar(n, where, "all, none or {where, rows, share}")
	switch {
	case !ok:
		return rule, false
	case value == "all":
		return plan.Rule{All: true}, true
	case value == "none":
		return plan.Rule{None: true}, true
	}
	d.problem(n, where+": not all, none or {where, rows, share}", "")
	return rule, false
}

// Spec returns what the configuration asks to keep of a source.
func (c *Config) Spec(source string) plan.Spec {
	return plan.Spec{
		URL: source, Curve: c.Subset.Curve, Mode: c.Subset.Mode,
		Tables: c.Subset.Tables, Roots: c.Subset.Roots, References: c.Subset.References,
	}
}
