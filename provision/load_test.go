package provision_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

const initScript = `
CREATE TABLE product (name text, made_by_the_script boolean);
CREATE ROLE reader NOLOGIN;
ALTER DATABASE shop SET search_path = "$user", public, "Odd, schema";
ALTER DATABASE shop SET application_name = 'it''s the shop';
ALTER ROLE reader IN DATABASE shop SET statement_timeout = '5s';
`

// withInitScript lets the compose project make its own tables.
func (f *fixture) withInitScript() {
	f.t.Helper()
	folder := filepath.Join(f.options.Source.Dir, "init")
	if err := os.Mkdir(folder, 0o755); err != nil {
		f.t.Fatal(err)
	}
	f.write("init/schema.sql", initScript)
	f.write("compose.yaml", strings.Replace(composeFile, `"data:/var/lib/postgresql/data"`,
		`"data:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d:ro"`, 1))
}

// The database is made anew for the archive, with the roles and the settings
// that the scripts gave it; a second archive, of pg_dump's custom format, is
// loaded by pg_restore.
func TestLoad_ReplacesWhatTheScriptsMadeAndKeepsRolesAndSettings(t *testing.T) {
	f := newFixture(t, 20)
	f.withInitScript()
	f.up()
	if got := f.sql("SELECT count(made_by_the_script) FROM product"); got != "0" {
		t.Errorf("without an archive: %q", got)
	}
	f.options.Archive = f.archive("apple")
	result := f.up()
	f.assertLoaded("apple")
	if result.Loaded.Bytes == 0 || len(result.Loaded.SHA256) != 64 {
		t.Errorf("loaded %+v", result.Loaded)
	}

	var dump bytes.Buffer
	code, err := f.engine.Exec(t.Context(), f.options.Preview, "db", compose.ExecOptions{
		Argv: []string{"pg_dump", "-U", "shop", "-Fc", "shop"}, Stdout: &dump,
	})
	if err != nil || code != 0 {
		t.Fatalf("pg_dump: exit %d, %v", code, err)
	}
	f.sql("DELETE FROM product")
	f.options.Archive = f.write("production.dump", dump.String())
	f.up()
	f.assertLoaded("apple")
	status, err := f.engine.Get(t.Context(), f.options.Preview)
	if err != nil || status.Archive == "" || status.Archive == result.Loaded.SHA256 {
		t.Errorf("status %+v, %v", status, err)
	}
}

func (f *fixture) assertLoaded(row string) {
	f.t.Helper()
	for query, want := range map[string]string{
		"SELECT name FROM product":                                               row,
		"SELECT count(*) FROM pg_roles WHERE rolname = 'reader'":                 "1",
		"SHOW search_path":                                                       `"$user", public, "Odd, schema"`,
		"SELECT reset_val FROM pg_settings WHERE name = 'search_path'":           `"$user", public, "Odd, schema"`,
		"SELECT setconfig FROM pg_db_role_setting WHERE setrole <> 0":            "{statement_timeout=5s}",
		"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'": "shop",
		"SELECT setconfig[2] FROM pg_db_role_setting WHERE setrole = 0":          "application_name=it's the shop",
	} {
		if got := f.sql(query); got != want {
			f.t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestLogsAndExec_ReachTheServicesOfAPreview(t *testing.T) {
	f := newFixture(t, 21)
	f.up()
	id := f.options.Preview.ID
	var log bytes.Buffer
	if err := f.engine.Logs(t.Context(), provision.Preview{ID: id}, compose.LogOptions{Services: []string{"web"}},
		&log); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "listening on :8000") {
		t.Errorf("log %q", log.String())
	}
	var out bytes.Buffer
	code, err := f.engine.Exec(t.Context(), provision.Preview{ID: id}, "db", compose.ExecOptions{
		Argv: []string{"sh", "-c", "cat; exit 7"}, Stdin: strings.NewReader("given"), Stdout: &out,
	})
	if err != nil || code != 7 || out.String() != "given" {
		t.Errorf("exit %d, output %q, %v", code, out.String(), err)
	}
	if _, err := f.engine.Exec(t.Context(), provision.Preview{ID: id}, "nowhere",
		compose.ExecOptions{Argv: []string{"true"}}); err == nil ||
		!strings.Contains(err.Error(), `no service "nowhere"`) {
		t.Errorf("of a service that is not there: %v", err)
	}
	for name, err := range map[string]error{
		"logs": f.engine.Logs(t.Context(), provision.Preview{ID: "no-such-preview"}, compose.LogOptions{}, &log),
		"get":  second(f.engine.Get(t.Context(), provision.Preview{ID: "no-such-preview"})),
		"psql": second(f.engine.Psql(t.Context(), provision.Preview{ID: "no-such-preview"}, nil,
			compose.ExecOptions{})),
	} {
		if !isNoPreview(err) {
			t.Errorf("%s of no preview: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
