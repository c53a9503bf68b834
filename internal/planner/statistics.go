package planner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// statistic is what pg_statistic is to say of a column. Lists are written as arrays of the server.
type statistic struct {
	place
	Masked   bool     `json:"masked"`
	Null     float64  `json:"null"`
	Width    float64  `json:"width"`
	Distinct float64  `json:"distinct"`
	Order    *float64 `json:"order"` // the correlation
	Values   *string  `json:"values"`
	Shares   *string  `json:"shares"`
	Bounds   *string  `json:"bounds"`
	Elements *string  `json:"elements"`
	Within   *string  `json:"within"` // shares of rows with an element
	Counts   *string  `json:"counts"`

	table string
}

// place is which row of pg_statistic it is.
type place struct {
	OID     uint32 `json:"oid"`
	Column  string `json:"column"`
	Inherit bool   `json:"inherit"` // of a partitioned table, with its partitions
}

// columnsSQL are the columns of a list of statistics, with what ANALYZE knows of their types. Types are those below
// domains, which might refuse masked values.
const columnsSQL = `
  FROM pg_catalog.json_to_recordset(%s) AS s (oid bigint, "column" text, inherit bool, masked bool, "null" float8,
       width float8, "distinct" float8, "order" float8, "values" text, shares text, bounds text, elements text, within text,
       counts text)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = s.oid::pg_catalog.oid AND a.attname = s."column" AND a.attnum > 0
   AND NOT a.attisdropped
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type AS b ON b.oid = CASE WHEN t.typbasetype = 0 THEN t.oid ELSE t.typbasetype END`

const forgetSQL = "DELETE FROM pg_catalog.pg_statistic AS p USING (SELECT a.attrelid, a.attnum, s.inherit" +
	columnsSQL + ") AS x WHERE p.starelid = x.attrelid AND p.staattnum = x.attnum AND p.stainherit = x.inherit"

// tellSQL writes statistics as ANALYZE does: 1 are the most common values, 2 the histogram, 3 the correlation, 4 and 5
// what is in arrays. Bounds and elements are sorted by the order of this database.
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_statistic.h
const tellSQL = `
INSERT INTO pg_catalog.pg_statistic (starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct,
       stakind1, staop1, stacoll1, stanumbers1, stavalues1, stakind2, staop2, stacoll2, stanumbers2, stavalues2,
       stakind3, staop3, stacoll3, stanumbers3, stavalues3, stakind4, staop4, stacoll4, stanumbers4, stavalues4,
       stakind5, staop5, stacoll5, stanumbers5, stavalues5)
SELECT a.attrelid, a.attnum, s.inherit, s."null", pg_catalog.round(s.width)::integer, s."distinct",
       k.common, k.common * COALESCE(ops.eq, 0)::bigint, k.common * a.attcollation::bigint, k.shares,
       CASE WHEN k.common > 0 THEN pg_catalog.array_in(s."values"::pg_catalog.cstring, b.oid, -1) END,
       k.histogram, k.histogram / 2 * COALESCE(ops.lt, 0)::bigint, k.histogram / 2 * a.attcollation::bigint, NULL,
       CASE WHEN k.histogram > 0 THEN pg_catalog.array_in(CASE WHEN s.masked OR a.attcollation <> 0
            THEN pg_temp.sorted(s.bounds, b.oid, a.attcollation) ELSE s.bounds END::pg_catalog.cstring, b.oid, -1) END,
       k.correlation, k.correlation / 3 * COALESCE(ops.lt, 0)::bigint, k.correlation / 3 * a.attcollation::bigint,
       CASE WHEN k.correlation > 0 THEN ARRAY[s."order"::real] END, NULL,
       k.elements, k.elements / 4 * COALESCE(of.eq, 0)::bigint, k.elements / 4 * a.attcollation::bigint, m.shares,
       CASE WHEN k.elements > 0 THEN pg_catalog.array_in(m.list::pg_catalog.cstring, b.typelem, -1) END,
       k.counts, k.counts / 5 * COALESCE(of.eq, 0)::bigint, k.counts / 5 * a.attcollation::bigint, k.numbers, NULL` + columnsSQL + `
  LEFT JOIN pg_temp.operators AS ops ON ops.type = b.oid
  LEFT JOIN pg_temp.operators AS of ON of.type = b.typelem AND b.typcategory = 'A'
  CROSS JOIN LATERAL (SELECT CASE WHEN s."values" IS NOT NULL AND ops.eq IS NOT NULL THEN 1 ELSE 0 END AS common,
       s.shares::real[] AS shares, CASE WHEN s.bounds IS NOT NULL AND ops.lt IS NOT NULL THEN 2 ELSE 0 END AS histogram,
       CASE WHEN s."order" IS NOT NULL AND ops.lt IS NOT NULL THEN 3 ELSE 0 END AS correlation,
       CASE WHEN s.elements IS NOT NULL AND of.eq IS NOT NULL THEN 4 ELSE 0 END AS elements,
       CASE WHEN s.counts IS NOT NULL AND of.eq IS NOT NULL THEN 5 ELSE 0 END AS counts, s.counts::real[] AS numbers) AS k
  LEFT JOIN LATERAL pg_temp.elements(s.elements, s.within, b.typelem, a.attcollation) AS m ON k.elements > 0`

