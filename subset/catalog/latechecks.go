package catalog

import (
	"github.com/jackc/pgx/v5"
)

// LateCheck is a CHECK constraint that PostgreSQL trusts, though the rows that are there may break it by now: it
// depends on the time, or calls a function of the user's, which may read other tables whatever it says of itself.
type LateCheck struct {
	OID        uint32
	Of         Name   // a table or a domain
	OfOID      uint32 // of the table or domain
	Domain     bool
	Name       string
	Definition string // pg_get_constraintdef
	Local      bool   // not only inherited
}

// callsUsers tells in SQL whether an expression, given as its tree, calls a function in a language of users.
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/nodes/primnodes.h (FuncExpr, OpExpr)
func callsUsers(tree string) string { return calls(tree, "l.lanname NOT IN ('internal', 'c')") }

// callsSQL tells so of the language SQL alone, whose functions the planner looks into.
func callsSQL(tree string) string { return calls(tree, "l.lanname = 'sql'") }

func calls(tree, which string) string {
	return `EXISTS (SELECT FROM pg_catalog.regexp_matches(` + tree + `::text, ':(?:op)?funcid (\d+)', 'g') AS f (oids)
              JOIN pg_catalog.pg_proc AS p ON p.oid = f.oids[1]::oid
              JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
             WHERE ` + which + `)`
}

// lateChecksSQL leaves out those of foreign tables and of extensions, and those that are not validated in the source.
var lateChecksSQL = `
SELECT c.oid, n.nspname::text, COALESCE(r.relname, t.typname)::text, COALESCE(r.oid, t.oid), r.oid IS NULL,
       c.conname::text, pg_catalog.pg_get_constraintdef(c.oid), c.conislocal
  FROM pg_catalog.pg_constraint AS c
  LEFT JOIN pg_catalog.pg_class AS r ON r.oid = c.conrelid
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid = c.contypid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = COALESCE(r.relnamespace, t.typnamespace)
 WHERE c.contype = 'c' AND c.convalidated AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND (r.relkind IN ('r', 'p') AND r.relpersistence <> 't' OR t.typtype = 'd')
   AND (c.conbin::text LIKE '%{SQLVALUEFUNCTION %' OR
        ` + calls("c.conbin", "p.provolatile <> 'i' OR l.lanname NOT IN ('internal', 'c')") + `)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                    WHERE e.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
                      AND e.objid IN (c.conrelid, c.contypid) AND e.deptype = 'e')
 ORDER BY 5 DESC, 2, 3, 6`

func (r *reader) lateChecks() query {
	return query{name: "check constraints", sql: lateChecksSQL, scan: func(rows pgx.Rows) error {
		var c LateCheck
		err := rows.Scan(&c.OID, &c.Of.Schema, &c.Of.Name, &c.OfOID, &c.Domain, &c.Name, &c.Definition, &c.Local)
		r.db.LateChecks = append(r.db.LateChecks, c)
		return err
	}}
}
