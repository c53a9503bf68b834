package planner_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/scratch"
)

// An archive may come from somebody else: its schema, and what it tells of its source.
func TestHostile_AnArchiveWantsToRunAProgramWhileAPlanIsMade(t *testing.T) {
	planted := filepath.Join(t.TempDir(), "planted")
	if err := os.Chmod(filepath.Dir(planted), 0o777); err != nil {
		t.Fatal(err)
	}
	const injected = `'; COPY (SELECT 1) TO PROGRAM 'true'; --`
	hostile := facts.Facts{
		Format: facts.Format, Server: pgtest.Major(t) * 10000,
		Database: &facts.Database{Encoding: "UTF8", Collate: "C' --superuser", Ctype: "C"},
		Settings: []facts.Setting{
			{Name: "session_preload_libraries", Value: planted},
			{Name: "role", Value: "postgres"},
			{Name: "search_path", Value: "evil"},
			{Name: "work_mem", Value: injected},
			{Name: "work_mem", Value: "4096"},
		},
		Tables: []facts.Table{
			{
				Schema: "public", Name: injected, Kind: "r", Rows: 1e6, Pages: 10000, Bytes: 10000 * 8192,
				Columns: []facts.Column{{
					Name: injected, Width: 4, Distinct: 3, Common: []float64{0.5}, Values: []*string{new(injected)},
					Bounds: []string{injected, "a"},
				}},
				Indexes: []facts.Index{{Name: injected, Rows: -7, Pages: -1, Bytes: -1}},
			},
			{
				Schema: "pg_catalog", Name: "pg_authid", Kind: "r", Rows: 1e6, Pages: 10000, Bytes: 10000 * 8192,
				Columns: []facts.Column{{Name: "oid", Bounds: []string{"1", "x"}}},
			},
		},
	}
	lines, err := hostile.Comments()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hostile.sql")
	script := lines + `
CREATE FUNCTION public.wants(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $f$
BEGIN
	EXECUTE $s$COPY (SELECT 1) TO PROGRAM 'touch ` + planted + `'$s$;
	RETURN $1;
EXCEPTION WHEN OTHERS THEN
	RETURN $1;
END $f$;
CREATE TABLE public."` + injected + `" ("` + injected + `" text);
INSERT INTO public."` + injected + `" SELECT n::text FROM generate_series(1, 1000) AS n;
CREATE INDEX "` + injected + ` 2" ON public."` + injected + `" (public.wants("` + injected + `"));
CREATE INDEX ON public."` + injected + `" ("` + injected + `");
CREATE FUNCTION public.json_array_length(json) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN public.wants('7'); END $f$;
`
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, path)
	database := c.dress(t, scratch.Loaded)
	got := c.explained(t, database, `SELECT * FROM "`+injected+`" WHERE wants("`+injected+`") = wants('7')`, false)
	if got.Root.Cost == 0 {
		t.Errorf("%+v", got)
	}
	session, err := c.Connect(t.Context(), database, "")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	rows, err := session.Query(t.Context(), "SELECT setconfig FROM pg_catalog.pg_db_role_setting")
	if err != nil || len(rows) != 1 || rows[0][0] != "{work_mem=4096}" {
		t.Errorf("%q, %v", rows, err)
	}
	if _, err := os.Lstat(planted); err == nil {
		t.Error("it ran")
	}
}
