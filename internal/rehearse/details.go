package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a detail is of.
const (
	detailColumn     = "column"
	detailConstraint = "constraint"
	detailIndex      = "index"
)

// A detail is what the catalog says of a column, a constraint or an index.
type detail struct {
	kind  string
	table uint32
	name  string
	// what is of a column: its type; of a constraint: its kind (pg_constraint.contype); of an index: its schema.
	what       string
	definition string // of a column: its default
	flag       bool   // of a column: NOT NULL; of a constraint: valid; of an index: unique
	made       bool   // of a column: by identity or generation; of an index: by a constraint
}

// details are those of a database.
type details map[string]detail

func (d detail) key() string { return d.kind + " " + strconv.Itoa(int(d.table)) + " " + d.name }

const detailsSQL = `
SELECT 'column', a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
       pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.attidentity <> '' OR a.attgenerated <> ''
  FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', o.conrelid, o.conname, o.contype::text, pg_catalog.pg_get_constraintdef(o.oid), o.convalidated, false
  FROM pg_catalog.pg_constraint AS o WHERE o.conrelid >= 16384 AND o.contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 'index', i.indrelid, c.relname, n.nspname, pg_catalog.pg_get_indexdef(i.indexrelid), i.indisunique,
       EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x'))
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE i.indrelid >= 16384`

func readDetails(ctx context.Context, s Server, database string) (details, error) {
	rows, err := s.Query(ctx, database, detailsSQL)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	all := details{}
	for _, row := range rows {
		if len(row) != 7 {
			return nil, fmt.Errorf("read the catalog: %d columns", len(row))
		}
		table, _ := strconv.ParseUint(row[1], 10, 32)
		yes := func(i int) bool { return strings.HasPrefix(row[i], "t") }
		d := detail{
			kind: row[0], table: uint32(table), name: row[2], what: row[3], definition: row[4], flag: yes(5),
			made: yes(6),
		}
		all[d.key()] = d
	}
	return all, nil
}

// of are the details of one kind that a table has, by name.
func (all details) of(kind string, table uint32) []detail {
	var found []detail
	for _, d := range all {
		if d.kind == kind && d.table == table {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b detail) int { return strings.Compare(a.name, b.name) })
	return found
}

// fresh are those that were not there before.
func (all details) fresh(before details, kind string, table uint32) []detail {
	return slices.DeleteFunc(all.of(kind, table), func(d detail) bool { _, there := before[d.key()]; return there })
}