// operatorsSQL finds how ANALYZE compares values of a type: by its btree operators, or those of the type that it is in
// their eyes.
const operatorsSQL = `
CREATE TEMPORARY TABLE operators AS
SELECT t.oid AS type, pg_catalog.max(o.amopopr::bigint) FILTER (WHERE o.amopstrategy = 3)::pg_catalog.oid AS eq,
       pg_catalog.max(o.amopopr::bigint) FILTER (WHERE o.amopstrategy = 1)::pg_catalog.oid AS lt
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_opclass AS c ON c.opcintype = CASE
         WHEN t.typtype = 'e' THEN 'pg_catalog.anyenum'::pg_catalog.regtype
         WHEN t.typtype = 'r' THEN 'pg_catalog.anyrange'::pg_catalog.regtype
         WHEN t.typcategory = 'A' THEN 'pg_catalog.anyarray'::pg_catalog.regtype
         WHEN t.oid = 'pg_catalog.varchar'::pg_catalog.regtype THEN 'pg_catalog.text'::pg_catalog.regtype
         WHEN t.oid = 'pg_catalog.cidr'::pg_catalog.regtype THEN 'pg_catalog.inet'::pg_catalog.regtype
         ELSE t.oid END
  JOIN pg_catalog.pg_amop AS o
    ON o.amopfamily = c.opcfamily AND o.amoplefttype = c.opcintype AND o.amoprighttype = c.opcintype
 WHERE c.opcmethod = 403 AND c.opcdefault AND o.amopstrategy IN (1, 3)
 GROUP BY t.oid`

// collateSQL makes the clause of an order.
const collateSQL = `
CREATE FUNCTION pg_temp.collate(coll oid) RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $f$
SELECT COALESCE((SELECT ' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname)
  FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace WHERE c.oid = coll), '')
$f$`

// sortedSQL sorts a list as values of a type.
const sortedSQL = `
CREATE FUNCTION pg_temp.sorted(list text, type oid, coll oid) RETURNS text LANGUAGE plpgsql STRICT
   SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  all_of_them text;
BEGIN
  EXECUTE format('SELECT array_agg(v ORDER BY v%s)::text FROM unnest($1::%s[]) AS v', pg_temp.collate(coll),
    format_type(type, NULL)) INTO all_of_them USING list;
  RETURN all_of_them;
END $f$`

// elementsSQL sorts elements, for the planner to find them, and their shares. What follows the shares stays behind
// them.
const elementsSQL = `
CREATE FUNCTION pg_temp.elements(elements text, within text, type oid, coll oid, OUT list text, OUT shares real[])
   LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  all_shares real[] := within::real[];
  many int;
BEGIN
  EXECUTE format('SELECT array_agg(x.v ORDER BY x.v%1$s)::text, array_agg($2[x.at] ORDER BY x.v%1$s), count(*)
      FROM unnest($1::%2$s[]) WITH ORDINALITY AS x (v, at)', pg_temp.collate(coll), format_type(type, NULL))
    INTO list, shares, many USING elements, all_shares;
  shares := shares || all_shares[many + 1:];
END $f$`

