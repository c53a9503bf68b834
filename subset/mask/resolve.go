package mask

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Source is what rules are resolved against.
type Source struct {
	Database *catalog.Database
	Details  *catalog.Details
	Keys     []*catalog.ForeignKey // declared in the schema and in the configuration
}

// Resolve finds the rule of each column and what is wrong with the rules:
// every mistake, not only the first. The plan is of the rules that are left.
func Resolve(s Source, rules []Rule, key Key) (*Plan, *Mistakes) {
	r := &resolver{
		source: s, plan: &Plan{key: key, tables: map[*catalog.Table]map[string]*Column{}, refused: map[string]bool{}},
		Mistakes: &Mistakes{rules: rules}, unsound: map[*Column]bool{},
	}
	// Without the rules that are wrong by themselves, so that what is wrong
	// with the others is found in the same run.
	r.assign(slices.DeleteFunc(slices.Clone(rules), r.wrongByItself))
	r.spread()
	r.level()
	r.checkColumns()
	r.checkKeys()
	r.leaveOutUnsound()
	r.plan.sort()
	return r.plan, r.Mistakes
}

type resolver struct {
	source Source
	plan   *Plan

	*Mistakes
	unsound map[*Column]bool // columns whose rules are mistakes
}

func (r *resolver) wrongByItself(rule Rule) bool {
	errs := rule.check()
	for _, err := range errs {
		r.list = append(r.list, mistake{rule.Where, err})
	}
	if len(errs) > 0 {
		r.refuseAll(rule)
	}
	return len(errs) > 0
}

// refuseAll remembers the columns that a wrong rule was meant for: somebody
// has thought of them.
func (r *resolver) refuseAll(rule Rule) {
	for _, t := range r.source.Database.Tables {
		for _, c := range t.Columns {
			if name := t.Name.Dotted() + "." + c.Name; rule.Column == name || !rule.exact() && rule.fits(name) {
				r.plan.refused[name] = true
			}
		}
	}
}

func (r *resolver) leaveOutUnsound() {
	for t, columns := range r.plan.tables {
		for name, c := range columns {
			if r.unsound[c] {
				r.plan.refuse(t, name)
			}
		}
	}
}

// judged notes the columns as unsound when check finds a mistake.
func (r *resolver) judged(check func(), columns ...*Column) {
	before := len(r.list)
	check()
	for _, c := range columns {
		if c != nil && len(r.list) > before {
			r.unsound[c] = true
		}
	}
}

// assign gives each column the rule that names it, or else the first pattern
// that fits.
func (r *resolver) assign(rules []Rule) {
	used := make([]bool, len(rules))
	for _, t := range r.source.Database.Tables {
		for _, c := range t.Columns {
			name := t.Name.Dotted() + "." + c.Name
			i := best(rules, name)
			if i < 0 {
				continue
			}
			if c.Generated {
				if rules[i].exact() {
					r.wrong(rules[i], "mask the columns that it is computed from",
						"the server computes this column of others")
				}
				used[i] = true
				continue
			}
			if !rules[i].exact() && !r.suits(t, c, rules[i]) {
				continue // a pattern such as *.email does not mean a boolean email
			}
			used[i] = true
			r.set(t, c, rules[i], "")
		}
	}
	for i, rule := range rules {
		if !used[i] && rule.exact() && best(rules, rule.Column) == i {
			r.wrong(rule, "columns are named schema.table.column, as in pg_catalog", "the source has no such column%s",
				r.nearest(rule.Column))
		}
	}
}

func best(rules []Rule, column string) int {
	for i, rule := range rules {
		if rule.exact() && rule.Column == column {
			return i
		}
	}
	return slices.IndexFunc(rules, func(rule Rule) bool { return !rule.exact() && rule.fits(column) })
}

// nearest names a column of that name in another table, or another column of
// the table that was meant.
func (r *resolver) nearest(column string) string {
	last := column[strings.LastIndexByte(column, '.')+1:]
	for _, t := range r.source.Database.Tables {
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, last) {
				return fmt.Sprintf("; %s.%s has that name", t.Name.Dotted(), c.Name)
			}
		}
	}
	return ""
}

// suits reports whether a rule can work on a column at all.
func (r *resolver) suits(t *catalog.Table, c catalog.Column, rule Rule) bool {
	k, _ := kindOf(rule.As)
	return k.works(rule, r.fieldOf(t, c).class) || rule.As == "keep" || rule.As == "null"
}

