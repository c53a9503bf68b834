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
	Check  string // the constraint that is asked about; empty for the types of columns
	SQL    string // gives one truth value, or an error when a value has not the type
	Values []any  // one list of texts for each parameter
}

// Probes asks whether masked rows have the types of their columns and fulfil
// the CHECK constraints that read a masked column.
func (p *Plan) Probes(t *catalog.Table, columns []string, masked []byte, details *catalog.Details) []Probe {
	values := table(masked, len(columns))
	var probes []Probe
	for i, name := range columns {
		if p.tables[t][name] != nil {
			probes = append(probes, probe(t, "", "true", []string{name}, [][]*string{values[i]}))
		}
	}
	for _, c := range details.Checks[t] {
		var read [][]*string
		masks := false
		for _, name := range c.Columns {
			i := slices.Index(columns, name)
			if i < 0 {
				read = nil
				break // a generated column, which has no value yet
			}
			read = append(read, values[i])
			masks = masks || p.tables[t][name] != nil
		}
		if masks && read != nil {
			probes = append(probes, probe(t, c.Name, c.SQL, c.Columns, read))
		}
	}
	return probes
}

// probe passes values as texts, so that none is part of a statement. A NULL
// outcome of a CHECK constraint fulfils it.
func probe(t *catalog.Table, check, condition string, names []string, values [][]*string) Probe {
	var casts, params, aliases []string
	q := Probe{Check: check}
	for i, name := range names {
		casts = append(casts, fmt.Sprintf("v.c%d::%s AS %s", i, typeOf(t, name), catalog.Quote(name)))
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		aliases = append(aliases, fmt.Sprintf("c%d", i))
		q.Values = append(q.Values, values[i])
	}
	tested := fmt.Sprintf("(%s) IS NOT FALSE", condition)
	if check == "" {
		tested = "(t." + catalog.Quote(names[0]) + " IS NULL) IS NOT NULL" // reads the value, so that the cast happens
	}
	q.SQL = fmt.Sprintf("SELECT pg_catalog.bool_and(%s) FROM (SELECT %s FROM ROWS FROM (pg_catalog.unnest(%s)) AS v (%s) OFFSET 0) AS t",
		tested, strings.Join(casts, ", "), strings.Join(params, "), pg_catalog.unnest("), strings.Join(aliases, ", "))
	return q
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

// Of lists the masked columns of a table and how they are masked.
func (p *Plan) Of(t *catalog.Table) []string {
	var list []string
	for _, c := range p.Columns {
		if c.Table == dotted(t.Name) {
			list = append(list, c.Name+" ("+c.How+")")
		}
	}
	return list
}

// Place is where the first rule of the table's columns is written, with a
// colon after it.
func (p *Plan) Place(t *catalog.Table) string {
	for _, c := range p.Columns {
		if c.Table == dotted(t.Name) {
			return whereOf(c.rule)
		}
	}
	return ""
}
