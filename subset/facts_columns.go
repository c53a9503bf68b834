package subset

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tellable are the types of which values may be told, if anything may. In documents and bytes may be anything, and
// where a tsvector or a range comes from, nobody knows.
var tellable = []string{
	"bool", "int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid", "date", "time", "timetz",
	"timestamp", "timestamptz", "interval", "uuid", "inet", "cidr", "macaddr", "macaddr8", "text", "varchar", "bpchar",
	"citext", "name",
}

// mostStatistics bounds the bytes of values that are asked for: those of the largest tables come first. A number or a
// date is longer as text than it is, and each has a length beside it.
const (
	mostStatistics = 800_000
	overhead       = 8
)

// columnFactsSQL asks for values as text, and of types that may be told alone.
const columnFactsSQL = `
SELECT oid, attname::text, kind, typname::text, null_frac::float8, avg_width::float8, n_distinct::float8,
       COALESCE(correlation, 0)::float8, COALESCE(most_common_freqs, '{}')::float8[],
       COALESCE(CASE WHEN told AND NOT list THEN most_common_vals::text::text[] END, '{}'),
       COALESCE(CASE WHEN told AND NOT list THEN histogram_bounds::text::text[] END, '{}'),
       COALESCE(CASE WHEN told THEN most_common_elems::text::text[] END, '{}'),
       COALESCE(CASE WHEN told THEN most_common_elem_freqs END, '{}')::float8[],
       COALESCE(CASE WHEN told THEN elem_count_histogram END, '{}')::float8[]
  FROM (SELECT x.*, x.tellable AND pg_catalog.sum(x.size) OVER (ORDER BY x.tellable DESC, x.relpages DESC, x.oid, x.attnum)
               <= MOST AS told
          FROM (SELECT c.oid, c.relpages, a.attnum, b.typtype::text AS kind, b.typname, e.oid IS NOT NULL AS list, s.*,
                       b.typtype = 'e' OR (b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace OR b.typname = 'citext')
                       AND b.typname = ANY ('{TELLABLE}') AS tellable,
                       (s.avg_width + OVERHEAD) * (COALESCE(pg_catalog.array_length(s.most_common_freqs, 1), 0)
                       + COALESCE(pg_catalog.array_length(s.histogram_bounds, 1), 0)
                       + COALESCE(pg_catalog.array_length(s.most_common_elem_freqs, 1), 0)) AS size
                  FROM pg_catalog.pg_stats AS s
                  JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
                  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
                  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                  LEFT JOIN pg_catalog.pg_type AS d ON d.oid = t.typbasetype
                  LEFT JOIN pg_catalog.pg_type AS e
                         ON e.oid = COALESCE(d.typelem, t.typelem) AND COALESCE(d.typcategory, t.typcategory) = 'A'
                  JOIN pg_catalog.pg_type AS b ON b.oid = COALESCE(e.oid, d.oid, t.oid)
                 WHERE ` + ofUsers + ` AND s.inherited = (c.relkind = 'p')) AS x) AS y
 ORDER BY oid, attname COLLATE "C"`

func (g *factReader) columns() factQuery {
	sql := strings.NewReplacer("MOST", strconv.Itoa(mostStatistics), "OVERHEAD", strconv.Itoa(overhead), "TELLABLE",
		strings.Join(tellable, ","))
	return factQuery{sql.Replace(columnFactsSQL), func(rows pgx.Rows) error {
		var (
			f          columnFact
			oid        uint32
			kind, name string
		)
		err := rows.Scan(&oid, &f.Name, &kind, &name, &f.Null, &f.Width, &f.Distinct, &f.Correlation, &f.Common,
			&f.common, &f.bounds, &f.elements, &f.shares, &f.counts)
		t := g.table(oid)
		if err != nil || t == nil {
			return err
		}
		f.label, f.text, f.ranged = isLabel(kind, name), isText(name), isRanged(name)
		if c, ok := g.told.column(*t, f); ok {
			t.Columns = append(t.Columns, c)
			g.ended[column{oid, c.Name}] = !c.Masked && f.hasEnds(len(c.Bounds))
		}
		return nil
	}}
}
