package catalog

import (
	"cmp"
	"slices"

	"github.com/jackc/pgx/v5"
)

// relation is a pg_class row that may hold rows of the user's.
type relation struct {
	oid         uint32
	name        Name
	kind        string
	isPartition bool
	tuples      float64
	was         int64
	pages       int64
	bytes       int64
	toast       int64
	security    bool
	readable    bool
	unlogged    bool // on a standby, which cannot read it
	byOID       bool // partitioned by oids or a hash of them, or by the hash of what an expression may make of them
	extension   string

	parentOID  uint32    // of a partition
	parent     *relation // the same
	partitions []*relation
	table      *Table // once it is known which one it belongs to
	heap       *Heap  // of an ordinary table or leaf
	heaps      []*Heap
	extra      *Table // of an extension, with rows of users
}

// relationsSQL leaves out the schemas of the system and of sessions. Of a table that is gone by now nobody knows who
// may read it: it is taken for readable, so that the lock on it finds that out, and all is read again.
const relationsSQL = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition, c.reltuples::float8, c.relpages,
       COALESCE(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::bigint,
       COALESCE(pg_catalog.pg_table_size(c.oid), 0),
       COALESCE(pg_catalog.pg_relation_size(NULLIF(c.reltoastrelid, 0)), 0),
       COALESCE(pg_catalog.row_security_active(c.oid), false),
       COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), true),
       c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery(),
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p
                 JOIN pg_catalog.pg_opclass AS o ON o.oid = ANY (p.partclass::oid[])
                WHERE p.partrelid = c.oid
                  AND (o.opcname = 'oid_ops' OR p.partstrat = 'h' AND
                       (p.partexprs IS NOT NULL OR
                        o.opcname IN ('enum_ops', 'array_ops', 'range_ops', 'multirange_ops', 'record_ops')))),
       COALESCE((SELECT e.extname::text FROM pg_catalog.pg_depend AS d
                   JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
                  LIMIT 1), ''),
       COALESCE((SELECT i.inhparent FROM pg_catalog.pg_inherits AS i
                  WHERE c.relispartition AND i.inhrelid = c.oid LIMIT 1), 0::oid)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND n.nspname !~ '^pg_(toast|temp)'
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

func (r *reader) relations() query {
	r.byOID = map[uint32]*relation{}
	return query{name: "relations", sql: relationsSQL, scan: func(rows pgx.Rows) error {
		var rel relation
		err := rows.Scan(&rel.oid, &rel.name.Schema, &rel.name.Name, &rel.kind, &rel.isPartition, &rel.tuples, &rel.was,
			&rel.pages, &rel.bytes, &rel.toast, &rel.security, &rel.readable, &rel.unlogged, &rel.byOID,
			&rel.extension, &rel.parentOID)
		r.byOID[rel.oid] = &rel
		r.all = append(r.all, &rel)
		return err
	}}
}

// connect makes tables of the relations.
func (r *reader) connect() {
	for _, rel := range r.all {
		if p := r.byOID[rel.parentOID]; p != nil {
			rel.parent = p
			p.partitions = append(p.partitions, rel)
		}
	}
	for _, rel := range r.all {
		r.add(rel)
	}
}

// add makes a table of a relation that is not a part of another one.
func (r *reader) add(rel *relation) {
	switch {
	case rel.extension != "" && r.extra(rel):
	case rel.extension != "":
		r.leaveOut(rel, "belongs to extension "+rel.extension)
	case rel.kind == "f":
		r.leaveOut(rel, "foreign table")
	case rel.unlogged:
		r.leaveOut(rel, "unlogged, not readable on a standby")
	case rel.parent == nil:
		t := &Table{OID: rel.oid, Name: rel.name, Partitioned: rel.kind == "p"}
		r.own(t, rel)
		slices.SortFunc(t.Heaps, func(a, b *Heap) int { return compareNames(a.Name, b.Name) })
		t.Readable = len(t.Denied) == 0
		r.db.Tables = append(r.db.Tables, t)
	}
}

