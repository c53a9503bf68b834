package sink_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// offer puts an extension beside those of the server, until the test ends, and returns its name.
func offer(t *testing.T, script string) string {
	t.Helper()
	share := pgtest.Value(t, pgtest.New(t), "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")
	name := fmt.Sprintf("offshoot_test_%08x", rand.Uint32())
	folder := filepath.Join(share, "extension")
	for file, text := range map[string]string{
		name + ".control":  "default_version = '1.0'\nrelocatable = true\n",
		name + "--1.0.sql": script,
	} {
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Skipf("no rights to add an extension to the server: %v", err)
		}
		t.Cleanup(func() { _ = os.Remove(path) })
	}
	return name
}

const places = `
CREATE TABLE places (id int PRIMARY KEY, name text);
INSERT INTO places SELECT i, 'built in' FROM generate_series(1, 20) i;
SELECT pg_catalog.pg_extension_config_dump('places', 'WHERE name <> ''built in''');
CREATE FUNCTION known(place int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT EXISTS (SELECT FROM public.places WHERE id = place)';
`

const withTwo = `CREATE EXTENSION pg_stat_statements; CREATE EXTENSION citext; CREATE TABLE people (mail citext)`

func TestRun_TakesRowsThatUsersAddedToTablesOfExtensions(t *testing.T) {
	t.Parallel()
	name := offer(t, places)
	from := pgtest.New(t)
	pgtest.Exec(t, from, "CREATE EXTENSION "+name)
	pgtest.Exec(t, from, `
		INSERT INTO places SELECT i, 'added ' || i FROM generate_series(100, 140) i;
		CREATE TABLE a_shapes (id int PRIMARY KEY, place int NOT NULL REFERENCES places CHECK (known(place)));
		INSERT INTO a_shapes SELECT i, CASE WHEN i % 2 = 0 THEN 1 + i % 20 ELSE 100 + i % 40 END FROM generate_series(1, 400) i`)
	eachTargetHoldsTheSame(t, from)
	to := pgtest.New(t)
	report, _ := run(t, from, to, 7)
	const added = "SELECT id, name FROM places ORDER BY id"
	if diff := cmp.Diff(pgtest.Query(t, from, added), pgtest.Query(t, to, added)); diff != "" {
		t.Errorf("(-source +target):\n%s", diff)
	}
	want := "public.places of extension " + name + ": all 41 rows that users added come along, unmasked"
	if !slices.Contains(report.Warnings, want) {
		t.Errorf("warnings: %q", report.Warnings)
	}
	const key = "SELECT count(*) FROM pg_constraint WHERE conname = 'a_shapes_place_fkey' AND convalidated"
	if got := pgtest.Value(t, to, key); got != "1" {
		t.Error("the key to the extension's table is not there")
	}
}

func TestRun_TakesRowsAndSequencesOfExtensionsInOrder(t *testing.T) {
	t.Parallel()
	name := offer(t, `
		CREATE TABLE z_maps (id int PRIMARY KEY);
		CREATE SEQUENCE numbers; SELECT pg_catalog.pg_extension_config_dump('numbers', '');
		CREATE TABLE a_layers (id int PRIMARY KEY, map int NOT NULL REFERENCES z_maps);
		SELECT pg_catalog.pg_extension_config_dump('a_layers', '');
		SELECT pg_catalog.pg_extension_config_dump('z_maps', '')`)
	from := pgtest.New(t)
	pgtest.Exec(t, from, "CREATE EXTENSION "+name)
	pgtest.Exec(t, from, `
		INSERT INTO z_maps SELECT generate_series(1, 5); SELECT setval('numbers', 42);
		INSERT INTO a_layers SELECT i, 1 + i % 5 FROM generate_series(1, 20) i`)
	for _, way := range []string{"", "x.sql", "x.dump", "x/"} {
		to := pgtest.New(t)
		if way == "" {
			run(t, from, to, 7)
		} else {
			path := t.TempDir() + "/" + way
			run(t, from, path, 7)
			loadFile(t, to, path)
		}
		if n := pgtest.Value(t, to, "SELECT count(*) FROM a_layers"); n != "20" {
			t.Errorf("%s: %s layers", way, n)
		}
		if n := pgtest.Value(t, to, "SELECT nextval('numbers')"); n != "43" {
			t.Errorf("%s: the extension's sequence goes on at %s", way, n)
		}
	}
}

func TestRun_SkipsTheRowsOfAnExtensionWithIt(t *testing.T) {
	t.Parallel()
	name := offer(t, "CREATE TABLE jobs (id int); SELECT pg_catalog.pg_extension_config_dump('jobs', '')")
	from := pgtest.New(t)
	pgtest.Exec(t, from, "CREATE EXTENSION "+name)
	pgtest.Exec(t, from, "INSERT INTO jobs VALUES (1); CREATE TABLE people (id int); INSERT INTO people VALUES (1)")
	for _, way := range []string{"", "x.sql", "x.dump", "x/"} {
		to := pgtest.New(t)
		path := t.TempDir() + "/" + way
		if way == "" {
			path = to
		}
		runSpec(t, plan.Spec{URL: from, Skip: []string{name}}, path)
		if way != "" {
			loadFile(t, to, path)
		}
		if n := pgtest.Value(t, to, "SELECT count(*) FROM people"); n != "1" {
			t.Errorf("%s: %s people", way, n)
		}
	}
}

func TestRun_LeavesOutAnExtensionThatTheTargetRefusesAndNobodyNeeds(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, withTwo)
	to := pgtest.New(t)
	role := fmt.Sprintf("sink_owner_%08x", rand.Uint32())
	owner := pgtest.Role(t, to, role, "")
	database := pgtest.Value(t, to, "SELECT quote_ident(current_database())")
	pgtest.Exec(t, to, "GRANT ALL ON DATABASE "+database+" TO "+role+"; GRANT ALL ON SCHEMA public TO "+role)
	_, target := run(t, from, owner, 7)
	want := []string{"extension pg_stat_statements left out: the target refuses it, and nothing depends on it"}
	if diff := cmp.Diff(want, target.Warnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	script := t.TempDir() + "/x.sql"
	run(t, from, script, 7)
	empty(t, to)
	loadFile(t, owner, script)
	const extensions = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"
	if diff := cmp.Diff([][]string{{"citext"}}, pgtest.Query(t, to, extensions)); diff != "" {
		t.Errorf("extensions (-want +got):\n%s", diff)
	}
}

func empty(t *testing.T, url string) {
	t.Helper()
	pgtest.Exec(t, url, "DROP TABLE people; DROP EXTENSION citext")
}

func TestRun_SkipsTheExtensionsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, withTwo)
	to := pgtest.New(t)
	_, target := runSpec(t, plan.Spec{URL: from, Skip: []string{"pg_stat_statements"}}, to)
	noWarnings(t, target)
	const skipped = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"
	if got := pgtest.Value(t, to, skipped); got != "0" {
		t.Error("it is there")
	}
	for name, want := range map[string]string{
		"citext": "subset.extensions: citext cannot be left out: objects of the source depend on it",
		"hstore": "subset.extensions: hstore: the source has no such extension",
	} {
		source, err := subset.Open(t.Context(), plan.Spec{URL: from, Skip: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = source.Plan(t.Context()); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
		_ = source.Close(t.Context())
	}
}
