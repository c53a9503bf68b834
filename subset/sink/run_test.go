package sink_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// run takes a subset as the command does.
func run(t *testing.T, from, to string, seed uint64) (*subset.Report, sink.Sink) {
	t.Helper()
	return runSpec(t, plan.Spec{URL: from, Seed: seed}, to)
}

func runSpec(t *testing.T, spec plan.Spec, to string) (*subset.Report, sink.Sink) {
	t.Helper()
	source, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close(t.Context()) }()
	plan, err := source.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	target, err := sink.Open(to, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := source.Run(t.Context(), plan, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report, target
}

// TestRun_ScriptAndDatabaseHoldTheSameRows takes one subset both ways. The
// rows of a table come in the same order, so the dumps are equal.
func TestRun_ScriptAndDatabaseHoldTheSameRows(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, `CREATE TABLE team (id int PRIMARY KEY, lead int);
		CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, team int NOT NULL REFERENCES team, "Näme" text);
		INSERT INTO team SELECT n, n * 10 FROM generate_series(1, 50) n;
		INSERT INTO person (team, "Näme") SELECT 1 + n % 50, 'né ' || n FROM generate_series(1, 2000) n;
		ALTER TABLE team ADD CONSTRAINT team_lead_fkey FOREIGN KEY (lead) REFERENCES person;
		CREATE TABLE broken (id int PRIMARY KEY, person bigint CONSTRAINT broken_person REFERENCES person);
		SET session_replication_role = replica; INSERT INTO broken SELECT n, -n FROM generate_series(1, 9) n; ANALYZE`)
	direct, loaded := pgtest.New(t), pgtest.New(t)
	dir := t.TempDir()
	report, target := run(t, from, direct, 7)
	run(t, from, filepath.Join(dir, "a.sql"), 7)
	run(t, from, filepath.Join(dir, "b.sql"), 7)
	noWarnings(t, target)
	if read(t, filepath.Join(dir, "a.sql")) != read(t, filepath.Join(dir, "b.sql")) {
		t.Error("the same seed gives another script")
	}
	pgtest.Load(t, loaded, filepath.Join(dir, "a.sql"))
	same(t, direct, loaded)
	for _, url := range []string{direct, loaded} {
		const rows = `SELECT (SELECT count(*) FROM team) + (SELECT count(*) FROM person) + (SELECT count(*) FROM broken)`
		if got := pgtest.Value(t, url, rows); got == "0" || report.Rows == 0 {
			t.Errorf("%s rows, reported %d", got, report.Rows)
		}
		const keys = `SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated`
		if got := pgtest.Query(t, url, keys); len(got) != 1 || got[0][0] != "broken_person" {
			t.Errorf("keys that are not valid: %q", got)
		}
		pgtest.Exec(t, url, `INSERT INTO person (team, "Näme") SELECT id, 'next' FROM team`)
	}
}

// TestRun_EachTargetHoldsTheSame takes one subset of the project's schemas
// each way.
func TestRun_EachTargetHoldsTheSame(t *testing.T) {
	t.Parallel()
	schemas := []string{"keys.sql", "names.sql", "partitions.sql"}
	if pgtest.Major(t) >= 18 {
		schemas = append(schemas, "since18.sql")
	}
	for _, schema := range schemas {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			from := pgtest.New(t)
			pgtest.Load(t, from, filepath.Join("..", "..", "testdata", "schemas", schema))
			eachTargetHoldsTheSame(t, from)
		})
	}
}

// eachTargetHoldsTheSame compares a database that a subset was loaded into
// with those that were loaded from files of the same subset.
func eachTargetHoldsTheSame(t *testing.T, from string) {
	t.Helper()
	direct := pgtest.New(t)
	run(t, from, direct, 7)
	for _, way := range []string{"x.sql", "x.dump", "x/"} {
		first, second := t.TempDir()+"/"+way, t.TempDir()+"/"+way
		run(t, from, first, 7)
		run(t, from, second, 7)
		if diff := cmp.Diff(bytesOf(t, first), bytesOf(t, second)); diff != "" {
			t.Errorf("%s: the same seed gives other bytes: %.1000s", way, diff)
		}
		loaded := pgtest.New(t)
		loadFile(t, loaded, first)
		same(t, direct, loaded)
		if way != "x.sql" {
			parallel := pgtest.New(t)
			restore(t, parallel, first, "--jobs=2")
			same(t, direct, parallel)
		}
	}
}
