package catalog

import (
	"github.com/jackc/pgx/v5"
)

// Statistics is what ANALYZE found in one column. The zero value knows
// nothing.
type Statistics struct {
	Distinct    float64 // different values; below 0, their share of the rows with the sign turned
	Null        float64 // share of rows
	Correlation float64 // of the order of the values with that of the rows in the heap, from -1 to 1
	Width       float64 // bytes on average, of values that are not NULL; of a value kept in TOAST only its pointer
}

// Values is the number of different values among so many rows.
func (s Statistics) Values(rows float64) float64 {
	if s.Distinct < 0 {
		return -s.Distinct * rows
	}
	return s.Distinct
}

// statisticsSQL asks the view, not pg_statistic: every role may read it, and
// it shows the columns that the role may read. What ANALYZE found in a
// partition tree as a whole is said of its root, what it found in a table
// without its inheritance children of the table.
const statisticsSQL = `
SELECT c.oid, s.attname::text, s.n_distinct::float8, s.null_frac::float8, COALESCE(s.correlation, 0)::float8, s.avg_width::float8
  FROM pg_catalog.pg_stats AS s
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
 WHERE c.oid = ANY($1) AND s.inherited = (c.relkind = 'p')`

func (r *reader) statistics() query {
	var oids []uint32
	of := map[uint32]map[string]Statistics{}
	for _, t := range r.db.Tables {
		if t.Partitioned {
			t.Statistics = map[string]Statistics{}
			of[t.OID] = t.Statistics
			oids = append(oids, t.OID)
		}
		for _, h := range t.Heaps {
			h.Statistics = map[string]Statistics{}
			of[h.OID] = h.Statistics
			oids = append(oids, h.OID)
		}
	}
	return query{name: "statistics", sql: statisticsSQL, args: []any{oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var column string
		var s Statistics
		err := rows.Scan(&oid, &column, &s.Distinct, &s.Null, &s.Correlation, &s.Width)
		if known := of[oid]; known != nil {
			known[column] = s
		}
		return err
	}}
}
