package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// sequencesSQL leaves out those of extensions, but for what pg_extension_config_dump names.
const sequencesSQL = `
SELECT c.oid, n.nspname::text, c.relname::text, s.seqincrement,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
         AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()),
       COALESCE(tn.nspname::text, ''), COALESCE(t.relname::text, ''), COALESCE(a.attname::text, ''),
       COALESCE(x.extname::text, '')
  FROM pg_catalog.pg_sequence AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
  LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  LEFT JOIN pg_catalog.pg_extension AS x ON c.oid = ANY (x.extconfig)
 WHERE c.relpersistence <> 't'
   AND (x.oid IS NOT NULL OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid IN (c.oid, t.oid) AND e.deptype = 'e'))
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

func (r *reader) sequences() query {
	return query{name: "sequences", sql: sequencesSQL, scan: func(rows pgx.Rows) error {
		var s Sequence
		var oid uint32
		err := rows.Scan(&oid, &s.Name.Schema, &s.Name.Name, &s.Increment, &s.Known, &s.Owner.Schema, &s.Owner.Name,
			&s.Column, &s.Extension)
		if runs[s.Extension] {
			return err
		}
		if s.Column != "" {
			s.UsedBy = append(s.UsedBy, ColumnName{s.Owner, s.Column})
		}
		r.db.Sequences = append(r.db.Sequences, &s)
		return err
	}}
}

// usersSQL asks for columns whose default calls a sequence, which need not be
// the column that owns it, if any does.
const usersSQL = `
SELECT sn.nspname::text, s.relname::text, tn.nspname::text, t.relname::text, a.attname::text
  FROM pg_catalog.pg_depend AS d
  JOIN pg_catalog.pg_class AS s ON s.oid = d.refobjid AND s.relkind = 'S'
  JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.relnamespace
  JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
  JOIN pg_catalog.pg_class AS t ON t.oid = f.adrelid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
 WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
 ORDER BY 1, 2, 3, 4, 5`

// users must be read after sequences.
func (r *reader) users() query {
	byName := map[Name]*Sequence{}
	return query{name: "sequences", sql: usersSQL, scan: func(rows pgx.Rows) error {
		if len(byName) == 0 {
			for _, s := range r.db.Sequences {
				byName[s.Name] = s
			}
		}
		var sequence Name
		var user ColumnName
		err := rows.Scan(&sequence.Schema, &sequence.Name, &user.Table.Schema, &user.Table.Name, &user.Column)
		if s := byName[sequence]; s != nil && !slices.Contains(s.UsedBy, user) {
			s.UsedBy = append(s.UsedBy, user)
		}
		return err
	}}
}

// positions read the sequences themselves, some at a time: pg_sequences does
// not tell setval(…, true) from setval(…, false).
func (r *reader) positions() []query {
	known := slices.DeleteFunc(slices.Clone(r.db.Sequences), func(s *Sequence) bool { return !s.Known })
	var queries []query
	for batch := range slices.Chunk(known, 200) {
		selects := make([]string, len(batch))
		for i, s := range batch {
			selects[i] = fmt.Sprintf("SELECT %d, last_value, is_called FROM %s", i, s.Name)
		}
		scan := func(rows pgx.Rows) error {
			var i int
			var last int64
			var called bool
			err := rows.Scan(&i, &last, &called)
			batch[i].LastValue, batch[i].Called = last, called
			return err
		}
		queries = append(queries, query{name: "sequences", sql: strings.Join(selects, " UNION ALL "), scan: scan})
	}
	return queries
}
