package mask

import (
	"cmp"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Unruled lists columns that look sensitive and have no rule, and, once the
// database was scanned, columns that the scan did not see.
func Unruled(s Source, rules []Rule, p *Plan, scanned map[string][]string) []Finding {
	c := NewClassifier()
	details := s.Details
	var findings []Finding
	for _, t := range s.Database.Tables {
		name := t.Name.Dotted()
		sensitive := p.Masked(t)
		for _, column := range t.Columns {
			if column.Generated || p.decided(rules, t, column.Name) {
				continue
			}
			d := details.Columns[t][column.Name]
			f, ok := c.Classify(s.LookAt(t, column.Name))
			switch {
			case details.Objects && d.Base == "oid" && d.System:
				findings = append(findings, Finding{
					Table: name, Name: column.Name, Topic: "large objects", As: "null", Confidence: Threshold,
					Reason: "its type; no mask rewrites what is in them",
				})
			case ok:
				findings = append(findings, f)
				sensitive[column.Name] = f.As
			case scanned != nil && !slices.Contains(scanned[name], column.Name):
				findings = append(findings,
					Finding{Table: name, Name: column.Name, Reason: "appeared since the last scan"})
			}
		}
		findings = append(findings, Words(t, details, p.Open(t, rules, sensitive), sensitive)...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Table, b.Table) })
	return findings
}

func typeName(d catalog.ColumnDetail) string {
	if len(d.Labels) > 0 {
		return "enum"
	}
	return d.Base
}

// decided reports whether somebody has said what becomes of a column.
func (p *Plan) decided(rules []Rule, t *catalog.Table, column string) bool {
	if p != nil && p.tables[t][column] != nil {
		return true
	}
	name := t.Name.Dotted() + "." + column
	i := best(rules, name)
	return i >= 0 && rules[i].As == "keep" || p != nil && p.refused[name]
}

// LookAt is what a column shows without its values.
func (s Source) LookAt(t *catalog.Table, column string) Look {
	d := s.Details.Columns[t][column]
	look := Look{
		Table: t.Name.Dotted(), Name: column, Type: typeName(d), Array: d.Array, Comment: d.Comment,
		Key: s.isKey(t, column),
	}
	const header = 4 // bytes of the modifier of lengths
	if types[look.Type].class == text && d.Modifier > header {
		look.Limit = d.Modifier - header
	}
	return look
}

// isKey reports whether a column is a key of its table by itself, or refers
// to one of another table.
func (s Source) isKey(t *catalog.Table, column string) bool {
	return slices.ContainsFunc(t.Keys, func(k catalog.Key) bool {
		return k.Primary && len(k.Columns) == 1 && k.Columns[0] == column
	}) || slices.ContainsFunc(s.Keys, func(k *catalog.ForeignKey) bool {
		return k.Child == t && slices.Contains(k.ChildColumns, column)
	})
}

// RuleOf is what becomes of a column in the words of the rule that says so;
// empty when none does.
func (p *Plan) RuleOf(t *catalog.Table, column string, rules []Rule) string {
	if c := p.tables[t][column]; c != nil {
		return c.How
	}
	if p.decided(rules, t, column) {
		return "keep"
	}
	return ""
}
