package catalog

import (
	"slices"

	"github.com/jackc/pgx/v5"
)

const viewsSQL = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'm' AND c.relispopulated,
       ARRAY(SELECT DISTINCT d.refobjid
               FROM pg_catalog.pg_rewrite AS w
               JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
              WHERE w.ev_class = c.oid
              ORDER BY d.refobjid)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

type view struct {
	name    Name
	refresh bool // a materialized view that holds rows
	reads   []uint32
}

func (r *reader) matViews() query {
	r.views = map[uint32]*view{}
	return query{name: "materialized views", sql: viewsSQL, scan: func(rows pgx.Rows) error {
		var oid uint32
		var v view
		err := rows.Scan(&oid, &v.name.Schema, &v.name.Name, &v.refresh, &v.reads)
		r.views[oid] = &v
		r.viewOrder = append(r.viewOrder, oid)
		return err
	}}
}

// refreshOrder follows plain views too: one materialized view may read
// another through them. What a function reads, PostgreSQL does not know.
func refreshOrder(views map[uint32]*view, order []uint32) []Name {
	var names []Name
	var seen []uint32
	var visit func(oid uint32)
	visit = func(oid uint32) {
		v := views[oid]
		if v == nil || slices.Contains(seen, oid) {
			return
		}
		seen = append(seen, oid)
		for _, read := range v.reads {
			visit(read)
		}
		if v.refresh {
			names = append(names, v.name)
		}
	}
	for _, oid := range order {
		visit(oid)
	}
	return names
}
