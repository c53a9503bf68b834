package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Back is what is left of the migration when the team's down migration has taken it back.
type Back struct {
	Exit int      `json:"exit"`
	Runs int      `json:"runs"` // as many as it took, and no more than there were migrations
	Left []string `json:"left,omitempty"`
}

// Schema says what each object of a database is, by what people call it.
type Schema map[string]string

// schemaSQL tells each object of a database that is no extension's, the table that it is of, and what it is. Where a
// column stands among others is nothing that a down migration could bring back.
const schemaSQL = `
WITH own AS (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n
   WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '` + watcher + `')
), relation AS (
  SELECT c.*, own.nspname || '.' || c.relname AS dotted FROM pg_catalog.pg_class AS c JOIN own ON own.oid = c.relnamespace
   WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT 'schema ' || own.nspname, '', pg_catalog.array_to_string(n.nspacl, ' ')
  FROM own JOIN pg_catalog.pg_namespace AS n ON n.oid = own.oid
UNION ALL
SELECT CASE r.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence ' WHEN 'c' THEN 'type '
         WHEN 'f' THEN 'foreign table ' ELSE 'table ' END || r.dotted, '',
       pg_catalog.concat_ws(' ', r.relkind, r.relpersistence, r.reloptions, r.relrowsecurity, r.relforcerowsecurity,
         pg_catalog.pg_get_expr(r.relpartbound, r.oid), pg_catalog.array_to_string(r.relacl, ' '),
         CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
         CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END,
         (SELECT pg_catalog.concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
            FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = r.oid))
  FROM relation AS r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'S', 'c', 'f')
UNION ALL
SELECT 'column ' || a.attname, r.dotted,
       pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
         a.attcollation, a.attstorage, pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.array_to_string(a.attacl, ' '))
  FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE r.relkind IN ('r', 'p', 'c', 'f') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || o.conname, r.dotted, pg_catalog.concat_ws(' ', o.convalidated, pg_catalog.pg_get_constraintdef(o.oid))
  FROM relation AS r JOIN pg_catalog.pg_constraint AS o ON o.conrelid = r.oid WHERE o.contype <> 'n'
UNION ALL
SELECT 'index ' || i.relname, r.dotted,
       pg_catalog.concat_ws(' ', x.indisvalid, x.indisreplident, x.indisclustered, pg_catalog.pg_get_indexdef(i.oid))
  FROM relation AS r JOIN pg_catalog.pg_index AS x ON x.indrelid = r.oid JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
UNION ALL
SELECT 'trigger ' || t.tgname, r.dotted, pg_catalog.concat_ws(' ', t.tgenabled, pg_catalog.pg_get_triggerdef(t.oid))
  FROM relation AS r JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgname <> '` + watcher + `'
UNION ALL
SELECT 'policy ' || p.polname, r.dotted,
       pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive, p.polroles, pg_catalog.pg_get_expr(p.polqual, r.oid),
         pg_catalog.pg_get_expr(p.polwithcheck, r.oid))
  FROM relation AS r JOIN pg_catalog.pg_policy AS p ON p.polrelid = r.oid
UNION ALL
SELECT 'function ' || own.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', '',
       pg_catalog.concat_ws(' ', CASE WHEN p.prokind IN ('f', 'p') THEN pg_catalog.pg_get_functiondef(p.oid) END,
         pg_catalog.array_to_string(p.proacl, ' '))
  FROM pg_catalog.pg_proc AS p JOIN own ON own.oid = p.pronamespace
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'type ' || own.nspname || '.' || t.typname, '',
       pg_catalog.concat_ws(' ', t.typtype, pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
         (SELECT pg_catalog.string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e
           WHERE e.enumtypid = t.oid),
         (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(o.oid), ' ' ORDER BY o.conname)
            FROM pg_catalog.pg_constraint AS o WHERE o.contypid = t.oid))
  FROM pg_catalog.pg_type AS t JOIN own ON own.oid = t.typnamespace
 WHERE t.typtype IN ('e', 'd', 'r')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION ALL
SELECT 'extension ' || e.extname, '', e.extversion FROM pg_catalog.pg_extension AS e`

// SchemaOf reads the schema of a database, but for the ledgers of tools.
func SchemaOf(ctx context.Context, s Server, database string) (Schema, error) {
	rows, err := s.Query(ctx, database, schemaSQL)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	all := Schema{}
	for _, row := range rows {
		if len(row) != 3 {
			return nil, fmt.Errorf("read the schema: %d columns", len(row))
		}
		kind, name, _ := strings.Cut(row[0], " ")
		if kind == "materialized" || kind == "foreign" {
			second, rest, _ := strings.Cut(name, " ")
			kind, name = kind+" "+second, rest
		}
		called := kind + " " + shortName(name)
		if row[1] != "" {
			called += " of " + shortName(row[1])
		}
		if !isLedger(row[1]) && !isLedger(name) {
			all[called] = row[2]
		}
	}
	return all, nil
}

// isLedger tells whether a table is one in which a tool notes what it has run, or its sequence.
func isLedger(dotted string) bool {
	name := dotted[strings.LastIndexByte(dotted, '.')+1:]
	return slices.ContainsFunc(ledgers, func(ledger string) bool {
		return name == ledger || strings.HasPrefix(name, ledger+"_") && strings.HasSuffix(name, "_seq")
	})
}

// TakeBack runs the down migration where the migration went well, until the schema is as it was before: a tool may take
// back one migration at a time.
func (r *Report) TakeBack(
	ctx context.Context, s Server, database string, before Schema, run func(context.Context) (exit int, err error),
) error {
	if r.Exit != 0 || r.Hangs > 0 {
		return nil
	}
	now, err := SchemaOf(ctx, s, database)
	if err != nil {
		return err
	}
	back := &Back{}
	for back.Runs < max(1, r.migrations()) {
		exit, err := run(ctx)
		if err != nil {
			return err
		}
		after, err := SchemaOf(ctx, s, database)
		if err != nil {
			return err
		}
		back.Runs++
		back.Exit, back.Left = exit, leftOf(before, after)
		if exit != 0 || len(back.Left) == 0 || len(differing(now, after)) == 0 {
			break
		}
		now = after
	}
	r.Back = back
	return nil
}

// migrations counts those that ledgers told of.
func (r *Report) migrations() int {
	var named []string
	for _, s := range r.Statements {
		if s.Migration != "" && !slices.Contains(named, s.Migration) {
			named = append(named, s.Migration)
		}
	}
	return len(named)
}

// leftOf lists how the schema differs from what it was.
func leftOf(before, after Schema) []string {
	all := differing(before, after)
	for i, one := range all {
		if name, found := strings.CutSuffix(one, " is new"); found {
			all[i] = name + " is still there"
		}
	}
	return all
}

// String says it in a sentence.
func (b *Back) String() string {
	if b.Exit != 0 {
		return fmt.Sprintf("the down migration fails with exit %d", b.Exit)
	}
	if len(b.Left) == 0 {
		return "the down migration brings the schema back"
	}
	text := "the down migration does not bring the schema back: " +
		strings.Join(b.Left[:min(len(b.Left), shownChanges)], ", ")
	if more := len(b.Left) - shownChanges; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