// extendedSQL leaves of extended statistics what does not depend on how many rows there are: the dependencies. A server
// shows those of a table to its owner alone.
const extendedSQL = "UPDATE pg_catalog.pg_statistic_ext_data SET stxdndistinct = NULL, stxdmcv = NULL"

// mostTold is how many columns are told of in one statement.
const mostTold = 500

// putStatistics replaces what ANALYZE has found here by what it has found in the source.
func (d *dresser) putStatistics(ctx context.Context) error {
	for _, sql := range []string{operatorsSQL, "ANALYZE pg_temp.operators", collateSQL, sortedSQL, elementsSQL} {
		if _, err := d.session.Query(ctx, sql); err != nil {
			return err
		}
	}
	var list []statistic
	for _, r := range d.relations {
		if t := d.facts.Table(r.dotted()); t != nil && !r.isIndex() {
			list = append(list, statisticsOf(r, t)...)
		}
	}
	for part := range slices.Chunk(list, mostTold) {
		if err := d.tell(ctx, part); err != nil {
			return err
		}
	}
	_, err := d.session.Query(ctx, extendedSQL)
	return err
}

// tell replaces statistics of columns. Where values do not fit, since a migration may have changed the type, it finds
// the column by halves, and tells figures alone of that.
func (d *dresser) tell(ctx context.Context, list []statistic) error {
	places := make([]place, len(list))
	for i, one := range list {
		places[i] = one.place
	}
	if err := d.send(ctx, forgetSQL, places); err != nil {
		return err
	}
	err := d.send(ctx, tellSQL, list)
	var refused *pgconn.PgError
	switch {
	case !errors.As(err, &refused):
		return err
	case len(list) > 1:
		half := len(list) / 2
		if err := d.tell(ctx, list[:half]); err != nil {
			return err
		}
		return d.tell(ctx, list[half:])
	case list[0].figures():
		return fmt.Errorf("%s.%s: %w", list[0].table, list[0].Column, err)
	}
	one := list[0]
	d.note("%s.%s: values of the source do not fit here, so only figures are taken into account", one.table,
		one.Column)
	one.Values, one.Shares, one.Bounds, one.Elements, one.Within, one.Counts = nil, nil, nil, nil, nil, nil
	return d.tell(ctx, []statistic{one})
}

// send runs a statement on a list.
func (d *dresser) send(ctx context.Context, sql string, list any) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	_, err = d.session.Query(ctx, fmt.Sprintf(sql, sqltext.Literal(string(text))))
	return err
}

// figures reports whether there are no values in it.
func (s statistic) figures() bool { return s.Values == nil && s.Bounds == nil && s.Elements == nil }

func statisticsOf(r relation, t *facts.Table) []statistic {
	var list []statistic
	for _, c := range t.Columns {
		untold := slices.Contains(c.Values, nil) || len(c.Values)+len(c.Bounds) == 0
		if untold && r.Rows > 0 && r.Rows == t.Rows {
			continue // all rows are here: ANALYZE has found what nobody tells
		}
		list = append(list, newStatistic(r, c))
	}
	return list
}

func newStatistic(r relation, c facts.Column) statistic {
	s := statistic{
		place: place{OID: r.OID, Column: c.Name, Inherit: r.Kind == "p"}, Null: c.Null, Width: c.Width,
		Distinct: c.Distinct, Masked: c.Masked, table: r.dotted(),
	}
	if values, shares := c.Told(); len(values) > 0 {
		s.Values, s.Shares = new(array(values)), new(numbers(shares))
	}
	if len(c.Bounds) > 1 {
		s.Bounds = new(array(c.Bounds))
	}
	if c.Correlation != 0 {
		s.Order = &c.Correlation
	}
	if e := c.Elements; e != nil && len(e.Values) > 0 {
		s.Elements, s.Within = new(array(e.Values)), new(numbers(e.Shares))
		if len(e.Counts) > 1 {
			s.Counts = new(numbers(e.Counts))
		}
	}
	return s
}

// array writes texts as an array of the server.
func array(values []string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var b strings.Builder
	for i, v := range values {
		b.WriteString(map[bool]string{true: `{"`, false: `","`}[i == 0])
		b.WriteString(escaped.Replace(v))
	}
	return b.String() + `"}`
}

func numbers(values []float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return "{" + strings.Join(texts, ",") + "}"
}
