package mask

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Sensitive are the columns of one table that are masked, or should be, with
// the transformers that mask them.
type Sensitive map[string]string

// Masked are the columns of a table that a plan masks.
func (p *Plan) Masked(t *catalog.Table) Sensitive {
	s := Sensitive{}
	if p == nil {
		return s
	}
	for name, c := range p.tables[t] {
		if c.rule.As != "keep" {
			s[name] = c.rule.As
		}
	}
	return s
}

// Open lists the columns of a table that are copied as they are without
// anybody having said so.
func (p *Plan) Open(t *catalog.Table, rules []Rule, s Sensitive) []string {
	var open []string
	for _, c := range t.Columns {
		if !c.Generated && s[c.Name] == "" && !p.decided(rules, t, c.Name) {
			open = append(open, c.Name)
		}
	}
	return open
}

// Words finds open columns that hold the words of others: whatever fills a
// tsvector, it is made of the texts of its row.
func Words(t *catalog.Table, details *catalog.Details, open []string, s Sensitive) []Finding {
	var findings []Finding
	for _, name := range open {
		if details.Columns[t][name].Base == "tsvector" && len(s) > 0 {
			findings = append(findings, Finding{
				Table: t.Name.Dotted(), Name: name, Topic: "words of other columns", As: "null", Confidence: 0.8,
				Reason: "its type, and the table has columns with personal data",
			})
		}
	}
	return findings
}

// Copies finds open columns that give sensitive ones away: in one row they
// hold the same, a part of it, a digest of it, or it among other things. raw
// is rows of these columns in COPY text format. No value is in a finding.
func Copies(
	t *catalog.Table, details *catalog.Details, columns []string, raw []byte, open []string, s Sensitive,
) []Finding {
	rows := table(raw, len(columns))
	var originals []original
	for i, name := range columns {
		if d := details.Columns[t][name]; s[name] != "" && single(typeName(d)) && !d.Array {
			originals = append(originals, newOriginal(name, rows[i]))
		}
	}
	var findings []Finding
	if len(originals) == 0 {
		return nil
	}
	for i, name := range columns {
		typname := typeName(details.Columns[t][name])
		if !slices.Contains(open, name) || types[typname].class == boolean {
			continue
		}
		if best := closest(originals, rows[i], types[typname].class); best.share >= fewestCopies {
			findings = append(findings, Finding{
				Table: t.Name.Dotted(), Name: name, Topic: "a copy of " + best.of, As: suited(best.as(s), typname),
				Confidence: max(best.share, Threshold),
				Reason:     fmt.Sprintf("it %s in %.0f %% of the sampled rows", best.how, 100*best.share),
			})
		}
	}
	return findings
}

// fewestCopies is the share of rows from which on a copy is none by chance.
const fewestCopies = 0.2

// single are types whose values are one thing.
func single(typname string) bool {
	switch types[typname].class {
	case text, integer, decimal, date, timestamp, uuid, inet, cidr, mac:
		return true
	}
	return false
}

// likeness says how often a column gives another one away, and how it mostly
// does.
type likeness struct {
	of    string
	how   relation
	share float64
}

// as is the transformer that fits such a copy.
func (l likeness) as(s Sensitive) string {
	switch {
	case l.how == digest:
		return "hash"
	case l.how <= folded && slices.Contains(faithful, s[l.of]):
		return s[l.of]
	}
	return "text"
}

// faithful transformers look at nothing but the value.
var faithful = []string{
	"name", "first_name", "last_name", "company", "email", "username", "url", "phone", "street", "city", "postcode",
	"ip", "mac", "uuid", "iban", "card",
	"text", "hash", "token", "null",
}

func closest(originals []original, values []*string, class class) likeness {
	look := make([]*shown, len(values))
	for i, v := range values {
		if v != nil && *v != "" {
			look[i] = new(newShown(*v, class))
		}
	}
	var best likeness
	for _, o := range originals {
		if l := o.likeness(look); l.share > best.share || l.share == best.share && l.share > 0 && l.how < best.how {
			best = l
		}
	}
	return best
}

func (o *original) likeness(values []*shown) likeness {
	hows, from, to := map[relation]int{}, map[string]bool{}, map[string]bool{}
	both, hits := 0, 0
	for i, v := range values {
		if v == nil || o.texts[i] == nil || o.texts[i].text == "" {
			continue
		}
		both++
		how := o.texts[i].relation(*v)
		if how == unrelated {
			continue
		}
		hits++
		hows[how]++
		from[o.texts[i].text], to[v.text] = true, true
	}
	// The same few values on both sides meet by chance.
	enough := min(3, both)
	if hits == 0 || len(from) < enough || len(to) < enough {
		return likeness{}
	}
	most := unrelated
	for how, n := range hows {
		if n > hows[most] || n == hows[most] && cmp.Less(how, most) {
			most = how
		}
	}
	if most == part && both < 3 {
		return likeness{}
	}
	return likeness{of: o.column, how: most, share: float64(hits) / float64(both)}
}
