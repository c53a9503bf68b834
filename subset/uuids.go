package subset

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/reference"
)

// held is what some rows hold in a column that no name leads anywhere.
type held struct {
	table  *catalog.Table
	column string
	uuids  []string
}

// byValue lists columns that hold uuids which are keys of some table, and that
// no name has led anywhere: a uuid is nobody else's, as a number may be.
func (d *detective) byValue(ctx context.Context, named []reference.Candidate) ([]reference.Candidate, error) {
	var samples []held
	for _, t := range d.source.Database.Tables {
		open := d.finder.Nameless(t, named)
		if len(open) == 0 {
			continue
		}
		of, err := d.sample(ctx, t, open)
		if err = d.failed(t.Name.Dotted(), err); err != nil {
			return nil, err
		}
		samples = append(samples, of...)
	}
	if len(samples) == 0 {
		return nil, nil
	}
	var list []reference.Candidate
	for _, key := range d.finder.UUIDKeys() {
		of, err := d.among(ctx, key, samples)
		if err = d.failed(key.Parent.Name.Dotted(), err); err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

// sample reads what some rows of a table hold in columns, where it is a uuid.
func (d *detective) sample(ctx context.Context, t *catalog.Table, columns []catalog.Column) ([]held, error) {
	const each, longer = 20, 37 // values; letters, one more than a uuid has
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = fmt.Sprintf("pg_catalog.left(%s::pg_catalog.text, %d)", catalog.Quote(c.Name), longer)
	}
	rows, err := d.ask(ctx, fmt.Sprintf("SELECT %s FROM %s%s LIMIT %d",
		strings.Join(list, ", "), from(t), sampling(t, scanned), atMost(t, scanned)))
	if err != nil {
		return nil, err
	}
	var of []held
	for i, c := range columns {
		h := held{table: t, column: c.Name}
		for _, row := range rows {
			if value := row[i]; value != "" && len(h.uuids) < each {
				h.uuids = append(h.uuids, value)
			}
		}
		if len(h.uuids) > 0 && !slices.ContainsFunc(h.uuids, func(s string) bool { return !reference.UUID(s) }) {
			of = append(of, h)
		}
	}
	return of, nil
}

// among lists the columns of which at least half of the values are keys of a
// table, with one question for all.
func (d *detective) among(ctx context.Context, key reference.Candidate, samples []held) ([]reference.Candidate, error) {
	var all []string
	for _, h := range samples {
		all = append(all, h.uuids...)
	}
	name := catalog.Quote(key.Key)
	rows, err := d.ask(ctx, fmt.Sprintf("SELECT %s::pg_catalog.text FROM %s WHERE %s OPERATOR(pg_catalog.=) "+
		"ANY ($1::pg_catalog.text[]::pg_catalog.uuid[])", name, from(key.Parent), name), all)
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	for _, row := range rows {
		keys[row[0]] = true
	}
	var list []reference.Candidate
	for _, h := range samples {
		found := 0
		for _, value := range h.uuids {
			if keys[value] {
				found++
			}
		}
		if itself := h.table == key.Parent && h.column == key.Key; !itself && 2*found >= len(h.uuids) {
			c := key
			c.Child, c.Column, c.Why = h.table, h.column, "its values"
			list = append(list, c)
		}
	}
	return list, nil
}
