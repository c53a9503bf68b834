package mask

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Plan says how each column is masked. It is a value that nothing changes.
type Plan struct {
	Columns []Column // sorted by table and name; keep is not listed

	key     Key
	tables  map[*catalog.Table]map[string]*Column
	keys    []computedKey
	refused map[string]bool // full names of columns whose rules are mistakes
}

// refuse takes a column's rule out of the plan.
func (p *Plan) refuse(t *catalog.Table, column string) {
	delete(p.tables[t], column)
	p.refused[t.Name.Dotted()+"."+column] = true
}

// Column says how one column is masked.
type Column struct {
	Table string `json:"table"` // schema.table
	Name  string `json:"column"`
	How   string `json:"how"`           // the transformer and its options
	Key   string `json:"key,omitempty"` // the foreign key by which the rule of another column holds for this one

	rule  Rule
	kind  kind
	field field
}

// Masks reports whether any column of the table is masked.
func (p *Plan) Masks(t *catalog.Table) bool { return p != nil && len(p.tables[t]) > 0 }

// Nulls reports whether every value of the column becomes NULL, or the same.
func (p *Plan) Nulls(t *catalog.Table, column string) bool {
	if p == nil {
		return false
	}
	c := p.tables[t][column]
	return c != nil && (c.rule.As == "null" || c.rule.As == "constant")
}

// Expressions lists what to select of the columns: their quoted names, or the
// expression that a rule gives.
func (p *Plan) Expressions(t *catalog.Table, columns []string) []string {
	list := make([]string, len(columns))
	for i, name := range columns {
		list[i] = catalog.Quote(name)
		if p == nil {
			continue
		}
		if c := p.tables[t][name]; c != nil && c.rule.As == "sql" {
			list[i] = "(" + c.rule.Value + ")::" + typeOf(t, name)
		}
	}
	return list
}

func typeOf(t *catalog.Table, name string) string {
	for _, c := range t.Columns {
		if c.Name == name {
			return c.Type
		}
	}
	return "text"
}

// Writer masks rows of the table in COPY text format and writes them to w in
// the order in which they come. Close writes what is left; w stays open.
func (p *Plan) Writer(t *catalog.Table, columns []string, w io.Writer) io.WriteCloser {
	if !p.Masks(t) {
		return unmasked{w}
	}
	return newStream(w, func() *rows { return p.rows(t, columns) })
}

type unmasked struct{ io.Writer }

// Close has nothing left to write.
func (unmasked) Close() error { return nil }

// Block masks whole rows at once.
func (p *Plan) Block(t *catalog.Table, columns []string, raw []byte) ([]byte, error) {
	return p.rows(t, columns).block(raw)
}

func (p *Plan) rows(t *catalog.Table, columns []string) *rows {
	m := &rows{row: row{index: map[string]int{}}, table: t.Name.Dotted()}
	for i, name := range columns {
		m.row.index[name] = i
		if c := p.tables[t][name]; c != nil && c.rule.As != "sql" {
			blind := c.rule.As == "null" || c.rule.As == "constant"
			m.masked = append(m.masked, maskedField{i, c.apply(p.key), blind})
		}
	}
	return m
}

// apply makes the transformer of one column, for one goroutine.
func (c *Column) apply(key Key) apply {
	one := c.kind.make(key, c.field, c.rule)
	inner := one
	if c.field.class == text && c.rule.As != "null" && c.rule.As != "constant" {
		inner = func(r *row, value string) (string, bool) { return c.text(r, value, one) }
	}
	if c.field.array && c.rule.As != "null" && c.rule.As != "constant" {
		return elements(inner)
	}
	return inner
}

// text masks what the column's type takes for one value alike, and leaves
// nothing as nothing: an empty text is nobody's.
func (c *Column) text(r *row, value string, one apply) (string, bool) {
	switch {
	case c.field.folded:
		value = strings.ToLower(value)
	case c.field.padded:
		value = strings.TrimRight(value, " ")
	}
	if value == "" {
		return "", true
	}
	return one(r, value)
}

func (p *Plan) sort() {
	for t, columns := range p.tables {
		for name, c := range columns {
			if c.rule.As == "keep" {
				delete(p.tables[t], name)
				continue
			}
			p.Columns = append(p.Columns, *c)
		}
	}
	slices.SortFunc(p.Columns,
		func(a, b Column) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name)) })
}

// Transformer is the name of the one that masks the column, one of Kinds.
func (c Column) Transformer() string { return c.rule.As }

// String says in one line how the column is masked.
func (c Column) String() string {
	if c.Key != "" {
		return fmt.Sprintf("%s.%s: %s (by %s)", c.Table, c.Name, c.How, c.Key)
	}
	return fmt.Sprintf("%s.%s: %s", c.Table, c.Name, c.How)
}
