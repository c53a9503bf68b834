package mask

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// checkComputed refuses masks of columns of which others are computed that
// have to stay as they are, or apart.
func (r *resolver) checkComputed(t *catalog.Table, c *Column, rule Rule) {
	for _, g := range r.source.Details.Computed[t] {
		if !slices.Contains(g.Columns, c.Name) {
			continue
		}
		for _, u := range r.source.Details.Unique[t] {
			if slices.Contains(u.Columns, g.Name) {
				r.checkUnique(t, c, rule, spelledOut(u, g))
			}
		}
		k := r.keyOf(t, g.Name)
		switch {
		case k == nil || rule.As == "null" && k.Child == t:
		case rule.Keep != "":
			r.plan.keys = append(r.plan.keys, computedKey{t, g, c, k})
		default:
			r.list = append(r.list, mistake{rule.Where, keyChanged(rule, g, k)})
		}
	}
}

func keyChanged(rule Rule, g catalog.Computed, k *catalog.ForeignKey) error {
	return rule.error("keep the column, or the part of its values that the key is made of, such as keep: domain",
		"%s changes the generated column %s, which is a foreign key: %s", rule.As, g.Name, k)
}

// keyOf is a foreign key that a column of the table is part of, on either
// side; nil for none.
func (r *resolver) keyOf(t *catalog.Table, column string) *catalog.ForeignKey {
	for _, k := range r.source.Keys {
		if k.Child == t && slices.Contains(k.ChildColumns, column) ||
			k.Parent == t && slices.Contains(k.ParentColumns, column) {
			return k
		}
	}
	return nil
}

// spelledOut is an index with the expression of a generated column in place of
// that.
func spelledOut(u catalog.Unique, g catalog.Computed) catalog.Unique {
	u.Plain = false
	u.Columns = append(slices.Clone(u.Columns), g.Columns...)
	u.Keys = slices.Clone(u.Keys)
	for i, key := range u.Keys {
		if key == catalog.Quote(g.Name) || key == g.Name {
			u.Keys[i] = g.SQL
		}
	}
	return u
}

// computedKey is a generated column in a foreign key, and a mask of what it is
// computed of that keeps a part.
type computedKey struct {
	table    *catalog.Table
	computed catalog.Computed
	masked   *Column
	key      *catalog.ForeignKey
}

// Feeds reports whether a part of what is masked in the table is kept for the
// sake of a generated key.
func (p *Plan) Feeds(t *catalog.Table) bool {
	return slices.ContainsFunc(p.keys, func(k computedKey) bool { return k.table == t })
}

// Kept asks whether generated columns of keys are what they were. The rows are
// as they were and masked.
func (p *Plan) Kept(t *catalog.Table, columns []string, raw, masked []byte) []Probe {
	var before, after [][]*string
	var probes []Probe
	for _, k := range p.keys {
		unread := func(name string) bool { return !slices.Contains(columns, name) }
		if k.table != t || slices.ContainsFunc(k.computed.Columns, unread) {
			continue
		}
		if before == nil {
			before, after = table(raw, len(columns)), table(masked, len(columns))
		}
		probes = append(probes, k.probe(columns, before, after))
	}
	return probes
}

func (k computedKey) probe(columns []string, before, after [][]*string) Probe {
	p := Probe{columns: []*Column{k.masked}, changed: &k}
	var was, is, params, aliases []string
	for i, name := range k.computed.Columns {
		at := slices.Index(columns, name)
		for _, side := range []struct {
			list   *[]string
			values [][]*string
			alias  string
		}{{&was, before, "b"}, {&is, after, "a"}} {
			alias := fmt.Sprint(side.alias, i)
			*side.list = append(*side.list,
				fmt.Sprintf("v.%s::%s AS %s", alias, typeOf(k.table, name), catalog.Quote(name)))
			p.Values = append(p.Values, side.values[at])
			params = append(params, fmt.Sprintf("$%d::pg_catalog.text[]", len(p.Values)))
			aliases = append(aliases, alias)
		}
	}
	computed := func(list []string) string {
		return fmt.Sprintf("(SELECT (%s)::pg_catalog.text FROM (SELECT %s OFFSET 0) AS t)", k.computed.SQL,
			strings.Join(list, ", "))
	}
	const sql = "SELECT pg_catalog.bool_and(%s IS NOT DISTINCT FROM %s) " +
		"FROM ROWS FROM (pg_catalog.unnest(%s)) AS v (%s)"
	p.SQL = fmt.Sprintf(sql, computed(was), computed(is), strings.Join(params, "), pg_catalog.unnest("),
		strings.Join(aliases, ", "))
	return p
}
