package mask

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Probe is a question to a server: does it take these masked values?
type Probe struct {
	Check  string // the constraint that is asked about; empty for the type of a column
	SQL    string // gives one truth value, or an error when a value has not the type
	Values []any  // one list of texts for each parameter

	computed string       // the generated column that Check is about
	changed  *computedKey // asks whether it is what it was
	columns  []*Column    // masked ones that are asked about
	id       string       // the same for each probe about this constraint, or type
	proves   bool         // the values are all that there can be
}

// Proof is what probes have shown to hold for every value that there can be.
type Proof map[string]bool

// Add notes that the server took the values of a probe.
func (f Proof) Add(p Probe) {
	if p.proves {
		f[p.id] = true
	}
}

// Settle notes that nobody needs to ask again: the answer was no.
func (f Proof) Settle(p Probe) { f[p.id] = true }

// Reads lists the columns without which nobody can say whether masked rows
// of the table are what its columns and CHECK constraints take. Those whose
// full names are left out are never among them.
func (p *Plan) Reads(t *catalog.Table, details *catalog.Details, leftOut map[string]bool) []string {
	wanted := map[string]bool{}
	for name, c := range p.tables[t] {
		for _, read := range append([]string{name, c.rule.By, c.rule.Country}, c.rule.Date...) {
			wanted[read] = true
		}
	}
	for _, c := range details.Checks[t] {
		if slices.ContainsFunc(c.Columns, func(name string) bool { return p.tables[t][name] != nil }) {
			for _, name := range c.Columns {
				wanted[name] = true
			}
		}
	}
	for _, k := range p.keys {
		for _, name := range k.computed.Columns {
			wanted[name] = wanted[name] || k.table == t
		}
	}
	var list []string
	for _, c := range t.Columns {
		if wanted[c.Name] && !c.Generated && !leftOut[t.Name.Dotted()+"."+c.Name] {
			list = append(list, c.Name)
		}
	}
	return list
}

// Probes asks whether masked rows have the types of their columns and fulfil
// the CHECK constraints that read a masked column, save what is proved.
func (p *Plan) Probes(
	t *catalog.Table, columns []string, masked []byte, details *catalog.Details, proved Proof,
) []Probe {
	values := table(masked, len(columns))
	var probes []Probe
	for _, q := range p.questions(t, details) {
		lists := make([][]*string, len(q.reads))
		known := !proved[q.id]
		for i, name := range q.reads {
			at := slices.Index(columns, name)
			if known = known && at >= 0; known { // else generated, and without a value yet, or not to be read
				lists[i] = values[at]
			}
		}
		if known {
			probes = append(probes, q.of(lists, false))
		}
	}
	return probes
}

// Spaces asks the same about values that need no row: all that a transformer
// can give, where it takes them from a list, or else some of them.
func (p *Plan) Spaces(t *catalog.Table, details *catalog.Details) []Probe {
	var probes []Probe
	for _, q := range p.questions(t, details) {
		if len(q.reads) != 1 || len(q.masked) != 1 {
			continue
		}
		if values, all := q.masked[0].space(p.key); len(values) > 0 {
			probes = append(probes, q.of([][]*string{values}, all))
		}
	}
	return probes
}

// Doubtful reports whether rows of the table are to be looked at as they are
// masked: a CHECK constraint or a domain may refuse one, and nothing proves
// that it never does. What a type takes shows in a few rows.
func (p *Plan) Doubtful(t *catalog.Table, details *catalog.Details, proved Proof) bool {
	return p.Masks(t) && slices.ContainsFunc(p.questions(t, details), func(q question) bool {
		return !proved[q.id] && (q.check != "" || details.Columns[t][q.reads[0]].Domain)
	})
}

// question is what is to be asked of some columns of a table, whatever their
// values.
type question struct {
	table    *catalog.Table
	check    string // the name of a constraint, or empty
	computed string // the generated column that demands it
	sql      string // its condition
	reads    []string
	masked   []*Column // of these
	id       string
}

func (p *Plan) questions(t *catalog.Table, details *catalog.Details) []question {
	var list []question
	for _, c := range t.Columns {
		if m := p.tables[t][c.Name]; m != nil {
			list = append(list,
				question{
					table: t, sql: "true", reads: []string{c.Name}, masked: []*Column{m},
					id: t.Name.Dotted() + "." + c.Name,
				})
		}
	}
	for _, c := range details.Checks[t] {
		q := question{
			table: t, check: c.Name, computed: c.Of, sql: c.SQL, reads: c.Columns,
			id: t.Name.Dotted() + ": " + c.Name + ": " + c.SQL,
		}
		for _, name := range c.Columns {
			if m := p.tables[t][name]; m != nil {
				q.masked = append(q.masked, m)
			}
		}
		if len(q.masked) > 0 {
			list = append(list, q)
		}
	}
	return list
}

// of passes values as texts, so that none is part of a statement. A NULL
// outcome of a CHECK constraint fulfils it.
func (q question) of(values [][]*string, all bool) Probe {
	var casts, params, aliases []string
	p := Probe{Check: q.check, computed: q.computed, columns: q.masked, id: q.id, proves: all}
	for i, name := range q.reads {
		casts = append(casts, fmt.Sprintf("v.c%d::%s AS %s", i, typeOf(q.table, name), catalog.Quote(name)))
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		aliases = append(aliases, fmt.Sprintf("c%d", i))
		p.Values = append(p.Values, values[i])
	}
	tested := fmt.Sprintf("(%s) IS NOT FALSE", q.sql)
	if q.check == "" {
		// reads the value, so that the cast happens
		tested = "(t." + catalog.Quote(q.reads[0]) + " IS NULL) IS NOT NULL"
	}
	p.SQL = fmt.Sprintf("SELECT pg_catalog.bool_and(%s) FROM (SELECT %s FROM ROWS FROM (pg_catalog.unnest(%s)) AS "+
		"v (%s) OFFSET 0) AS t",
		tested, strings.Join(casts, ", "), strings.Join(params, "), pg_catalog.unnest("), strings.Join(aliases, ", "))
	return p
}

// table turns rows into columns.
func table(masked []byte, columns int) [][]*string {
	values := make([][]*string, columns)
	for line := range bytes.Lines(masked) {
		for i, f := range bytes.Split(bytes.TrimSuffix(line, []byte("\n")), []byte("\t")) {
			var value *string
			if !isNull(f) {
				text := unescape(f)
				value = &text
			}
			values[i] = append(values[i], value)
		}
	}
	return values
}

// Evaluated lists the columns of a table whose rules are SQL expressions.
func (p *Plan) Evaluated(t *catalog.Table) []string {
	var list []string
	for _, c := range t.Columns {
		if m := p.tables[t][c.Name]; m != nil && m.rule.As == "sql" {
			list = append(list, c.Name)
		}
	}
	return list
}
