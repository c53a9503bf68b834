package catalog

import (
	"slices"

	"github.com/jackc/pgx/v5"
)

// Extension is one that the database has.
type Extension struct {
	Name   string
	Schema string // of its objects
	Needed bool   // something that is not of the extension depends on it
}

// Extra is a table of an extension that holds rows of users beside those that the extension makes.
type Extra struct {
	Extension string
	Heap      *Heap
	Where     string // which rows are the users', in SQL from WHERE on; empty for all
}

// Extension returns the one of that name.
func (d *Database) Extension(name string) (e Extension, ok bool) {
	for _, e := range d.Extensions {
		if e.Name == name {
			return e, true
		}
	}
	return Extension{}, false
}

// HasExtras reports whether rows of users in tables of that extension come along, or positions of its sequences.
func (d *Database) HasExtras(extension string) bool {
	return slices.ContainsFunc(d.Extras, func(e *Extra) bool { return e.Extension == extension }) ||
		slices.ContainsFunc(d.Sequences, func(s *Sequence) bool { return s.Extension == extension })
}

// extensionsSQL asks of each extension whether anything else is made of its members.
const extensionsSQL = `
SELECT e.extname::text, n.nspname::text, EXISTS (
         SELECT FROM pg_catalog.pg_depend AS m
           JOIN pg_catalog.pg_depend AS d ON d.refclassid = m.classid AND d.refobjid = m.objid
          WHERE m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND m.refobjid = e.oid AND m.deptype = 'e'
            AND d.deptype IN ('n', 'a', 'x') AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS o
                             WHERE o.classid = d.classid AND o.objid = d.objid AND o.refobjid = e.oid
                               AND o.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND o.deptype = 'e')
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS i
                              JOIN pg_catalog.pg_depend AS o ON o.classid = i.refclassid AND o.objid = i.refobjid
                             WHERE i.classid = d.classid AND i.objid = d.objid AND i.deptype IN ('i', 'a')
                               AND o.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND o.deptype = 'e'
                               AND o.refobjid = e.oid))
       OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                   WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype <> 'e')
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
 ORDER BY e.extname COLLATE "C"`

// extrasSQL is what pg_dump takes the rows of, by pg_extension_config_dump.
// https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
const extrasSQL = `
SELECT e.extname::text, c.oid, COALESCE(c.condition, '')
  FROM pg_catalog.pg_extension AS e,
       ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) AS c (oid, condition)`

// runs are the extensions whose tables hold what a server then does by itself, such as jobs.
var runs = map[string]bool{"pg_cron": true}

func (r *reader) extensions() query {
	return query{name: "extensions", sql: extensionsSQL, scan: func(rows pgx.Rows) error {
		var e Extension
		err := rows.Scan(&e.Name, &e.Schema, &e.Needed)
		r.db.Extensions = append(r.db.Extensions, e)
		return err
	}}
}

func (r *reader) extras() query {
	r.configured = map[uint32]*Extra{}
	return query{name: "extensions", sql: extrasSQL, scan: func(rows pgx.Rows) error {
		var e Extra
		var oid uint32
		err := rows.Scan(&e.Extension, &oid, &e.Where)
		r.configured[oid] = &e
		return err
	}}
}

// extra makes a table to copy of one of an extension's, where its users' rows come along.
func (r *reader) extra(rel *relation) bool {
	e := r.configured[rel.oid]
	if e == nil || rel.kind != "r" || !rel.readable || rel.unlogged || runs[e.Extension] {
		return false
	}
	t := &Table{OID: rel.oid, Name: rel.name, Readable: true}
	e.Heap = &Heap{OID: rel.oid, Name: rel.name, Table: t, Rows: rel.tuples, Pages: rel.pages, Bytes: rel.bytes}
	t.Heaps = []*Heap{e.Heap}
	rel.extra = t
	r.db.Extras = append(r.db.Extras, e)
	return true
}

const extraKeysSQL = `
SELECT DISTINCT conrelid, confrelid FROM pg_catalog.pg_constraint
 WHERE contype = 'f' AND conrelid <> confrelid AND conrelid = ANY ($1) AND confrelid = ANY ($1)
 ORDER BY 1, 2`

func (r *reader) extraKeys() query {
	r.extraOf = map[uint32][]uint32{}
	oids := []uint32{}
	for _, e := range r.db.Extras {
		oids = append(oids, e.Heap.OID)
	}
	scan := func(rows pgx.Rows) error {
		var child, parent uint32
		err := rows.Scan(&child, &parent)
		r.extraOf[child] = append(r.extraOf[child], parent)
		return err
	}
	return query{name: "rows of extensions", sql: extraKeysSQL, args: []any{oids}, scan: scan}
}

// orderExtras puts tables behind those that their keys reference: unlike keys of the user's, these are there when the
// rows come in.
func (r *reader) orderExtras() {
	byOID := map[uint32]*Extra{}
	for _, e := range r.db.Extras {
		byOID[e.Heap.OID] = e
	}
	var ordered []*Extra
	seen := map[uint32]bool{}
	var put func(oid uint32)
	put = func(oid uint32) {
		if seen[oid] {
			return
		}
		seen[oid] = true
		for _, parent := range r.extraOf[oid] {
			put(parent)
		}
		ordered = append(ordered, byOID[oid])
	}
	for _, e := range r.db.Extras {
		put(e.Heap.OID)
	}
	r.db.Extras = ordered
}
