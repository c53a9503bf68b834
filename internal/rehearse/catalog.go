package rehearse

import (
	"context"
	"fmt"
	"strconv"
)

// A Relation is what the clone's catalog says of a table or an index at one moment.
type Relation struct {
	OID    uint32
	Schema string
	Name   string
	Kind   string // pg_class.relkind
	Table  uint32 // of an index, or of what is kept beside a table
	File   uint32 // pg_relation_filenode
	Rows   int64  // pg_class.reltuples; below 0: never analyzed
	Bytes  int64  // of the heap or index
}

// Dotted is the name as schema.name.
func (r Relation) Dotted() string { return r.Schema + "." + r.Name }

func (r Relation) isTable() bool { return r.Kind == "r" || r.Kind == "p" || r.Kind == "m" }

// relations are those of a database by oid.
type relations map[uint32]Relation

const relationsSQL = `
SELECT c.oid, n.nspname, c.relname, c.relkind, COALESCE(i.indrelid, t.oid, 0), COALESCE(pg_catalog.pg_relation_filenode(c.oid), 0),
       c.reltuples::bigint, COALESCE(pg_catalog.pg_relation_size(c.oid), 0)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = c.oid AND c.relkind = 't'
 WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I', 't') AND c.oid >= 16384 AND n.nspname <> '` + watcher + `'`

func readRelations(ctx context.Context, s Server, database string) (relations, error) {
	rows, err := s.Query(ctx, database, relationsSQL)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	all := relations{}
	for _, row := range rows {
		if len(row) != 8 {
			return nil, fmt.Errorf("read the catalog: %d columns", len(row))
		}
		number := func(i int) int64 { n, _ := strconv.ParseInt(row[i], 10, 64); return n }
		r := Relation{
			OID: uint32(number(0)), Schema: row[1], Name: row[2], Kind: row[3], Table: uint32(number(4)),
			File: uint32(number(5)), Rows: number(6), Bytes: number(7),
		}
		all[r.OID] = r
	}
	return all, nil
}

// table is the table that a relation belongs to: itself, or that of an index.
func (all relations) table(oid uint32) (Relation, bool) {
	for range 3 {
		r, there := all[oid]
		if !there || r.isTable() || r.Table == 0 {
			return r, there
		}
		oid = r.Table
	}
	return Relation{}, false
}

// named finds a relation by a name as it is written, with or without its schema. Without one, public is looked at
// first, and then whether there is only one of the name.
func (all relations) named(schema, name string) (Relation, bool) {
	var found []Relation
	for _, r := range all {
		if r.Name == name && (schema == "" || r.Schema == schema) && r.Kind != "t" {
			if schema != "" || r.Schema == "public" {
				return r, true
			}
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return Relation{}, false
}
