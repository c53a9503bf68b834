package rehearse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

const ledgerTables = `CREATE TABLE t (id int); CREATE TABLE schema_migrations (version bigint, dirty bool);
CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz);
CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('a0');
CREATE TABLE _prisma_migrations (id text, migration_name text, finished_at timestamptz);
CREATE TABLE flyway_schema_history (version text, description text, script text)`

// Each connection does as the tool does whose table it is.
func TestWatch_TellsTheMigrationOfAStatementByTheLedgerOfTheTool(t *testing.T) {
	url := fresh(t, ledgerTables)
	r := watched(t, url, func() {
		psql(t, url, `SELECT 1 FROM django_migrations; BEGIN; ALTER TABLE t ADD a int;
INSERT INTO django_migrations (app, name) VALUES ('shop', '0002_a'); COMMIT;
BEGIN; ALTER TABLE t ADD b int; UPDATE t SET b = 4711;
INSERT INTO django_migrations (app, name) VALUES ('shop', E'0003_b\n<b>') RETURNING id; COMMIT; ALTER TABLE t ADD x int`)
		psql(t, url, `ALTER TABLE t ADD c int; UPDATE alembic_version SET version_num = 'a1';
ALTER TABLE t ADD d int\; UPDATE alembic_version SET version_num = 'a2'\; ALTER TABLE t ADD e int\;
UPDATE alembic_version SET version_num = 'a3';`)
		psql(t, url, `TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (7, true); ALTER TABLE t ADD f int;
TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (7, false);
INSERT INTO schema_migrations VALUES (8, true); ALTER TABLE t ADD g int; INSERT INTO schema_migrations VALUES (8, false)`)
		psql(t, url, `INSERT INTO _prisma_migrations VALUES ('x', '2026_h'); ALTER TABLE t ADD h int;
UPDATE _prisma_migrations SET id = 'y'; UPDATE _prisma_migrations SET finished_at = now()`)
		psql(t, url, "ALTER TABLE t ADD i int")
		psql(t, url, "INSERT INTO flyway_schema_history VALUES ('9', 'more', 'V9__"+strings.Repeat("i", 300)+".sql')")
	})
	var got []string
	for _, s := range r.Statements {
		if s.Verb == "ALTER TABLE" {
			got = append(got, fmt.Sprintf("%s: %s", s.Shape[len(s.Shape)-5:], s.Migration))
		}
		if s.Verb == "INSERT" && s.Migration != "" {
			t.Errorf("the ledger itself is of %s", s.Migration)
		}
	}
	want := []string{
		"a int: shop 0002_a", "b int: shop 0003_b <b>", "x int: ", "c int: a1", "d int: a2", "e int: a3", "f int: 7",
		"g int: 8", "h int: 2026_h", "i int: V9__" + strings.Repeat("i", 75) + "…",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var text strings.Builder
	if err := (&rehearse.Report{Statements: r.Statements}).WriteText(&text); err != nil ||
		!strings.Contains(text.String(), "shop 0003_b") || strings.Contains(text.String(), "4711") {
		t.Error(text.String())
	}
}
