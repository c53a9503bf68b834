package score

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Dangling is a foreign key that rows of a database break.
type Dangling struct {
	Key    string `json:"key"` // schema.child.constraint
	Child  string `json:"child"`
	Parent string `json:"parent"`
	Rows   int64  `json:"rows"`
}

// verifySQL asks for every foreign key, those on single partitions included,
// but not for the copies that PostgreSQL makes of keys on partitioned tables.
const verifySQL = `
SELECT cn.nspname::text, c.relname::text, c.relkind = 'r', pn.nspname::text, p.relname::text, p.relkind = 'r',
       k.conname::text, k.confmatchtype = 'f',
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (n, i)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY i),
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (n, i)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY i),
       ARRAY(SELECT pg_catalog.quote_ident(n.nspname) || '.' || o.oprname
               FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u (op, i)
               JOIN pg_catalog.pg_operator AS o ON o.oid = u.op
               JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace ORDER BY i),
       ARRAY(SELECT COALESCE(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname), '')
               FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (n, i)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.n
               LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
               LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace ORDER BY i)
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
 ORDER BY 1, 2, 7`

// Verify looks for dangling rows in every foreign key of the database at url,
// by one anti-join each, whether PostgreSQL calls the key validated or not.
// It shares no code with the walk. Only keys that rows break are returned.
func Verify(ctx context.Context, url string) (found []Dangling, err error) {
	conn, err := snapshot.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	keys, err := declaredKeys(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	for _, k := range keys {
		if err := conn.QueryRow(ctx, k.antiJoin()).Scan(&k.Rows); err != nil {
			return nil, fmt.Errorf("verify %s: %w", k.Key, err)
		}
		if k.Rows > 0 {
			found = append(found, k.Dangling)
		}
	}
	return found, nil
}

func declaredKeys(ctx context.Context, conn *pgx.Conn) ([]verifiedKey, error) {
	rows, err := conn.Query(ctx, verifySQL)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanKey)
}

type verifiedKey struct {
	Dangling
	child, parent                                   string // quoted, with ONLY where it has to be
	full                                            bool
	childColumns, parentColumns, operators, collate []string
}

func scanKey(row pgx.CollectableRow) (verifiedKey, error) {
	var k verifiedKey
	var childSchema, child, parentSchema, parent, name string
	var childOnly, parentOnly bool
	err := row.Scan(&childSchema, &child, &childOnly, &parentSchema, &parent, &parentOnly, &name, &k.full,
		&k.childColumns, &k.parentColumns, &k.operators, &k.collate)
	k.Child, k.Parent = childSchema+"."+child, parentSchema+"."+parent
	k.Key = k.Child + "." + name
	k.child, k.parent = catalog.Quote(childSchema, child), catalog.Quote(parentSchema, parent)
	if childOnly {
		k.child = "ONLY " + k.child
	}
	if parentOnly {
		k.parent = "ONLY " + k.parent
	}
	return k, err
}

// antiJoin counts rows whose parent is missing; with MATCH FULL also rows of
// which some columns are NULL and some are not.
func (k *verifiedKey) antiJoin() string {
	var equal, given, null []string
	for i, c := range k.childColumns {
		column := "c." + catalog.Quote(c)
		right := column
		if k.collate[i] != "" {
			right += " COLLATE " + k.collate[i]
		}
		equal = append(equal,
			fmt.Sprintf("p.%s OPERATOR(%s) %s", catalog.Quote(k.parentColumns[i]), k.operators[i], right))
		given = append(given, column+" IS NOT NULL")
		null = append(null, column+" IS NULL")
	}
	all := strings.Join(given, " AND ")
	sql := fmt.Sprintf(
		"SELECT pg_catalog.count(*) FROM %s AS c WHERE (%s) AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)",
		k.child, all, k.parent, strings.Join(equal, " AND "),
	)
	if k.full && len(null) > 1 {
		sql += fmt.Sprintf(" OR (%s) AND (%s)", strings.Join(null, " OR "), strings.Join(given, " OR "))
	}
	return sql
}
