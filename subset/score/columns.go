package score

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// statsSQL asks how many values ANALYZE saw in each column: a count, or minus
// a share of the rows.
const statsSQL = `
SELECT schemaname::text, tablename::text, attname::text, n_distinct::float8
  FROM pg_catalog.pg_stats
 WHERE inherited = EXISTS (SELECT FROM pg_catalog.pg_class AS c
                            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                            WHERE n.nspname = schemaname AND c.relname = tablename AND c.relkind = 'p')
   AND n_distinct <> 0`

// chooseColumns picks those of which NULLs and values are counted: by the
// source's statistics, or by its first rows where there are none.
func (r *scoring) chooseColumns(ctx context.Context) error {
	source := r.sides[0]
	distinct := map[[3]string]float64{}
	rows, err := source.Leader.Query(ctx, statsSQL)
	if err != nil {
		return err
	}
	var at [3]string
	var n float64
	if _, err := pgx.ForEachRow(rows, []any{&at[0], &at[1], &at[2], &n},
		func() error { distinct[at] = n; return nil }); err != nil {
		return err
	}
	return source.Each(ctx, len(r.tables), func(ctx context.Context, c *pgx.Conn, i int) error {
		defer r.tell()
		m := r.tables[i]
		unknown := r.candidates(m, distinct)
		return m.sample(ctx, c, unknown)
	})
}

// candidates sets the columns that may be looked at, and returns the positions
// of those of which statistics say nothing.
func (r *scoring) candidates(m *measured, distinct map[[3]string]float64) []int {
	t, keyed := m.plan.Table, r.keyColumns(m.plan.Table)
	var tuples float64
	for _, h := range t.Heaps {
		tuples += max(h.Rows, 0)
	}
	var unknown []int
	for _, c := range t.Columns {
		if !hasColumns(r.twins[m], []string{c.Name}) {
			continue
		}
		n, known := distinct[[3]string{t.Name.Schema, t.Name.Name, c.Name}]
		col := column{name: c.Name, nullable: !c.NotNull, keyed: keyed[c.Name]}
		countable := !identifies(t, c.Name) && !bulky(c.Type)
		col.few = countable && (n > 0 && n <= mostValues || n < 0 && -n*tuples <= mostValues)
		if !countable || known && !col.few {
			if !col.nullable || !col.keyed {
				continue
			}
		} else if !known {
			unknown = append(unknown, len(m.columns))
		}
		m.columns = append(m.columns, col)
	}
	return unknown
}

// keyColumns are those of the table that are part of a foreign key.
func (r *scoring) keyColumns(t *catalog.Table) map[string]bool {
	columns := map[string]bool{}
	for _, k := range r.sides[0].Database.ForeignKeys {
		for _, c := range k.ChildColumns {
			columns[c] = columns[c] || k.Child == t
		}
	}
	return columns
}

// identifies reports whether the values of a column are unique.
func identifies(t *catalog.Table, column string) bool {
	return slices.ContainsFunc(t.Keys,
		func(k catalog.Key) bool { return len(k.Columns) == 1 && k.Columns[0] == column })
}

// bulky types hold documents, not values to choose from.
func bulky(typ string) bool {
	return strings.HasSuffix(typ, "]") || slices.Contains([]string{"json", "jsonb", "xml", "bytea", "tsvector"}, typ)
}

func hasColumns(t *catalog.Table, columns []string) bool {
	for _, c := range columns {
		if !slices.ContainsFunc(t.Columns, func(has catalog.Column) bool { return has.Name == c }) {
			return false
		}
	}
	return true
}

// sampleRows is how many rows are looked at to rule out columns with many
// values. Those that remain are counted in full and may still be ruled out.
const sampleRows = 1000

// sample rules out columns of which already the first rows have many values.
func (m *measured) sample(ctx context.Context, c *pgx.Conn, unknown []int) error {
	if len(unknown) == 0 {
		return nil
	}
	counts, names := make([]string, len(unknown)), make([]string, len(unknown))
	for i, n := range unknown {
		names[i] = catalog.Quote(m.columns[n].name)
		counts[i] = fmt.Sprintf("pg_catalog.count(DISTINCT %s)", textOf(names[i]))
	}
	sql := fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s LIMIT %d) AS t",
		strings.Join(counts, ", "), strings.Join(names, ", "), rowsOf(m.plan.Table), sampleRows)
	_, found, err := readCounts(ctx, c, sql)
	if err != nil {
		return fmt.Errorf("look for values of %s: %w", m.plan.Table.Name.Dotted(), err)
	}
	for i, n := range unknown {
		m.columns[n].few = found[0][i] > 0 && found[0][i] <= mostValues
	}
	return nil
}
