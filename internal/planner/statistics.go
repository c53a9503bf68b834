package planner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/facts"
)

// statistic is what pg_statistic is to say of a column.
type statistic struct {
	OID     uint32          `json:"oid"`
	Column  string          `json:"column"`
	Inherit bool            `json:"inherit"` // of a partitioned table, with its partitions
	Null    float64         `json:"null"`
	Width   float64         `json:"width"`
	Order   *float64        `json:"order"` // the correlation
	Values  []string        `json:"values"`
	Shares  []float64       `json:"shares"`
	Bounds  []string        `json:"bounds"`
	Of      *facts.Elements `json:"elements"`

	Distinct float64 `json:"distinct"`
}

// statisticsSQL makes a function that replaces statistics, as ANALYZE writes them, and returns columns whose values do
// not fit, of which it tells figures alone: a migration may have changed the type. Bounds are sorted by the order of
// this database. Types are those below domains, which might refuse masked values.
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_statistic.h
const statisticsSQL = `
CREATE FUNCTION pg_temp.tell(told json) RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  one record;
  slots text[];
  attempt int;
BEGIN
  FOR one IN
    SELECT s.*, a.attnum, a.attcollation, b.oid AS base, b.typcategory = 'A' AND b.typelem <> 0 AS list,
           format_type(b.oid, NULL) AS type, ops.eq, ops.lt, el.oid AS element, format_type(el.oid, NULL) AS element_type,
           elops.eq AS element_eq,
           (SELECT ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(c.collname) FROM pg_collation AS c
              JOIN pg_namespace AS cn ON cn.oid = c.collnamespace WHERE c.oid = a.attcollation) AS collation
      FROM json_to_recordset(told) AS s (oid bigint, "column" text, inherit bool, "null" float8, width float8,
           "distinct" float8, "order" float8, "values" json, shares json, bounds json, elements json)
      JOIN pg_attribute AS a ON a.attrelid = s.oid::oid AND a.attname = s."column" AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_type AS d ON d.oid = t.typbasetype
      JOIN pg_type AS b ON b.oid = COALESCE(d.oid, t.oid)
      LEFT JOIN pg_type AS el ON el.oid = b.typelem AND b.typcategory = 'A'
      LEFT JOIN LATERAL pg_temp.operators(b) AS ops ON true
      LEFT JOIN LATERAL pg_temp.operators(el) AS elops ON true
  LOOP
    FOR attempt IN 1..2 LOOP
      slots := '{}';
      BEGIN
        IF attempt = 1 AND json_array_length(one."values") > 0 AND one.eq IS NOT NULL THEN
          slots := slots || format('1, %s, %s, %L::real[], array_in(%L, %s, -1)', one.eq, one.attcollation,
            (SELECT array_agg(v::real) FROM json_array_elements_text(one.shares) AS v),
            (SELECT array_agg(v) FROM json_array_elements_text(one."values") AS v), one.base);
        END IF;
        IF attempt = 1 AND json_array_length(one.bounds) > 1 AND one.lt IS NOT NULL THEN
          slots := slots || format('2, %s, %s, NULL, array_in(%L, %s, -1)', one.lt, one.attcollation,
            pg_temp.sorted(one.bounds, one.type, one.collation), one.base);
        END IF;
        IF one."order" IS NOT NULL AND one.lt IS NOT NULL THEN
          slots := slots || format('3, %s, %s, ARRAY[%s]::real[], NULL', one.lt, one.attcollation, one."order"::real);
        END IF;
        IF attempt = 1 AND one.elements IS NOT NULL AND one.element_eq IS NOT NULL THEN
          slots := slots || pg_temp.elements(one.elements, one.element, one.element_type, one.element_eq, one.attcollation,
            one.collation);
        END IF;
        WHILE cardinality(slots) < 5 LOOP
          slots := slots || '0, 0, 0, NULL, NULL'::text;
        END LOOP;
        DELETE FROM pg_statistic AS p
         WHERE p.starelid = one.oid::oid AND p.staattnum = one.attnum AND p.stainherit = one.inherit;
        EXECUTE format('INSERT INTO pg_statistic (starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct, '
          'stakind1, staop1, stacoll1, stanumbers1, stavalues1, stakind2, staop2, stacoll2, stanumbers2, stavalues2, '
          'stakind3, staop3, stacoll3, stanumbers3, stavalues3, stakind4, staop4, stacoll4, stanumbers4, stavalues4, '
          'stakind5, staop5, stacoll5, stanumbers5, stavalues5) VALUES (%s, %s, %L, %s, %s, %s, %s)', one.oid, one.attnum,
          one.inherit, one."null"::real, round(one.width)::int, one."distinct"::real, array_to_string(slots, ', '));
        EXIT;
      EXCEPTION WHEN OTHERS THEN
        RETURN NEXT one."column";
      END;
    END LOOP;
  END LOOP;
END $f$`

