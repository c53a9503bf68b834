package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Details is what only the rewriting of values needs to know of tables.
type Details struct {
	Columns  map[*Table]map[string]ColumnDetail
	Unique   map[*Table][]Unique
	Checks   map[*Table][]Check
	Computed map[*Table][]Computed
	Routes   map[*Table][]string // columns that decide in which partition a row lies
	Objects  bool                // there are large objects in the database
}

// ColumnDetail says more of one column.
type ColumnDetail struct {
	Base     string   // pg_type.typname of the type below all domains; of the elements, where it is an array
	System   bool     // Base is a type of pg_catalog
	Modifier int      // pg_attribute.atttypmod, or that of the domain; -1 when there is none
	Array    bool     // of Base
	Domain   bool     // the type is a domain, or an array of one
	Labels   []string // of an enum
	Loose    bool     // its collation may call different texts equal
	Comment  string
	Default  string // an SQL expression
}

// Unique is one index that keeps rows apart, of the table or of some of its
// partitions.
type Unique struct {
	Name      string
	Columns   []string // that its keys read
	Keys      []string // as SQL: a quoted column name or an expression
	Plain     bool     // every key is a column
	OneNull   bool     // NULLS NOT DISTINCT
	Exclusion bool     // an exclusion constraint, which more than equality may forbid
	Operators []string // of an exclusion constraint, one for each key
}

// Check is one CHECK constraint, or what a generated column demands.
type Check struct {
	Name    string
	Of      string // the generated column; empty for a constraint
	Columns []string
	SQL     string // the condition, on unqualified columns
}

// ReadDetails reads what Read leaves out.
func ReadDetails(ctx context.Context, q Querier, db *Database) (*Details, error) {
	d := &details{
		reader: reader{q: q, db: db}, tables: map[uint32]*Table{},
		all: &Details{
			Columns: map[*Table]map[string]ColumnDetail{}, Unique: map[*Table][]Unique{},
			Checks: map[*Table][]Check{}, Routes: map[*Table][]string{}, Computed: map[*Table][]Computed{},
		},
	}
	for _, t := range db.Tables {
		d.tables[t.OID] = t
		d.oids = append(d.oids, t.OID)
		for _, h := range t.Heaps {
			if h.OID != t.OID {
				d.tables[h.OID] = t
				d.oids = append(d.oids, h.OID)
			}
		}
	}
	err := d.collect(ctx, d.columns(), d.unique(), d.checks(), d.computed(), d.routes(), d.objects())
	return d.all, err
}

type details struct {
	reader
	tables map[uint32]*Table // of tables and of their heaps
	oids   []uint32
	all    *Details
}

// columnDetailsSQL follows domains and arrays down to a type that is neither.
// A collation is not deterministic where it calls different texts equal.
const columnDetailsSQL = `
WITH RECURSIVE type AS (
  SELECT t.oid AS top, t.oid, t.typbasetype, t.typelem, t.typtype, t.typcategory, -1 AS typmod, false AS isarray, false AS domain
    FROM pg_catalog.pg_type AS t
   WHERE t.oid IN (SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = ANY($1) AND attnum > 0)
   UNION ALL
  SELECT d.top, t.oid, t.typbasetype, t.typelem, t.typtype, t.typcategory,
         CASE WHEN d.typtype = 'd' AND d.typmod = -1 THEN p.typtypmod ELSE d.typmod END, d.isarray OR d.typcategory = 'A' AND d.typtype <> 'd', d.domain OR d.typtype = 'd'
    FROM type AS d
    JOIN pg_catalog.pg_type AS p ON p.oid = d.oid
    JOIN pg_catalog.pg_type AS t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.typelem END
   WHERE d.typtype = 'd' OR d.typcategory = 'A')
SELECT a.attrelid, a.attname::text, b.typname::text, b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace,
       CASE WHEN a.atttypmod <> -1 THEN a.atttypmod ELSE type.typmod END, type.isarray, type.domain,
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder),
       COALESCE((SELECT NOT l.collisdeterministic FROM pg_catalog.pg_collation AS l WHERE l.oid = a.attcollation), false),
       COALESCE(pg_catalog.col_description(a.attrelid, a.attnum), ''),
       COALESCE((SELECT pg_catalog.pg_get_expr(f.adbin, f.adrelid) FROM pg_catalog.pg_attrdef AS f
                  WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum AND a.attgenerated = ''), '')
  FROM pg_catalog.pg_attribute AS a
  JOIN type ON type.top = a.atttypid AND type.typtype <> 'd' AND type.typcategory <> 'A'
  JOIN pg_catalog.pg_type AS b ON b.oid = type.oid
 WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped`

