package rehearse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

const advisedTables = `CREATE TABLE "P p" (id int PRIMARY KEY); INSERT INTO "P p" SELECT generate_series(1, 3000);
CREATE TABLE t (id int PRIMARY KEY, parent int, note text, n int, total numeric(10, 2));
INSERT INTO t SELECT n, n, 'canary' || n, n, n FROM generate_series(1, 3000) AS n; CREATE INDEX t_old ON t (n);
CREATE TABLE k (id int, x int); INSERT INTO k SELECT n, n FROM generate_series(1, 3000) AS n; ANALYZE`

// advised are statements, and what their advice has to be made of.
var advised = []struct{ sql, want string }{
	{"ALTER TABLE t ALTER note SET NOT NULL", `CHECK ("note" IS NOT NULL) ` + proved},
	{
		`ALTER TABLE t ADD CONSTRAINT "fk!" FOREIGN KEY (parent) REFERENCES "P p"`,
		`REFERENCES "P p"(id) NOT VALID|VALIDATE`,
	},
	{"ALTER TABLE t ADD CHECK (note <> 'canary')", "CHECK ((note <> ?::text)) NOT VALID|VALIDATE"},
	{
		"CREATE INDEX t_note ON t (note) WHERE note <> 'canary2'",
		"CREATE INDEX CONCURRENTLY t_note ON public.t USING btree (note) WHERE (note <> ?::text)",
	},
	{"ALTER TABLE t ADD CONSTRAINT u UNIQUE (note)", "CREATE UNIQUE INDEX CONCURRENTLY u|UNIQUE USING INDEX"},
	{
		"ALTER TABLE k ADD PRIMARY KEY (id)",
		"CREATE UNIQUE INDEX CONCURRENTLY|IS NOT NULL) " + proved + "|PRIMARY KEY USING INDEX",
	},
	{"DROP INDEX t_old", `DROP INDEX CONCURRENTLY "public"."t_old"`},
	{
		"ALTER TABLE t ADD made uuid NOT NULL DEFAULT gen_random_uuid()",
		`ADD COLUMN "made" uuid|SET DEFAULT|LIMIT 10000|` + proved,
	},
	{
		"ALTER TABLE t ADD s bigserial",
		"CREATE SEQUENCE|ADD COLUMN|SET DEFAULT nextval|LIMIT 10000|" + proved,
	},
	{
		"ALTER TABLE t ALTER n TYPE bigint",
		`ADD COLUMN "n_new" bigint|CREATE FUNCTION|CREATE TRIGGER|= "n"::bigint|DROP COLUMN`,
	},
	{
		"UPDATE t SET note = note || 'canary3' WHERE id > 10 OR n = 7",
		`WHERE (id > ? OR n = ?) AND "id" >= :low`,
	},
	{"DELETE FROM k", `DELETE FROM k WHERE "id" >= :low`},
	{"REINDEX TABLE t", "REINDEX TABLE CONCURRENTLY"},
	{"VACUUM FULL k", "VACUUM"},
}

// proved are the steps of a NOT NULL before PostgreSQL 18.
const proved = "NOT VALID|VALIDATE|SET NOT NULL|DROP CONSTRAINT"

// shapeOf is the schema of a database as rows that can be compared: the order of columns is not told.
func shapeOf(t *testing.T, url string) []string {
	t.Helper()
	var all []string
	for _, row := range pgtest.Query(t, url, `SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull::text
  FROM pg_attribute WHERE attrelid IN ('t'::regclass, 'k'::regclass) AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid::text, '' FROM pg_index
 WHERE indrelid IN ('t'::regclass, 'k'::regclass)
UNION ALL SELECT conname, pg_get_constraintdef(oid), convalidated::text, contype::text FROM pg_constraint
 WHERE conrelid IN ('t'::regclass, 'k'::regclass)`) {
		all = append(all, strings.Join(row, "|"))
	}
	slices.Sort(all)
	return all
}

func TestTry_ProvesThatTheAdviceLeadsToTheSameSchemaWithoutWaits(t *testing.T) {
	url, other := fresh(t, advisedTables), fresh(t, advisedTables)
	var script strings.Builder
	for _, one := range advised {
		script.WriteString(one.sql + ";\n")
	}
	r := watched(t, url, func() { psql(t, url, script.String()) })
	if err := r.Try(t.Context(), server(t), databaseOf(t, other), logOf(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shapeOf(t, url), shapeOf(t, other)); diff != "" {
		t.Errorf("the advice leads elsewhere (-migration +advice)\n%s", diff)
	}
	rows := pgtest.Query(t, other, "SELECT count(made), count(DISTINCT made), count(s), count(n), count(*) FROM t")
	if fmt.Sprint(rows[0]) != "[3000 3000 3000 3000 3000]" {
		t.Errorf("rows %v", rows)
	}
	assertAdvice(t, r)
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || strings.Contains(text.String(), "canary") {
		t.Errorf("%v: a literal is told: %s", err, text.String())
	}
	t.Log(text.String())
}

func assertAdvice(t *testing.T, r *rehearse.Report) {
	t.Helper()
	for i, one := range advised {
		at := slices.IndexFunc(r.Advice, func(a rehearse.Advice) bool { return a.Statement == i+1 })
		if at < 0 {
			t.Errorf("%s: no advice", one.sql)
			continue
		}
		a, want := r.Advice[at], strings.Split(wanted(t, one.want), "|")
		if !a.Tried || len(a.Steps) != len(want) {
			t.Errorf("%s: %+v", one.sql, a)
			continue
		}
		for n, step := range a.Steps {
			if !strings.Contains(step.SQL, want[n]) {
				t.Errorf("%s: step %q has no %q", one.sql, step.SQL, want[n])
			}
			for _, long := range []string{"VALIDATE", "CONCURRENTLY", "UPDATE", "DELETE", "VACUUM"} {
				most := 0.0
				if long == "VACUUM" { // it cuts off the end of a table that is empty, and gives way to whoever waits
					most = 1
				}
				if strings.HasPrefix(step.SQL, long) && (step.Reads > most || step.Writes > most) {
					t.Errorf("%s: others wait for %+v", one.sql, step)
				}
			}
		}
	}
}

// wanted are the steps on the server of the tests.
func wanted(t *testing.T, steps string) string {
	if pgtest.Major(t) < 18 {
		return steps
	}
	steps = strings.ReplaceAll(steps, `CHECK ("note" IS NOT NULL) `, `NOT NULL "note" `)
	return strings.ReplaceAll(strings.ReplaceAll(steps, "IS NOT NULL) ", ""), proved, "NOT VALID|VALIDATE")
}
