package subset

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// mostEnds bounds the columns whose ends are asked for: those of the largest tables come first.
const mostEnds = 40

// endsSQL lists columns by which an index of a table is ordered. Where a condition goes beyond the bounds of the
// histogram, or near to them, the planner looks there for the lowest and the highest value.
const endsSQL = `
SELECT i.indrelid, n.nspname::text, c.relname::text, a.attname::text
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
 WHERE ` + ofUsers + ` AND c.relkind = 'r' AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL AND a.attnum > 0
 GROUP BY i.indrelid, n.nspname, c.relname, a.attname, c.relpages
 ORDER BY c.relpages DESC, i.indrelid, a.attname COLLATE "C"`

// column names one of a table.
type column struct {
	table uint32
	name  string
}

// end is a column whose ends are asked for.
type end struct {
	column
	of catalog.Name
}

// ends lists the columns whose ends matter, of those that may be told.
func (g *factReader) ends() factQuery {
	return factQuery{endsSQL, func(rows pgx.Rows) error {
		var e end
		if err := rows.Scan(&e.table, &e.of.Schema, &e.of.Name, &e.name); err != nil {
			return err
		}
		if g.ended[e.column] && len(g.asked) < mostEnds {
			g.asked = append(g.asked, e)
		}
		return nil
	}}
}

// hasEnds reports whether the ends of a column may be told: those of texts and labels are no numbers, and masked values
// have an order of their own.
func (f columnFact) hasEnds(told int) bool { return told > 1 && !f.text && !f.label }

// readEnds puts the lowest and the highest value in place of the outermost bounds, as the planner does. The index has
// them; a question that takes longer, since rows at its end are dead, is given up.
func (g *factReader) readEnds() error {
	_, err := g.conn.Exec(g.ctx, "SET LOCAL statement_timeout = '1s'; SET LOCAL enable_seqscan = off; "+
		"SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
	if err != nil {
		return err
	}
	var queries []factQuery
	for _, e := range g.asked {
		name := catalog.Quote(e.name)
		one := fmt.Sprintf("(SELECT t.%s::pg_catalog.text FROM ONLY %s AS t WHERE t.%[1]s IS NOT NULL ORDER BY t.%[1]s",
			name, e.of)
		queries = append(queries, factQuery{"SELECT " + one + " LIMIT 1), " + one + " DESC LIMIT 1)", g.endsOf(e)})
	}
	return g.ask(queries...)
}

func (g *factReader) endsOf(e end) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var lowest, highest *string
		t := g.table(e.table)
		if err := rows.Scan(&lowest, &highest); err != nil || lowest == nil || highest == nil {
			return err
		}
		for i := range t.Columns {
			if c := &t.Columns[i]; c.Name == e.name {
				c.Bounds[0], c.Bounds[len(c.Bounds)-1] = *lowest, *highest
			}
		}
		return nil
	}
}
