package mask

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Candidates are rules for a finding which the schema allows: those of
// transformers that mask such values best come first. Where there is none, it
// says why the best does not fit.
func Candidates(s Source, t *catalog.Table, f Finding) (rules []Rule, why string) {
	for _, rule := range conceivable(s, t, f) {
		r := &resolver{source: s, Mistakes: &Mistakes{}, unsound: map[*Column]bool{}}
		switch err := r.allows(t, f.Name, rule); {
		case err == nil:
			rules = append(rules, rule)
		case why == "":
			why = err.Error()
		}
	}
	if len(rules) > 0 {
		return rules, ""
	}
	return nil, first(why, "none takes its type")
}

// conceivable are rules for a finding that have not been tried, without those
// that do not take the type.
func conceivable(s Source, t *catalog.Table, f Finding) []Rule {
	if t.Column(f.Name).Name == "" {
		return nil
	}
	var rules []Rule
	add := func(rule Rule) {
		same := func(o Rule) bool { return o.As == rule.As && o.Keep == rule.Keep }
		r := &resolver{source: s}
		if !slices.ContainsFunc(rules, same) && r.suits(t, t.Column(f.Name), rule) {
			rule.Column = f.Column()
			rules = append(rules, rule)
		}
	}
	for _, as := range []string{f.As, "text", "token", "hash", "email", "url", "noise", "null"} {
		rule := Rule{As: as}
		switch as {
		case "json", "hstore", "xml":
			rule.At = []Rule{{Column: "**", As: "text"}}
		case "shift":
			rule.Days = 365
			if types[typeName(s.Details.Columns[t][f.Name])].class == integer {
				rule.Date = s.dateOf(t, f.Name)
			}
			if len(rule.Date) == 1 {
				rule.Days = 5 * 365 // of a year alone
			}
		}
		add(rule)
		switch as {
		case "email":
			add(Rule{As: as, Keep: "domain"})
		case "url":
			add(Rule{As: as, Keep: "host"})
		}
	}
	if value, empty := emptyOf(t, f.Name, s.Details); empty {
		add(Rule{As: "constant", Value: value})
	}
	return rules
}

// emptyOf is the value of types that have one which says nothing.
func emptyOf(t *catalog.Table, column string, details *catalog.Details) (string, bool) {
	d := details.Columns[t][column]
	switch {
	case d.Array:
		return "{}", true
	case d.System && d.Base == "tsvector", d.Base == "hstore":
		return "", true
	case d.System && types[d.Base].class == jsonText:
		return "{}", true
	case d.System && strings.HasSuffix(d.Base, "multirange"):
		return "{}", true
	case d.System && strings.HasSuffix(d.Base, "range"):
		return "empty", true
	}
	return "", false
}

// allows tries one rule by itself, with what follows of it by foreign keys.
func (r *resolver) allows(t *catalog.Table, column string, rule Rule) error {
	if errs := rule.check(); len(errs) > 0 {
		return errs[0]
	}
	r.plan = &Plan{tables: map[*catalog.Table]map[string]*Column{}}
	r.set(t, t.Column(column), rule, "")
	r.spread()
	r.level()
	r.checkColumns()
	r.checkKeys()
	if r.Any() {
		return r.list[0].err
	}
	return nil
}

// YAML writes the rule as the configuration file has it.
func (r Rule) YAML() string {
	return quoted(r.Column) + ": " + r.value()
}

func (r Rule) value() string {
	if len(r.options()) == 0 {
		if r.As == "null" {
			return `"null"`
		}
		return r.As
	}
	parts := []string{"as: " + r.As}
	if r.As == "null" {
		parts[0] = `as: "null"`
	}
	for _, o := range r.options() {
		if o.name != "at" && o.name != "date" {
			parts = append(parts, fmt.Sprintf("%s: %s", o.name, quoted(o.text)))
		}
	}
	if len(r.Date) > 0 {
		list := make([]string, len(r.Date))
		for i, column := range r.Date {
			list[i] = Quoted(column)
		}
		parts = append(parts, "date: ["+strings.Join(list, ", ")+"]")
	}
	if len(r.At) > 0 {
		var at []string
		for _, inner := range r.At {
			at = append(at, inner.YAML())
		}
		parts = append(parts, "at: {"+strings.Join(at, ", ")+"}")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// quoted is a text as YAML takes it, plain where that is safe.
func quoted(s string) string {
	for _, c := range s {
		if c != '.' && c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') {
			return Quoted(s)
		}
	}
	return s
}

// Quoted is a text in YAML's double quotes.
func Quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
