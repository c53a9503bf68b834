package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Passage is a text of the schema that may quote values: a default, a comment,
// the body of a view.
type Passage struct {
	Place string // such as "comment on column public.users.email"
	Text  string // an SQL expression, a statement, or the comment itself
}

// ReadPassages lists, by place, all texts that a dump of the schema holds and
// that somebody has written.
func ReadPassages(ctx context.Context, q Querier, version int) ([]Passage, error) {
	body := "''"
	if version >= 140000 {
		body = "pg_catalog.pg_get_function_sqlbody(p.oid)"
	}
	sql := `SELECT p.place, COALESCE(p.text, '') FROM (` + passagesSQL + functionsSQL(body) +
		`) AS p (place, text) ORDER BY p.place COLLATE "C", p.text COLLATE "C"`
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Passage])
}

// passagesSQL leaves out what extensions bring along: nobody of the source's
// has written that.
const passagesSQL = `
WITH member AS (
  SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND deptype = 'e'),
space AS (
  SELECT oid, nspname::text AS name FROM pg_catalog.pg_namespace
   WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'),
relation AS (
  SELECT c.oid, n.name || '.' || c.relname AS name, c.relkind, c.relpartbound
    FROM pg_catalog.pg_class AS c JOIN space AS n ON n.oid = c.relnamespace
   WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)),
type AS (
  SELECT t.oid, n.name || '.' || t.typname AS name, t.typtype, t.typdefault
    FROM pg_catalog.pg_type AS t JOIN space AS n ON n.oid = t.typnamespace
   WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid))
SELECT 'default of ' || c.name || '.' || a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
  FROM pg_catalog.pg_attrdef AS d
  JOIN relation AS c ON c.oid = d.adrelid
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 UNION ALL
SELECT CASE typtype WHEN 'd' THEN 'default of domain ' ELSE 'default of type ' END || name, typdefault FROM type WHERE typdefault IS NOT NULL
 UNION ALL
SELECT 'constraint ' || k.conname || ' of ' || COALESCE(c.name, 'domain ' || t.name), pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint AS k
  LEFT JOIN relation AS c ON c.oid = k.conrelid
  LEFT JOIN type AS t ON t.oid = k.contypid
 WHERE k.contype IN ('c', 'x') AND (c.oid IS NOT NULL OR t.oid IS NOT NULL)
 UNION ALL
SELECT 'comment on ' || i.type || ' ' || i.identity, d.description
  FROM pg_catalog.pg_description AS d
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
 WHERE d.objoid >= 16384 AND i.identity IS NOT NULL
   AND d.classoid NOT IN ('pg_catalog.pg_extension'::pg_catalog.regclass, 'pg_catalog.pg_largeobject'::pg_catalog.regclass)
   AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = d.classoid AND m.objid = d.objoid)
 UNION ALL
SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' ELSE 'rule ' || r.rulename || ' of ' END || c.name, pg_catalog.pg_get_ruledef(r.oid)
  FROM pg_catalog.pg_rewrite AS r JOIN relation AS c ON c.oid = r.ev_class
 UNION ALL
SELECT 'enum ' || t.name, pg_catalog.string_agg(e.enumlabel, E'\n' ORDER BY e.enumsortorder)
  FROM pg_catalog.pg_enum AS e JOIN type AS t ON t.oid = e.enumtypid GROUP BY t.name
 UNION ALL
SELECT 'bounds of partition ' || name, pg_catalog.pg_get_expr(relpartbound, oid) FROM relation WHERE relpartbound IS NOT NULL
 UNION ALL
SELECT 'partition key of ' || name, pg_catalog.pg_get_partkeydef(oid) FROM relation WHERE relkind = 'p'
 UNION ALL
SELECT 'policy ' || p.polname || ' of ' || c.name,
       pg_catalog.concat_ws(E'\n', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_catalog.pg_policy AS p JOIN relation AS c ON c.oid = p.polrelid
 UNION ALL
SELECT 'index ' || c.name, pg_catalog.pg_get_indexdef(i.indexrelid)
  FROM pg_catalog.pg_index AS i JOIN relation AS c ON c.oid = i.indexrelid
 WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
 UNION ALL
SELECT 'trigger ' || t.tgname || ' of ' || c.name, pg_catalog.pg_get_triggerdef(t.oid)
  FROM pg_catalog.pg_trigger AS t JOIN relation AS c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
 UNION ALL
SELECT 'statistics ' || n.name || '.' || s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid)
  FROM pg_catalog.pg_statistic_ext AS s JOIN space AS n ON n.oid = s.stxnamespace
 UNION ALL
SELECT 'dictionary ' || n.name || '.' || d.dictname, d.dictinitoption
  FROM pg_catalog.pg_ts_dict AS d JOIN space AS n ON n.oid = d.dictnamespace
` + foreignSQL

// foreignSQL takes what leads to data elsewhere. User mappings are not in an
// archive.
const foreignSQL = `
 UNION ALL
SELECT 'options of foreign data wrapper ' || fdwname, pg_catalog.array_to_string(fdwoptions, E'\n')
  FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwoptions IS NOT NULL
 UNION ALL
SELECT 'options of server ' || srvname, pg_catalog.concat_ws(E'\n', srvtype, srvversion, pg_catalog.array_to_string(srvoptions, E'\n'))
  FROM pg_catalog.pg_foreign_server
 UNION ALL
SELECT 'options of foreign table ' || c.name, pg_catalog.array_to_string(f.ftoptions, E'\n')
  FROM pg_catalog.pg_foreign_table AS f JOIN relation AS c ON c.oid = f.ftrelid WHERE f.ftoptions IS NOT NULL
 UNION ALL
SELECT 'options of foreign column ' || c.name || '.' || a.attname, pg_catalog.array_to_string(a.attfdwoptions, E'\n')
  FROM pg_catalog.pg_attribute AS a JOIN relation AS c ON c.oid = a.attrelid WHERE a.attfdwoptions IS NOT NULL`

// functionsSQL takes the text of bodies, whatever their language, the defaults
// of arguments, and what aggregates begin with.
func functionsSQL(body string) string {
	return `
 UNION ALL
SELECT 'function ' || n.name || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
       pg_catalog.concat_ws(E'\n', pg_catalog.pg_get_function_arguments(p.oid), p.prosrc, pg_catalog.array_to_string(p.proconfig, E'\n'), ` + body + `)
  FROM pg_catalog.pg_proc AS p JOIN space AS n ON n.oid = p.pronamespace
 WHERE p.prokind <> 'a' AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid)
 UNION ALL
SELECT 'aggregate ' || n.name || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
       pg_catalog.concat_ws(E'\n', pg_catalog.pg_get_function_arguments(p.oid), a.agginitval, a.aggminitval)
  FROM pg_catalog.pg_aggregate AS a JOIN pg_catalog.pg_proc AS p ON p.oid = a.aggfnoid JOIN space AS n ON n.oid = p.pronamespace
 WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid)`
}
