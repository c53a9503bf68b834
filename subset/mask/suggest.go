package mask

import (
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Suggest is the rule for a finding: the transformer that masks such values
// best and can keep what the schema promises of the column. It is false when
// none can.
func Suggest(s Source, t *catalog.Table, f Finding) (Rule, bool) {
	for _, as := range []string{f.As, "text", "token", "noise", "null", "constant"} {
		value, empty := emptyOf(t, f.Name, s.Details)
		if as == "constant" && !empty {
			continue
		}
		rule := Rule{Column: f.Column(), As: as}
		switch as {
		case "json", "hstore", "xml":
			rule.At = []Rule{{Column: "**", As: "text"}}
		case "shift":
			rule.Days = 365
		case "constant":
			rule.Value = value
		}
		r := &resolver{source: s, Mistakes: &Mistakes{}, unsound: map[*Column]bool{}}
		if r.allows(t, f.Name, rule) {
			return rule, true
		}
	}
	return Rule{}, false
}

// emptyOf is the value of types that have one which says nothing.
func emptyOf(t *catalog.Table, column string, details *catalog.Details) (string, bool) {
	d := details.Columns[t][column]
	switch {
	case d.Array:
		return "{}", true
	case d.System && d.Base == "tsvector":
		return "", true
	case d.System && strings.HasSuffix(d.Base, "multirange"):
		return "{}", true
	case d.System && strings.HasSuffix(d.Base, "range"):
		return "empty", true
	}
	return "", false
}

// allows tries one rule by itself, with what follows of it by foreign keys.
func (r *resolver) allows(t *catalog.Table, column string, rule Rule) bool {
	i := -1
	for n, c := range t.Columns {
		if c.Name == column {
			i = n
		}
	}
	if i < 0 || len(rule.check()) > 0 || !r.suits(t, t.Columns[i], rule) {
		return false
	}
	r.plan = &Plan{tables: map[*catalog.Table]map[string]*Column{}}
	r.set(t, t.Columns[i], rule, "")
	r.spread()
	r.level()
	r.checkColumns()
	r.checkKeys()
	return !r.Any()
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
		if o.name != "at" {
			parts = append(parts, fmt.Sprintf("%s: %s", o.name, quoted(o.text)))
		}
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
