package rehearse_test

import (
	"context"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// taken runs a migration and what takes it back, and returns what is said of that.
func taken(t *testing.T, setup, up string, named []string, downs ...string) *rehearse.Report {
	t.Helper()
	url := fresh(t, setup)
	s, database := server(t), databaseOf(t, url)
	before, err := rehearse.SchemaOf(t.Context(), s, database)
	if err != nil {
		t.Fatal(err)
	}
	if code, err := runs(t.Context(), t, s, database, up); err != nil || code != 0 {
		t.Fatalf("%s: exit %d, %v", up, code, err)
	}
	r := &rehearse.Report{}
	for _, name := range named {
		r.Statements = append(r.Statements, &rehearse.Statement{Migration: name})
	}
	err = r.TakeBack(t.Context(), s, database, before, func(ctx context.Context) (int, error) {
		sql := downs[0]
		downs = downs[1:]
		return runs(ctx, t, s, database, sql)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTakeBack_TellsWhatADownMigrationLeaves(t *testing.T) {
	const setup = `
		CREATE TYPE mood AS ENUM ('canary');
		CREATE FUNCTION double(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
		CREATE TABLE t (id int PRIMARY KEY, note text DEFAULT 'canary', m mood);
		CREATE VIEW v AS SELECT id FROM t;
		CREATE TABLE schema_migrations (version text)`
	for name, c := range map[string]struct{ up, down, want string }{
		"all of it": {
			"ALTER TABLE t ADD a int; CREATE INDEX t_note ON t (note); INSERT INTO schema_migrations VALUES ('1')",
			"ALTER TABLE t DROP a; DROP INDEX t_note", "brings the schema back",
		},
		"a ledger that is new": {
			"CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id int); CREATE TABLE u ()", "DROP TABLE u",
			"brings the schema back",
		},
		"a column comes back last": {
			"ALTER TABLE t DROP note", "ALTER TABLE t ADD note text DEFAULT 'canary'", "brings the schema back",
		},
		"without its default": {
			"ALTER TABLE t DROP note", "ALTER TABLE t ADD note text",
			"does not bring the schema back: column note of t is another",
		},
		"an index, a trigger and a policy": {
			`CREATE INDEX t_note ON t (note); CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW
			 EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger(); CREATE POLICY p ON t`, "SELECT 1",
			"does not bring the schema back: index t_note of t is still there, policy p of t is still there, " +
				"trigger g of t is still there",
		},
		"the label of an enum, which nothing can take back": {
			"ALTER TYPE mood ADD VALUE 'other'", "SELECT 1", "does not bring the schema back: type mood is another",
		},
		"a function and a view": {
			"CREATE OR REPLACE FUNCTION double(n int) RETURNS int LANGUAGE sql AS 'SELECT n + n'; DROP VIEW v",
			"SELECT 1",
			"does not bring the schema back: function double(n integer) is another, view v is gone",
		},
		"rights": {
			"GRANT SELECT ON t TO public; CREATE SCHEMA own", "SELECT 1",
			"does not bring the schema back: schema own is still there, table t is another",
		},
		"many": {
			"CREATE TABLE w (a int, b int, c int, d int, e int)", "SELECT 1",
			"does not bring the schema back: column a of w is still there, column b of w is still there, " +
				"column c of w is still there, column d of w is still there, column e of w is still there and 1 more",
		},
		"none, since it fails": {"ALTER TABLE t ADD a int", "SELECT 'canary'::int", "fails with exit 1"},
	} {
		r := taken(t, setup, c.up, nil, c.down)
		if got := r.Back.String(); got != "the down migration "+c.want {
			t.Errorf("%s: %s", name, got)
		}
		text := strings.Join(strings.Fields(written(t, r.WriteText)), " ")
		if !strings.Contains(text, r.Back.String()) || strings.Contains(written(t, r.WriteJSON), "canary") {
			t.Errorf("%s: %s", name, text)
		}
		limit := rehearse.Limits{FailOn: []string{rehearse.FailDown}}
		if over := limit.Exceeded(r); (len(over) == 0) != (c.want == "brings the schema back") {
			t.Errorf("%s: beyond the limits: %q", name, over)
		}
	}
}

func TestTakeBack_RunsOncePerMigration(t *testing.T) {
	const up = "ALTER TABLE t ADD a int; ALTER TABLE t ADD b int"
	named := []string{"1", "", "2", "2"}
	one := []string{"ALTER TABLE t DROP b", "ALTER TABLE t DROP a", "ALTER TABLE t DROP id"}
	if got := taken(t, "CREATE TABLE t (id int)", up, named, one...).Back; len(got.Left) > 0 || got.Runs != 2 {
		t.Errorf("%+v", got)
	}
	if got := taken(t, "CREATE TABLE t (id int)", up, nil, one...).Back; len(got.Left) != 1 || got.Runs != 1 {
		t.Errorf("without a ledger: %+v", got)
	}
	idle := []string{"SELECT 1", "ALTER TABLE t DROP a"}
	if got := taken(t, "CREATE TABLE t (id int)", up, named, idle...).Back; len(got.Left) != 2 || got.Runs != 1 {
		t.Errorf("one that does nothing: %+v", got)
	}
	failed := &rehearse.Report{Exit: 1}
	if err := failed.TakeBack(t.Context(), nil, "", nil, nil); err != nil || failed.Back != nil {
		t.Errorf("%v, %v", err, failed.Back)
	}
}
