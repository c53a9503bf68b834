package subset

import (
	"context"
	"errors"
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
 WHERE inherited = EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
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
	if _, err := pgx.ForEachRow(rows, []any{&at[0], &at[1], &at[2], &n}, func() error { distinct[at] = n; return nil }); err != nil {
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
	return slices.ContainsFunc(t.Keys, func(k catalog.Key) bool { return len(k.Columns) == 1 && k.Columns[0] == column })
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

// rowsOf is what a query selects from to see the rows of a table: all its
// partitions, but no inheritance children.
func rowsOf(t *catalog.Table) string {
	if t.Partitioned {
		return t.Name.String()
	}
	return "ONLY " + t.Name.String()
}

// textOf prints values in the same way whatever their type, and compares them
// byte by byte.
func textOf(expression string) string {
	return expression + `::pg_catalog.text COLLATE pg_catalog."C"`
}

// scan counts rows, values that are not NULL and, in the source, rows by
// their place; then the values of columns of low cardinality.
func (r *scoring) scan(ctx context.Context, c *pgx.Conn, m *measured, side int, counted *[]catalog.Count) (tableCount, error) {
	t := r.table(m, side)
	count := tableCount{parts: make([]int64, parts), given: map[string]int64{}, values: map[string]values{}}
	e := extentOf(t)
	for _, h := range t.Heaps {
		at, found, err := readCounts(ctx, c, countSQL(h, m.columns), e.first[h.OID], e.width())
		if err != nil {
			return count, err
		}
		var rows int64
		for i, numbers := range found {
			count.parts[min(max(at[i], 0), parts-1)] += numbers[0]
			rows += numbers[0]
			for n, c := range m.columns {
				count.given[c.name] += numbers[n+1]
			}
		}
		count.rows += rows
		if side == 0 {
			*counted = append(*counted, catalog.Count{Rows: rows, Exact: true})
		}
	}
	return count, r.countValues(ctx, c, m, t, count.values)
}

func extentOf(t *catalog.Table) extent {
	e := extent{first: map[uint32]int64{}}
	for _, h := range t.Heaps {
		e.first[h.OID] = e.pages
		e.pages += h.Pages
	}
	return e
}

// countSQL counts rows of a heap by their part of the table, see extent.part.
// OFFSET keeps the server from reading each row's place twice.
func countSQL(h *catalog.Heap, columns []column) string {
	var names, counts string
	for i, c := range columns {
		names += fmt.Sprintf(", %s AS c%d", catalog.Quote(c.name), i)
		counts += fmt.Sprintf(", pg_catalog.count(c%d)", i)
	}
	return fmt.Sprintf(`SELECT (($1::pg_catalog.int8 + at[0]::pg_catalog.int8) * %d + LEAST(at[1]::pg_catalog.int8, %d)) / $2::pg_catalog.int8, pg_catalog.count(*)%s
  FROM (SELECT ctid::pg_catalog.text::pg_catalog.point AS at%s FROM ONLY %s OFFSET 0) AS t
 GROUP BY 1`, blockRows, blockRows-1, counts, names, h.Name)
}

// readCounts reads rows of numbers, the first of them apart when there is an
// argument by which they are grouped.
func readCounts(ctx context.Context, c *pgx.Conn, sql string, args ...any) (first []int64, counts [][]int64, err error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		found, err := rows.Values()
		if err != nil {
			return nil, nil, err
		}
		var numbers []int64
		for _, v := range found {
			n, ok := v.(int64)
			if !ok {
				return nil, nil, errors.New("a count is no number")
			}
			numbers = append(numbers, n)
		}
		if len(args) > 0 {
			first, numbers = append(first, numbers[0]), numbers[1:]
		}
		counts = append(counts, numbers)
	}
	return first, counts, rows.Err()
}

// columnsAtOnce is how many columns one scan groups by: the server holds a
// hash table for each.
const columnsAtOnce = 16

// countValues counts rows by the values of columns, which the server digests:
// none of them gets here.
func (r *scoring) countValues(ctx context.Context, c *pgx.Conn, m *measured, t *catalog.Table, into map[string]values) error {
	var few []string
	for _, col := range m.columns {
		if col.few {
			few = append(few, col.name)
		}
	}
	for names := range slices.Chunk(few, columnsAtOnce) {
		rows, err := c.Query(ctx, valuesSQL(t, names, r.digests))
		if err != nil {
			return err
		}
		var mask int32
		var digest []byte
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&mask, &digest, &n}, func() error {
			if name := grouped(names, mask); digest != nil && len(into[name]) <= mostValues {
				if into[name] == nil {
					into[name] = values{}
				}
				into[name][string(digest)] = n
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// grouped is the column by which a row of valuesSQL is grouped: the only one
// without a bit in the mask, whose lowest bit is the last column's.
func grouped(names []string, mask int32) string {
	for i, name := range names {
		if mask>>(len(names)-1-i)&1 == 0 {
			return name
		}
	}
	return ""
}

func valuesSQL(t *catalog.Table, names []string, encoding string) string {
	var texts, aliases, sets []string
	for i, name := range names {
		alias := fmt.Sprintf("v%d", i)
		texts = append(texts, textOf(catalog.Quote(name))+" AS "+alias)
		aliases = append(aliases, alias)
		sets = append(sets, "("+alias+")")
	}
	list := strings.Join(aliases, ", ")
	return fmt.Sprintf(`SELECT GROUPING(%s), %s, pg_catalog.count(*)
  FROM (SELECT %s FROM %s) AS t
 GROUP BY GROUPING SETS (%s)`, list, digestOf("COALESCE("+list+", NULL)", encoding), strings.Join(texts, ", "), rowsOf(t), strings.Join(sets, ", "))
}

// digestOf is the same for the same text in databases of different encodings.
func digestOf(text, encoding string) string {
	return fmt.Sprintf("pg_catalog.sha256(pg_catalog.convert_to(%s, %s))", text, catalog.Literal(encoding))
}
