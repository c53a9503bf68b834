package score

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

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
func (r *scoring) scan(
	ctx context.Context, c *pgx.Conn, m *measured, side int, counted *[]catalog.Count,
) (tableCount, error) {
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
	return fmt.Sprintf(`SELECT (($1::pg_catalog.int8 + at[0]::pg_catalog.int8) * %d + LEAST(at[1]::pg_catalog.int8, %d))
       / $2::pg_catalog.int8, pg_catalog.count(*)%s
  FROM (SELECT ctid::pg_catalog.text::pg_catalog.point AS at%s FROM ONLY %s OFFSET 0) AS t
 GROUP BY 1`, blockRows, blockRows-1, counts, names, h.Name)
}

// readCounts reads rows of numbers, the first of them apart when there is an
// argument by which they are grouped.
func readCounts(
	ctx context.Context, c *pgx.Conn, sql string, args ...any,
) (first []int64, counts [][]int64, err error) {
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
func (r *scoring) countValues(
	ctx context.Context, c *pgx.Conn, m *measured, t *catalog.Table, into map[string]values,
) error {
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
 GROUP BY GROUPING SETS (%s)`,
		list, digestOf("COALESCE("+list+", NULL)", encoding), strings.Join(texts, ", "), rowsOf(t),
		strings.Join(sets, ", "))
}

// digestOf is the same for the same text in databases of different encodings.
func digestOf(text, encoding string) string {
	return fmt.Sprintf("pg_catalog.sha256(pg_catalog.convert_to(%s, %s))", text, catalog.Literal(encoding))
}