// own gives the table the heaps of a relation and of all its partitions.
func (r *reader) own(t *Table, rel *relation) {
	if rel.kind == "f" || rel.unlogged || rel.extension != "" && rel.parent != nil {
		return
	}
	rel.table = t
	t.ByRoot = t.ByRoot || rel.byOID
	t.RowSecurity = t.RowSecurity || rel.security
	if !rel.readable {
		t.Denied = append(t.Denied, rel.name)
	}
	if rel.kind == "r" {
		rel.heap = &Heap{
			OID: rel.oid, Name: rel.name, Table: t, Rows: rel.tuples, Was: rel.was, Pages: rel.pages,
			Bytes: rel.bytes, Toast: rel.toast,
		}
		rel.heaps = []*Heap{rel.heap}
		t.Heaps = append(t.Heaps, rel.heap)
	}
	for _, p := range rel.partitions {
		r.own(t, p)
		rel.heaps = append(rel.heaps, p.heaps...)
	}
}

func (r *reader) leaveOut(rel *relation, reason string) {
	r.db.LeftOut = append(r.db.LeftOut, LeftOut{Name: rel.name, Reason: reason})
}

func compareNames(a, b Name) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
}

var columnsSQL = `
SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attgenerated <> '', a.attidentity <> '',
       COALESCE((WITH RECURSIVE base AS (
                   SELECT t.oid, t.typtype, t.typbasetype FROM pg_catalog.pg_type AS t
                    WHERE t.oid = a.atttypid AND t.typtype = 'd'
                    UNION ALL
                   SELECT t.oid, t.typtype, t.typbasetype FROM base
                     JOIN pg_catalog.pg_type AS t ON t.oid = base.typbasetype)
                 SELECT pg_catalog.format_type(base.oid, NULL) FROM base WHERE base.typtype <> 'd'), ''),
       a.attgenerated <> '' AND ` + callsUsers("(SELECT d.adbin FROM pg_catalog.pg_attrdef AS d "+
	"WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)") + `
  FROM pg_catalog.pg_attribute AS a
 WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum`

func (r *reader) columns() query {
	oids := make([]uint32, len(r.db.Tables))
	for i, t := range r.db.Tables {
		oids[i] = t.OID
	}
	for _, e := range r.db.Extras {
		oids = append(oids, e.Heap.OID)
	}
	return query{name: "columns", sql: columnsSQL, args: []any{oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var c Column
		var late bool
		err := rows.Scan(&oid, &c.Name, &c.Type, &c.NotNull, &c.Generated, &c.Identity, &c.Base, &late)
		if err != nil {
			return err
		}
		t := cmp.Or(r.byOID[oid].table, r.byOID[oid].extra)
		t.Late = t.Late || late
		t.Columns = append(t.Columns, c)
		return nil
	}}
}

const indexesSQL = `
SELECT i.indrelid, c.relname::text, i.indisunique, i.indisprimary,
       ARRAY(SELECT a.attname::text
               FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS n
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n]
              ORDER BY n)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
 WHERE i.indrelid = ANY($1) AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   AND m.amname IN ('btree', 'hash')
 ORDER BY i.indrelid, i.indisprimary DESC, i.indisunique DESC, c.relname COLLATE "C"`

func (r *reader) indexes() query {
	r.indexed = map[uint32][]Key{}
	oids := make([]uint32, 0, len(r.byOID))
	for oid, rel := range r.byOID {
		if rel.table != nil {
			oids = append(oids, oid)
		}
	}
	slices.Sort(oids)
	return query{name: "indexes", sql: indexesSQL, args: []any{oids}, scan: func(rows pgx.Rows) error {
		var oid uint32
		var unique bool
		var k Key
		if err := rows.Scan(&oid, &k.Name, &unique, &k.Primary, &k.Columns); err != nil {
			return err
		}
		r.indexed[oid] = append(r.indexed[oid], k)
		if t := r.byOID[oid].table; unique && t.OID == oid {
			t.Keys = append(t.Keys, k)
		}
		return nil
	}}
}
