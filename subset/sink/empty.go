package sink

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// object is something a user made in a database.
type object struct {
	Type     string // as pg_identify_object names it
	Identity string // quoted and schema-qualified, with arguments
}

// objectsSQL lists what is in the schemas that a condition names, tables
// first, because what belongs to a table goes with it. Members of an
// extension and parts of another object (row types, identity sequences) are
// not listed. A partitioned table counts as part of itself: of its key.
const objectsSQL = `
SELECT o.type, o.identity
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
  AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
      'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass,
      'pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_opfamily'::pg_catalog.regclass,
      'pg_catalog.pg_collation'::pg_catalog.regclass, 'pg_catalog.pg_conversion'::pg_catalog.regclass,
      'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
      'pg_catalog.pg_ts_config'::pg_catalog.regclass, 'pg_catalog.pg_ts_dict'::pg_catalog.regclass,
      'pg_catalog.pg_ts_parser'::pg_catalog.regclass, 'pg_catalog.pg_ts_template'::pg_catalog.regclass)
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
      WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i')
        AND (e.refclassid, e.refobjid) <> (d.classid, d.objid))
ORDER BY o.type <> 'table', o.type, o.identity`

// schemasSQL lists the schemas a user made, public aside.
const schemasSQL = `
SELECT n.nspname FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
      WHERE e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND e.objid = n.oid AND e.deptype = 'e')
ORDER BY n.nspname`

// globalsSQL lists what a user made outside of any schema, that DROP removes
// by its name alone. 16384 is the first oid of users.
const globalsSQL = `
SELECT kind, name FROM (
  SELECT 'EVENT TRIGGER', evtname, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid FROM pg_catalog.pg_event_trigger
  UNION ALL SELECT 'PUBLICATION', pubname, 'pg_catalog.pg_publication'::pg_catalog.regclass, oid FROM pg_catalog.pg_publication
  UNION ALL SELECT 'SERVER', srvname, 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid FROM pg_catalog.pg_foreign_server
  UNION ALL SELECT 'FOREIGN DATA WRAPPER', fdwname, 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL SELECT 'LANGUAGE', lanname, 'pg_catalog.pg_language'::pg_catalog.regclass, oid FROM pg_catalog.pg_language
) g (kind, name, class, oid)
WHERE g.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
  WHERE e.classid = g.class AND e.objid = g.oid AND e.deptype = 'e')
ORDER BY kind, name`

const largeObjectsSQL = `SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid`

// contents lists what makes a database not empty. Extensions alone do not:
// a template or the platform may have brought them.
func contents(ctx context.Context, conn *pgconn.PgConn) ([]object, error) {
	var found []object
	rows, err := query(ctx, conn, objectsSQL)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		found = append(found, object{row[0], row[1]})
	}
	for kind, sql := range map[string]string{"schema": schemasSQL, "large object": largeObjectsSQL} {
		names, err := column(ctx, conn, sql)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			found = append(found, object{kind, name})
		}
	}
	globals, err := query(ctx, conn, globalsSQL)
	for _, row := range globals {
		found = append(found, object{strings.ToLower(row[0]), row[1]})
	}
	slices.SortStableFunc(found, func(a, b object) int { return rank(a) - rank(b) })
	return found, err
}

// rank puts first what a person recognizes a database by.
func rank(o object) int {
	switch o.Type {
	case "table":
		return 0
	case "schema":
		return 2
	case "large object":
		return 3
	}
	return 1
}

// empty drops what users made in a database: event triggers first, for they
// fire on every DROP, then extensions other than those to keep, schemas,
// what is in public, and large objects. It needs to own what it drops, not
// the database and not public. Each DROP is a transaction of its own, because
// all in one would need a lock for every table at once.
func empty(ctx context.Context, conn *pgconn.PgConn, keep []string) error {
	for _, step := range []func(context.Context, *pgconn.PgConn) error{
		dropGlobals("EVENT TRIGGER", "PUBLICATION"),
		dropExtensions(keep),
		dropSchemas,
		dropObjects,
		dropGlobals("SERVER", "FOREIGN DATA WRAPPER", "LANGUAGE"),
		unlinkLargeObjects,
	} {
		if err := step(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

func dropGlobals(kinds ...string) func(context.Context, *pgconn.PgConn) error {
	return func(ctx context.Context, conn *pgconn.PgConn) error {
		rows, err := query(ctx, conn, globalsSQL)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !slices.Contains(kinds, row[0]) {
				continue
			}
			if _, err := query(ctx, conn, "DROP "+row[0]+" IF EXISTS "+catalog.Quote(row[1])+" CASCADE"); err != nil {
				return err
			}
		}
		return nil
	}
}

// extensionsSQL lists the extensions the role may drop. What the platform
// owns stays.
const extensionsSQL = `
SELECT extname FROM pg_catalog.pg_extension
WHERE extname <> 'plpgsql' AND pg_catalog.pg_has_role(extowner, 'USAGE') ORDER BY extname`

func dropExtensions(keep []string) func(context.Context, *pgconn.PgConn) error {
	return func(ctx context.Context, conn *pgconn.PgConn) error {
		names, err := column(ctx, conn, extensionsSQL)
		if err != nil {
			return err
		}
		for _, name := range names {
			if slices.Contains(keep, name) {
				continue
			}
			if _, err := query(ctx, conn, "DROP EXTENSION IF EXISTS "+catalog.Quote(name)+" CASCADE"); err != nil {
				return err
			}
		}
		return nil
	}
}

func dropSchemas(ctx context.Context, conn *pgconn.PgConn) error {
	names, err := column(ctx, conn, schemasSQL)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := query(ctx, conn, "DROP SCHEMA IF EXISTS "+catalog.Quote(name)+" CASCADE"); err != nil {
			return err
		}
	}
	return nil
}

func dropObjects(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, objectsSQL)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := query(ctx, conn, "DROP "+kind(row[0])+" IF EXISTS "+row[1]+" CASCADE"); err != nil {
			return err
		}
	}
	return nil
}

// kind is what DROP calls an object that pg_identify_object calls by typ.
func kind(typ string) string {
	switch typ {
	case "function", "procedure", "aggregate", "window function":
		return "ROUTINE"
	case "statistics object":
		return "STATISTICS"
	}
	return strings.ToUpper(typ)
}

func unlinkLargeObjects(ctx context.Context, conn *pgconn.PgConn) error {
	_, err := query(ctx, conn, "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata")
	return err
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
