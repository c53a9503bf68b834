package pgtool_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const schema = `
	CREATE SCHEMA "Mixed Case";
	CREATE TABLE "Mixed Case"."Eltern ä" (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent int CONSTRAINT "fk x" REFERENCES "Mixed Case"."Eltern ä");
	CREATE TABLE secret (id int);
`

type fixture struct {
	tools   *pgtool.Tools
	url     string
	env     []string
	archive string
}

func dumped(t *testing.T, exclude ...string) fixture {
	t.Helper()
	f := fixture{url: pgtest.New(t), archive: filepath.Join(t.TempDir(), "schema")}
	pgtest.Exec(t, f.url, schema)
	var err error
	if f.tools, err = pgtool.Find(t.Context(), pgtest.Major(t)); err != nil {
		t.Fatal(err)
	}
	if f.env, err = pgtool.Environ(f.url); err != nil {
		t.Fatal(err)
	}
	err = f.tools.Dump(t.Context(), f.env, pgtool.Dump{Encoding: "UTF8", Exclude: exclude, Path: f.archive})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRestore_BuildsTheSameSchema(t *testing.T) {
	f := dumped(t, `"public"."secret"`)
	target := pgtest.New(t)
	env, err := pgtool.Environ(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range []pgtool.Section{pgtool.PreData, pgtool.PostData} {
		if err := f.tools.Restore(t.Context(), env,
			pgtool.Restore{Archive: f.archive, Section: section, Jobs: 2}); err != nil {
			t.Fatal(err)
		}
	}
	// since version 18 NOT NULL is one
	const keys = `SELECT conrelid::regclass, conname FROM pg_constraint WHERE conrelid >= 16384 AND contype <> 'n' ORDER BY 1, 2`
	if got, want := pgtest.Query(t, target, keys), pgtest.Query(t, f.url, keys); len(got) != 3 || len(want) != 3 {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := pgtest.Value(t, target, "SELECT count(*) FROM pg_class WHERE relname = 'secret'"); n != "0" {
		t.Error("the excluded table is there")
	}
}

func TestRestore_TakesOnlyWhatTheListNames(t *testing.T) {
	f := dumped(t)
	entries, err := f.tools.List(t.Context(), f.archive)
	if err != nil {
		t.Fatal(err)
	}
	var kept []pgtool.Entry
	for _, e := range entries {
		if !strings.HasPrefix(e.Text, "FK CONSTRAINT") {
			kept = append(kept, e)
		}
	}
	if len(kept) != len(entries)-1 {
		t.Fatalf("%d of %d entries are foreign keys", len(entries)-len(kept), len(entries))
	}
	contents := filepath.Join(t.TempDir(), "list")
	if err := pgtool.WriteList(contents, kept); err != nil {
		t.Fatal(err)
	}
	var script bytes.Buffer
	err = f.tools.Script(t.Context(), pgtool.Restore{Archive: f.archive, Section: pgtool.PostData, Contents: contents},
		&script)
	if err != nil {
		t.Fatal(err)
	}
	if got := script.String(); strings.Contains(got, "FOREIGN KEY") || !strings.Contains(got, "PRIMARY KEY") {
		t.Error(got)
	}
}

func TestRestore_NamesTheObjectButNoRow(t *testing.T) {
	f := dumped(t)
	target := pgtest.New(t)
	env, err := pgtool.Environ(target)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.tools.Restore(t.Context(), env,
		pgtool.Restore{Archive: f.archive, Section: pgtool.PreData}); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, target, "INSERT INTO child VALUES (1, 4711)")
	err = f.tools.Restore(t.Context(), env, pgtool.Restore{Archive: f.archive, Section: pgtool.PostData})
	if err == nil {
		t.Fatal("a dangling row passed")
	}
	if got := err.Error(); !strings.Contains(got, "fk x") || strings.Contains(got, "4711") ||
		strings.Contains(got, "ALTER TABLE") {
		t.Errorf("got %s", got)
	}
}

func TestDump_SaysWhichTableMayNotBeRead(t *testing.T) {
	f := dumped(t)
	env, err := pgtool.Environ(pgtest.Role(t, f.url, "pgtool_reader", ""))
	if err != nil {
		t.Fatal(err)
	}
	err = f.tools.Dump(t.Context(), env, pgtool.Dump{Encoding: "UTF8", Path: f.archive + "2"})
	if err == nil || !strings.Contains(err.Error(), "permission denied for ") {
		t.Errorf("got %v", err)
	}
}

func TestScript_PassesAFullDiskOn(t *testing.T) {
	f := dumped(t)
	full := errors.New("disk is full")
	err := f.tools.Script(t.Context(), pgtool.Restore{Archive: f.archive, Section: pgtool.PreData}, failing{full})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