func (d *details) columns() query {
	return query{name: "columns", sql: columnDetailsSQL, args: []any{d.oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var name string
		var c ColumnDetail
		err := rows.Scan(&oid, &name, &c.Base, &c.System, &c.Modifier, &c.Array, &c.Domain, &c.Labels, &c.Loose,
			&c.Comment, &c.Default)
		if t := d.tables[oid]; t != nil && t.OID == oid {
			if d.all.Columns[t] == nil {
				d.all.Columns[t] = map[string]ColumnDetail{}
			}
			d.all.Columns[t][name] = c
		}
		return err
	}}
}

// uniqueSQL lists the columns of expressions too: an index depends on them.
// Before version 15 there is no indnullsnotdistinct.
const uniqueSQL = `
SELECT i.indrelid, c.relname::text, i.indisexclusion, i.indexprs IS NULL,
       COALESCE((pg_catalog.to_jsonb(i)->>'indnullsnotdistinct')::bool, false),
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_catalog.pg_depend AS d
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
              WHERE (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
                 OR d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                    AND d.objid = (SELECT k.oid FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')))
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0
              ORDER BY 1),
       ARRAY(SELECT o.oprname::text FROM pg_catalog.pg_constraint AS k, pg_catalog.unnest(k.conexclop) WITH ORDINALITY AS u (oid, n)
               JOIN pg_catalog.pg_operator AS o ON o.oid = u.oid
              WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype = 'x' ORDER BY u.n),
       ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, n, false) FROM pg_catalog.generate_series(1, i.indnkeyatts) AS n ORDER BY n)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = ANY($1) AND (i.indisunique OR i.indisexclusion)
 ORDER BY i.indrelid, c.relname COLLATE "C"`

func (d *details) unique() query {
	return query{name: "unique indexes", sql: uniqueSQL, args: []any{d.oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var u Unique
		err := rows.Scan(&oid, &u.Name, &u.Exclusion, &u.Plain, &u.OneNull, &u.Columns, &u.Operators, &u.Keys)
		if err != nil {
			return err
		}
		t := d.tables[oid]
		d.all.Unique[t] = append(d.all.Unique[t], u)
		return nil
	}}
}

const checksSQL = `
SELECT k.conrelid, k.conname::text,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) AS n JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = n ORDER BY n),
       pg_catalog.pg_get_expr(k.conbin, k.conrelid)
  FROM pg_catalog.pg_constraint AS k
 WHERE k.contype = 'c' AND k.conrelid = ANY($1) AND k.convalidated
 ORDER BY k.conrelid, k.conname COLLATE "C"`

func (d *details) checks() query {
	return query{name: "checks", sql: checksSQL, args: []any{d.oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var c Check
		if err := rows.Scan(&oid, &c.Name, &c.Columns, &c.SQL); err != nil {
			return err
		}
		t := d.tables[oid]
		d.all.Checks[t] = append(d.all.Checks[t], c)
		return nil
	}}
}

// routesSQL takes the columns of expressions from what the table depends on.
const routesSQL = `
SELECT DISTINCT pg_catalog.pg_partition_root(p.partrelid)::pg_catalog.oid, a.attname::text
  FROM pg_catalog.pg_partitioned_table AS p
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum > 0
 WHERE pg_catalog.pg_partition_root(p.partrelid) = ANY($1::pg_catalog.oid[])
   AND (a.attnum = ANY(p.partattrs)
        OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = p.partrelid
                      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.partrelid AND d.refobjsubid = a.attnum))
 ORDER BY 1, 2`

func (d *details) routes() query {
	return query{name: "partitions", sql: routesSQL, args: []any{d.oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var column string
		if err := rows.Scan(&oid, &column); err != nil {
			return err
		}
		if t := d.tables[oid]; t != nil {
			d.all.Routes[t] = append(d.all.Routes[t], column)
		}
		return nil
	}}
}

func (d *details) objects() query {
	const sql = `SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)`
	return query{name: "large objects", sql: sql, scan: func(rows pgx.Rows) error { return rows.Scan(&d.all.Objects) }}
}