// operatorsSQL finds how ANALYZE compares values of a type: by its btree operators, or those of the type that it is in
// their eyes.
const operatorsSQL = `
CREATE FUNCTION pg_temp.operators(of pg_catalog.pg_type, OUT eq oid, OUT lt oid) LANGUAGE sql
   SET search_path = pg_catalog, pg_temp AS $f$
SELECT max(o.amopopr::bigint) FILTER (WHERE o.amopstrategy = 3)::oid,
       max(o.amopopr::bigint) FILTER (WHERE o.amopstrategy = 1)::oid
  FROM pg_opclass AS c
  JOIN pg_amop AS o ON o.amopfamily = c.opcfamily AND o.amoplefttype = c.opcintype AND o.amoprighttype = c.opcintype
 WHERE c.opcmethod = 403 AND c.opcdefault AND o.amopstrategy IN (1, 3)
   AND c.opcintype = CASE WHEN of.typtype = 'e' THEN 'anyenum'::regtype WHEN of.typtype = 'r' THEN 'anyrange'::regtype
                          WHEN of.typcategory = 'A' THEN 'anyarray'::regtype
                          WHEN of.oid = 'varchar'::regtype THEN 'text'::regtype
                          WHEN of.oid = 'cidr'::regtype THEN 'inet'::regtype ELSE of.oid END
$f$`

// sortedSQL sorts texts as values of a type.
const sortedSQL = `
CREATE FUNCTION pg_temp.sorted(list json, type text, ordered text) RETURNS text LANGUAGE plpgsql
   SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  all_of_them text;
BEGIN
  EXECUTE format('SELECT array_agg(v ORDER BY v%s)::text FROM (SELECT t::%s AS v FROM json_array_elements_text($1) AS t) AS x',
    ordered, type) INTO all_of_them USING list;
  RETURN all_of_them;
END $f$`

// elementsSQL writes two slots of what is in arrays. Elements are sorted, for the planner to find them.
const elementsSQL = `
CREATE FUNCTION pg_temp.elements(told json, type oid, type_name text, eq oid, coll oid, ordered text) RETURNS text[]
   LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  list text;
  shares real[];
  slots text[] := '{}';
BEGIN
  EXECUTE format('SELECT array_agg(x.v ORDER BY x.v%1$s)::text, array_agg(x.s ORDER BY x.v%1$s)
      FROM (SELECT e.value::%2$s AS v, ($1 -> ''shares'' ->> (e.at - 1)::int)::real AS s
              FROM json_array_elements_text($1 -> ''values'') WITH ORDINALITY AS e (value, at)) AS x', ordered, type_name)
    INTO list, shares USING told;
  shares := shares || ARRAY(SELECT s.value::real FROM json_array_elements_text(told -> 'shares')
      WITH ORDINALITY AS s (value, at) WHERE s.at > json_array_length(told -> 'values') ORDER BY s.at);
  slots := slots || format('4, %s, %s, %L::real[], array_in(%L, %s, -1)', eq, coll, shares, list, type);
  IF json_array_length(told -> 'counts') > 1 THEN
    slots := slots || format('5, %s, %s, %L::real[], NULL', eq, coll,
      ARRAY(SELECT value::real FROM json_array_elements_text(told -> 'counts')));
  END IF;
  RETURN slots;
END $f$`

// extendedSQL leaves of extended statistics what does not depend on how many rows there are: the dependencies. A server
// shows those of a table to its owner alone.
const extendedSQL = "UPDATE pg_catalog.pg_statistic_ext_data SET stxdndistinct = NULL, stxdmcv = NULL"

// putStatistics replaces what ANALYZE has found here by what it has found in the source.
func (d *dresser) putStatistics(ctx context.Context) error {
	for _, sql := range []string{operatorsSQL, sortedSQL, elementsSQL, statisticsSQL} {
		if _, err := d.session.Query(ctx, sql); err != nil {
			return err
		}
	}
	for _, r := range d.relations {
		t := d.facts.Table(r.dotted())
		if t == nil || r.isIndex() {
			continue
		}
		if err := d.tell(ctx, r, t); err != nil {
			return err
		}
	}
	_, err := d.session.Query(ctx, extendedSQL)
	return err
}

func (d *dresser) tell(ctx context.Context, r relation, t *facts.Table) error {
	var list []statistic
	for _, c := range t.Columns {
		if whole := r.Rows > 0 && r.Rows == t.Rows; whole && slices.Contains(c.Values, nil) {
			continue // all rows are here: ANALYZE has found what nobody tells
		}
		list = append(list, newStatistic(r, c))
	}
	if len(list) == 0 {
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	misfits, err := d.session.Query(ctx, "SELECT * FROM pg_temp.tell("+quote(string(text))+")")
	if err != nil {
		return fmt.Errorf("%s: %w", r.dotted(), err)
	}
	for _, row := range misfits {
		d.note("%s.%s: values of the source do not fit here, so only figures are taken into account", r.dotted(),
			row[0])
	}
	return nil
}

func newStatistic(r relation, c facts.Column) statistic {
	s := statistic{
		OID: r.OID, Column: c.Name, Inherit: r.Kind == "p", Null: c.Null, Width: c.Width, Distinct: c.Distinct,
		Bounds: c.Bounds, Of: c.Elements,
	}
	s.Values, s.Shares = c.Told()
	if c.Correlation != 0 {
		s.Order = &c.Correlation
	}
	return s
}
