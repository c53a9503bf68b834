package provision_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
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

// assertLoaded asks all in one go: each line is one answer.
func (f *fixture) assertLoaded(row string) {
	f.t.Helper()
	queries := []struct{ query, want string }{
		{"SELECT name FROM product", row},
		{"SELECT count(*) FROM pg_roles WHERE rolname = 'reader'", "1"},
		{"SHOW search_path", `"$user", public, "Odd, schema"`},
		{"SELECT reset_val FROM pg_settings WHERE name = 'search_path'", `"$user", public, "Odd, schema"`},
		{"SELECT setconfig FROM pg_db_role_setting WHERE setrole <> 0", "{statement_timeout=5s}"},
		{"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'", "shop"},
		{"SELECT setconfig[2] FROM pg_db_role_setting WHERE setrole = 0", "application_name=it's the shop"},
	}
	var all, want []string
	for _, q := range queries {
		all, want = append(all, "-c", q.query), append(want, q.want)
	}
	if diff := cmp.Diff(want, strings.Split(f.psql(all...), "\n")); diff != "" {
		f.t.Errorf("what was loaded: %s", diff)
	}
}

func second[T any](_ T, err error) error { return err }
