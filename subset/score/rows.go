package score

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

const (
	// About so many rows of a table are found again in the source: enough to
	// place them to half a percent.
	mostFound = 100_000
	findBatch = 5_000 // rows in one query
)

// findRows finds the subset's rows again in the source, by their key, to see
// where they lay.
func (r *scoring) findRows(ctx context.Context) error {
	targets := make(chan *pgx.Conn, len(r.sides[1].Workers))
	for _, c := range r.sides[1].Workers {
		targets <- c
	}
	return r.sides[0].Each(ctx, len(r.tables), func(ctx context.Context, c *pgx.Conn, i int) error {
		defer r.tell()
		m := r.tables[i]
		var target *pgx.Conn
		select {
		case target = <-targets:
			defer func() { targets <- target }()
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.find(ctx, c, target, m); err != nil {
			return fmt.Errorf("find rows of %s: %w", m.plan.Table.Name.Dotted(), err)
		}
		return nil
	})
}

func (r *scoring) find(ctx context.Context, source, target *pgx.Conn, m *measured) error {
	key := keyOf(m.plan.Table, r.twins[m])
	if key == nil || m.subset.rows == 0 || m.source.rows == 0 {
		return nil
	}
	f, err := newFinder(ctx, source, m, key.Columns, key.Name)
	if err != nil {
		return err
	}
	rows, err := target.Query(ctx, keysSQL(r.twins[m], key.Columns, m.subset.rows))
	if err != nil {
		return ofTarget(r.sides[1].Explain(target, err))
	}
	defer rows.Close()
	for rows.Next() {
		texts, err := rows.Values()
		if err != nil {
			return err
		}
		if err := f.add(ctx, texts); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return ofTarget(r.sides[1].Explain(target, err))
	}
	return f.flush(ctx)
}

// keyOf is the key by which rows of both databases are matched: the primary
// key, or a unique one of columns that are never NULL.
func keyOf(source, target *catalog.Table) *catalog.Key {
	for i, k := range source.Keys {
		never := !slices.ContainsFunc(source.Columns,
			func(c catalog.Column) bool { return !c.NotNull && slices.Contains(k.Columns, c.Name) })
		if never && hasColumns(target, k.Columns) {
			return &source.Keys[i]
		}
	}
	return nil
}

// keysSQL asks for the keys of a table's rows, or of about mostFound of them,
// chosen by a digest.
func keysSQL(t *catalog.Table, columns []string, rows int64) string {
	texts := make([]string, len(columns))
	for i, c := range columns {
		texts[i] = catalog.Quote(c) + "::pg_catalog.text"
	}
	sql := fmt.Sprintf("SELECT %s FROM %s", strings.Join(texts, ", "), rowsOf(t))
	if every := (rows + mostFound - 1) / mostFound; every > 1 {
		const digest = `pg_catalog.hashtextextended(pg_catalog.concat_ws('/', %s) COLLATE pg_catalog."C", 0)`
		sql += fmt.Sprintf(" WHERE "+digest+" %% %d = 0", strings.Join(texts, ", "), every)
	}
	return sql
}

// keyTypesSQL asks for the equality of each column of an index, whatever the
// search path.
const keyTypesSQL = `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || o.oprname, pg_catalog.format_type(a.atttypid, a.atttypmod)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
  JOIN pg_catalog.pg_opclass AS oc ON oc.oid = i.indclass[k]
  JOIN pg_catalog.pg_am AS m ON m.oid = oc.opcmethod
  JOIN pg_catalog.pg_amop AS e ON e.amopfamily = oc.opcfamily AND e.amoplefttype = oc.opcintype
                              AND e.amoprighttype = oc.opcintype
                              AND e.amopstrategy = CASE m.amname WHEN 'hash' THEN 1 ELSE 3 END
  JOIN pg_catalog.pg_operator AS o ON o.oid = e.amopopr
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
 WHERE i.indrelid = $1 AND c.relname = $2
 ORDER BY k`

// finder looks rows up by their key, many at once.
type finder struct {
	conn   *pgx.Conn
	m      *measured
	extent extent
	sql    string
	batch  [][]string // by column
}

func newFinder(ctx context.Context, c *pgx.Conn, m *measured, columns []string, index string) (*finder, error) {
	t := m.plan.Table
	rows, err := c.Query(ctx, keyTypesSQL, t.OID, index)
	if err != nil {
		return nil, err
	}
	var operator, typ string
	var arrays, names, equal []string
	_, err = pgx.ForEachRow(rows, []any{&operator, &typ}, func() error {
		n := len(arrays)
		arrays = append(arrays, fmt.Sprintf("pg_catalog.unnest($%d::pg_catalog.text[])", n+1))
		names = append(names, fmt.Sprintf("c%d", n))
		equal = append(equal, fmt.Sprintf("s.%s OPERATOR(%s) k.c%d::%s", catalog.Quote(columns[n]), operator, n, typ))
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.kept = make([]int64, parts)
	return &finder{
		conn: c, m: m, extent: extentOf(t), batch: make([][]string, len(columns)),
		sql: fmt.Sprintf("SELECT s.tableoid, s.ctid FROM %s AS s JOIN ROWS FROM (%s) AS k (%s) ON %s",
			rowsOf(t), strings.Join(arrays, ", "), strings.Join(names, ", "), strings.Join(equal, " AND ")),
	}, nil
}

func (f *finder) add(ctx context.Context, texts []any) error {
	for i, text := range texts {
		s, _ := text.(string)
		f.batch[i] = append(f.batch[i], s)
	}
	if len(f.batch[0]) < findBatch {
		return nil
	}
	return f.flush(ctx)
}

func (f *finder) flush(ctx context.Context) error {
	asked := int64(len(f.batch[0]))
	if asked == 0 {
		return nil
	}
	args := make([]any, len(f.batch))
	for i := range f.batch {
		args[i] = f.batch[i]
		f.batch[i] = nil
	}
	rows, err := f.conn.Query(ctx, f.sql, args...)
	if err != nil {
		return err
	}
	var heap uint32
	var at pgtype.TID
	_, err = pgx.ForEachRow(rows, []any{&heap, &at}, func() error {
		f.m.kept[f.extent.part(heap, int64(at.BlockNumber), int64(at.OffsetNumber))]++
		asked--
		return nil
	})
	f.m.foreign += max(asked, 0)
	return err
}
