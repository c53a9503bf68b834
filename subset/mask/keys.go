package mask

import (
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// side is one column that a foreign key joins with another.
type side struct {
	table  *catalog.Table
	column string
}

// pairs visits the columns that foreign keys join.
func (r *resolver) pairs(visit func(k *catalog.ForeignKey, child, parent side)) {
	for _, k := range r.source.Keys {
		for i := range k.ChildColumns {
			visit(k, side{k.Child, k.ChildColumns[i]}, side{k.Parent, k.ParentColumns[i]})
		}
	}
}

func (r *resolver) at(s side) *Column { return r.plan.tables[s.table][s.column] }

func (r *resolver) columnOf(s side) (catalog.Column, bool) {
	i := slices.IndexFunc(s.table.Columns, func(c catalog.Column) bool { return c.Name == s.column })
	if i < 0 {
		return catalog.Column{}, false
	}
	return s.table.Columns[i], true
}

// spread makes the rule of one side of a foreign key hold for the other one
// too, until nothing changes.
func (r *resolver) spread() {
	for changed := true; changed; {
		changed = false
		r.pairs(func(k *catalog.ForeignKey, child, parent side) {
			for _, way := range [][2]side{{child, parent}, {parent, child}} {
				from, to := r.at(way[0]), r.at(way[1])
				c, ok := r.columnOf(way[1])
				if from == nil || to != nil || !ok || from.rule.As == "keep" {
					continue
				}
				r.set(way[1].table, c, from.rule, k.String())
				changed = true
			}
		})
	}
}

// level brings columns that are joined to the same length, until nothing
// changes.
func (r *resolver) level() {
	for changed := true; changed; {
		changed = false
		r.pairs(func(_ *catalog.ForeignKey, child, parent side) {
			a, b := r.at(child), r.at(parent)
			if a != nil && b != nil && leveled(&a.field, &b.field) {
				changed = true
			}
		})
	}
}

// checkKeys refuses masks under which a child would no longer find its
// parent.
func (r *resolver) checkKeys() {
	r.pairs(func(k *catalog.ForeignKey, child, parent side) {
		a, b := r.at(child), r.at(parent)
		r.judged(func() { r.checkSides(k, child, parent) }, a, b)
	})
}

func (r *resolver) checkSides(k *catalog.ForeignKey, child, parent side) {
	a, b := r.at(child), r.at(parent)
	switch {
	case unchanged(a) && unchanged(b):
	case a == nil || b == nil || a.How != b.How || a.rule.Value != b.rule.Value:
		r.disagree(r.sideOf(child), r.sideOf(parent), k)
	default:
		r.checkPair(k, a, b)
	}
}

func unchanged(c *Column) bool { return c == nil || c.rule.As == "keep" }

// leveled gives both fields the smaller room, for which both values are made.
func leveled(a, b *field) bool {
	before := [2]field{*a, *b}
	if limit := min(a.room(), b.room()); limit < a.room() || limit < b.room() {
		a.limit, b.limit = limit, limit
	}
	if most := min(a.max, b.max); a.class == integer && b.class == integer {
		a.max, b.max = most, most
	}
	return a.limit != before[0].limit || b.limit != before[1].limit || a.max != before[0].max || b.max != before[1].max
}

func (r *resolver) sideOf(s side) *Column {
	if c := r.at(s); c != nil {
		return c
	}
	return &Column{Table: s.table.Name.Dotted(), Name: s.column, How: "not masked"}
}

// checkPair refuses transformers whose values depend on more than the value,
// and values that are equal in ways which masking does not know.
func (r *resolver) checkPair(k *catalog.ForeignKey, a, b *Column) {
	rule := a.rule
	rule.Column = a.Table + "." + a.Name
	const advice = "use token, text, uuid, hash or email"
	switch {
	case a.rule.As == "keep" || a.rule.As == "constant" && k.OID == 0:
	case a.rule.As == "sql" || a.rule.By != "" || a.rule.Country != "" || len(a.rule.Date) > 0:
		r.wrong(rule, advice, "%s depends on more than the value, and %s would no longer hold", a.rule.As, k)
	case a.field.class != b.field.class || a.field.folded != b.field.folded || a.field.fixed != b.field.fixed ||
		a.field.scale != b.field.scale:
		r.wrong(rule, advice, "the columns that %s joins have types in which equal values are written differently", k)
	case a.field.class == decimal && !a.field.fixed:
		r.wrong(rule, advice, "equal numbers of the columns that %s joins may be written differently", k)
	case a.field.class == timestamp && typeOf(k.Child, a.Name) != typeOf(k.Parent, b.Name):
		r.wrong(rule, advice, "the columns that %s joins have different types", k)
	case a.field.padded != b.field.padded:
		a.field.padded, b.field.padded = true, true
	}
}
