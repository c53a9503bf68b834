package planner

import (
	"context"
	"encoding/json"
	"fmt"
)

// relation is a table, partition, materialized view or index of the database.
type relation struct {
	OID    uint32  `json:"oid"`
	Schema string  `json:"schema"`
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`   // pg_class.relkind
	Method string  `json:"method"` // the access method
	Path   string  `json:"path"`   // empty: it has no file
	Rows   float64 `json:"rows"`   // as ANALYZE has found them here
	Pages  int64   `json:"pages"`
	Table  uint32  `json:"table"` // of an index
	Keys   []key   `json:"keys"`  // of an index
}

// key is a column of an index.
type key struct {
	Column   string  `json:"column"` // empty: an expression
	Width    float64 `json:"width"`  // in bytes, as ANALYZE has found it here
	Distinct float64 `json:"distinct"`
	Beside   bool    `json:"beside"` // INCLUDE: it is in the leaves alone
}

func (r relation) dotted() string { return r.Schema + "." + r.Name }

func (r relation) isIndex() bool { return r.Kind == "i" || r.Kind == "I" }

const relationsSQL = `
SELECT pg_catalog.json_build_object('oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
       'method', COALESCE(m.amname, ''), 'path', COALESCE(pg_catalog.pg_relation_filepath(c.oid), ''),
       'rows', c.reltuples, 'pages', c.relpages, 'table', COALESCE(i.indrelid, 0)::bigint,
       'keys', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', COALESCE(a.attname, ''),
                         'width', COALESCE(s.stawidth, 8), 'distinct', COALESCE(s.stadistinct, -1),
                         'beside', k.at > i.indnkeyatts) ORDER BY k.at)
                  FROM ROWS FROM (pg_catalog.unnest(i.indkey::pg_catalog.int2[])) WITH ORDINALITY AS k (attnum, at)
                  LEFT JOIN pg_catalog.pg_attribute AS a
                         ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
                  LEFT JOIN pg_catalog.pg_statistic AS s
                         ON s.starelid = CASE WHEN k.attnum = 0 THEN i.indexrelid ELSE i.indrelid END
                        AND s.staattnum = CASE WHEN k.attnum = 0 THEN k.at ELSE k.attnum END AND NOT s.stainherit))
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND c.relpersistence <> 't' AND c.oid >= 16384
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
 ORDER BY c.oid`

func readRelations(ctx context.Context, session Session) ([]relation, error) {
	rows, err := session.Query(ctx, relationsSQL)
	if err != nil {
		return nil, err
	}
	list := make([]relation, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row[0]), &list[i]); err != nil {
			return nil, fmt.Errorf("relation %d: %w", i, err)
		}
	}
	return list, nil
}
