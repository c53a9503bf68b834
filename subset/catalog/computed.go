package catalog

import (
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Computed is one generated column.
type Computed struct {
	Name    string
	Columns []string // that it is computed of
	SQL     string   // the expression, on unqualified columns
}

// computedSQL lists what an expression reads by its dependencies, which were
// those of the column before version 15 and are those of the expression since.
const computedSQL = `
SELECT a.attrelid, a.attname::text, pg_catalog.pg_get_expr(f.adbin, f.adrelid),
       ARRAY(SELECT DISTINCT o.attname::text FROM pg_catalog.pg_depend AS d
               JOIN pg_catalog.pg_attribute AS o ON o.attrelid = d.refobjid AND o.attnum = d.refobjsubid
              WHERE (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
                     OR d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = f.adrelid AND d.objsubid = f.adnum)
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = f.adrelid AND d.refobjsubid > 0 AND d.refobjsubid <> f.adnum
              ORDER BY 1),
       pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       CASE WHEN a.atttypid IN ('pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.bpchar'::pg_catalog.regtype) THEN a.atttypmod - 4 ELSE -1 END,
       y.typtype = 'd' OR y.typcategory <> 'S'
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
 WHERE a.attrelid = ANY($1) AND a.attgenerated <> '' AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum`

// computed reads generated columns, and what they demand of the columns that
// they are computed of, which is as good as a CHECK constraint on these.
func (d *details) computed() query {
	return query{name: "generated columns", sql: computedSQL, args: []any{d.oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var c Computed
		var demand demand
		err := rows.Scan(&oid, &c.Name, &c.SQL, &c.Columns, &demand.typ, &demand.notNull, &demand.limit, &demand.strict)
		t := d.tables[oid]
		if err != nil || t == nil || t.OID != oid {
			return err
		}
		d.all.Computed[t] = append(d.all.Computed[t], c)
		if sql := demand.check(c.SQL); sql != "" {
			d.all.Checks[t] = append(d.all.Checks[t], Check{Name: c.Name, Of: c.Name, Columns: c.Columns, SQL: sql})
		}
		return nil
	}}
}

// demand is what a generated column takes.
type demand struct {
	typ     string
	notNull bool
	limit   int  // characters, -1 for any number
	strict  bool // the type does not take every text
}

// check is the condition that an expression meets where the column takes it;
// empty where it takes all. An explicit cast would shorten what is too long.
func (d demand) check(expression string) string {
	sql := ""
	if d.strict {
		sql = fmt.Sprintf("((%s)::%s IS NULL) IS NOT NULL", expression, d.typ)
	}
	and := func(condition string) {
		if sql != "" {
			sql += " AND "
		}
		sql += condition
	}
	if d.limit > 0 {
		const fits = "COALESCE(pg_catalog.length(pg_catalog.rtrim((%s)::pg_catalog.text)) " +
			"OPERATOR(pg_catalog.<=) %d, true)"
		and(fmt.Sprintf(fits, expression, d.limit))
	}
	if d.notNull {
		and(fmt.Sprintf("(%s) IS NOT NULL", expression))
	}
	return sql
}