func (r *resolver) set(t *catalog.Table, c catalog.Column, rule Rule, key string) {
	if r.plan.tables[t] == nil {
		r.plan.tables[t] = map[string]*Column{}
	}
	k, _ := kindOf(rule.As)
	f := r.fieldOf(t, c)
	f.part = slices.Index(rule.Date, c.Name)
	r.plan.tables[t][c.Name] = &Column{
		Table: t.Name.Dotted(), Name: c.Name, How: rule.String(), Key: key, rule: rule, kind: k, field: f,
	}
}

// fieldOf says what values the column holds.
func (r *resolver) fieldOf(t *catalog.Table, c catalog.Column) field {
	d := r.source.Details.Columns[t][c.Name]
	f, known := types[d.Base]
	if !known || !d.System && d.Base != "citext" && d.Base != "hstore" {
		f = field{class: other}
	}
	if len(d.Labels) > 0 {
		f = field{class: enum, labels: d.Labels}
	}
	const header = 4 // bytes of the modifiers of lengths and numerics
	switch modifier := d.Modifier - header; {
	case d.Modifier < 0:
	case f.class == text && d.Base != "text":
		f.limit = modifier
	case f.class == decimal && d.Base == "numeric":
		f.scale = modifier & 0x7ff
		f.digits = modifier>>16&0xffff - f.scale
		f.fixed = f.scale <= 1000 // beyond are negative scales
		if f.digits < 0 {
			f.class = other // zeros follow the point, of which no transformer knows
		}
	}
	f.notNull, f.array = c.NotNull, d.Array
	return f
}

// each visits the masked columns in the order of the catalog.
func (r *resolver) each(visit func(t *catalog.Table, c *Column)) {
	for _, t := range r.source.Database.Tables {
		for _, c := range t.Columns {
			if m := r.plan.tables[t][c.Name]; m != nil {
				visit(t, m)
			}
		}
	}
}

// checkColumns looks at each column by itself.
func (r *resolver) checkColumns() {
	r.each(func(t *catalog.Table, c *Column) { r.judged(func() { r.checkType(t, c) }, c) })
}

func (r *resolver) checkType(t *catalog.Table, c *Column) {
	rule := c.rule
	rule.Column = c.Table + "." + c.Name
	switch {
	case rule.As == "keep":
		return
	case rule.As != "sql" && !c.kind.works(rule, c.field.class):
		r.wrong(rule, "", "%s does not work on the type %s", rule.As, typeOf(t, c.Name))
		return
	case slices.Contains(r.source.Details.Routes[t], c.Name):
		r.wrong(rule, "mask other columns, or keep this one",
			"it decides in which partition a row lies, and has to stay")
	case rule.As == "null" && c.field.notNull:
		r.wrong(rule, "use constant, or another transformer", "the column is NOT NULL")
	case c.kind.need != nil && c.field.limit > 0 && c.kind.need(rule) > c.field.limit:
		r.wrong(rule, "use text, token or a constant", "%s needs %d characters and the column holds %d", rule.As,
			c.kind.need(rule), c.field.limit)
	case rule.As == "constant" && c.field.limit > 0 && utf8.RuneCountInString(rule.Value) > c.field.limit:
		r.wrong(rule, "", "the constant is longer than the %d characters that the column holds", c.field.limit)
	case r.source.Database.Encoding == "SQL_ASCII" &&
		!slices.Contains([]string{"null", "constant", "sql", "hash"}, rule.As):
		r.wrong(rule, "null, constant, hash and sql work",
			"the database has the encoding SQL_ASCII, so nobody knows the letters in it")
	}
	r.checkColumn(t, c, rule)
}

func (r *resolver) checkColumn(t *catalog.Table, c *Column, rule Rule) {
	if len(rule.Date) > 0 && c.field.part < 0 {
		r.wrong(rule, "name the columns with the year, the month and the day; this one is one of them",
			"date does not name the column itself")
	}
	for _, name := range append([]string{rule.By, rule.Country}, rule.Date...) {
		if name == "" {
			continue
		}
		i := slices.IndexFunc(t.Columns, func(o catalog.Column) bool { return o.Name == name && !o.Generated })
		if i < 0 {
			r.wrong(rule, "name a column of the same table that is stored", "%s has no column %s", c.Table, name)
		}
	}
	if _, ok := bucketSize(rule, c.field); !ok {
		r.wrong(rule, "dates go to year, month or day, numbers to a number",
			"bucket to %s does not work on the type %s", rule.To, typeOf(t, c.Name))
	}
	for _, u := range r.source.Details.Unique[t] {
		if slices.Contains(u.Columns, c.Name) {
			r.checkUnique(t, c, rule, u)
		}
	}
	r.checkComputed(t, c, rule)
}

func bucketSize(rule Rule, f field) (string, bool) {
	period := slices.Contains([]string{"year", "month", "day"}, rule.To)
	return rule.To, rule.As != "bucket" || period == (f.class == date || f.class == timestamp)
}
