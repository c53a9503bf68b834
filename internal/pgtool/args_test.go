package pgtool

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/host"
)

func TestDumpArgs_HoldNoConnection(t *testing.T) {
	got := Dump{
		Snapshot: "00000003-1", Encoding: "SQL_ASCII", Exclude: []string{`"a b"."C"`, `"x"."y""z"`},
		Path: "/tmp/a b",
	}.Args()
	want := []string{
		"--format=custom", "--schema-only", "--no-sync", "--no-password",
		"--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions",
		"--no-security-labels",
		"--encoding=SQL_ASCII", "--file=/tmp/a b",
		"--dbname=keepalives_idle=15 keepalives_interval=15 keepalives_count=3", "--snapshot=00000003-1",
		`--exclude-table="a b"."C"`, `--exclude-table="x"."y""z"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := (Dump{Encoding: "UTF8"}).Args(); strings.Contains(strings.Join(got, " "), "--snapshot") {
		t.Errorf("a snapshot out of nothing: %q", got)
	}
}

func TestRestoreArgs_ForADatabaseAndForAScript(t *testing.T) {
	r := Restore{Archive: "/tmp/a", Section: PostData, Contents: "/tmp/l", Jobs: 4}
	common := []string{
		"--no-password", "--section=post-data",
		"--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions",
		"--no-security-labels",
		"--use-list=/tmp/l",
	}
	want := append(append([]string{}, common...), "--exit-on-error", `--dbname=dbname='it\'s'`, "--jobs=4", "/tmp/a")
	if diff := cmp.Diff(want, r.DatabaseArgs("it's")); diff != "" {
		t.Error(diff)
	}
	want = append(append([]string{}, common...), "--file=-", "/tmp/a")
	if diff := cmp.Diff(want, r.ScriptArgs()); diff != "" {
		t.Error(diff)
	}
	for _, jobs := range []int{0, 1} {
		if got := (Restore{Jobs: jobs}).DatabaseArgs("d"); strings.Contains(strings.Join(got, " "), "--jobs") {
			t.Errorf("%d jobs: %q", jobs, got)
		}
	}
}

// spy installs programs that write their arguments and environment to a file.
func spy(t *testing.T, exit string) (tools *Tools, seen func() string) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	script := "#!/bin/sh\n{ echo \"$0\"; printf 'arg %s\\n' \"$@\"; env; } >" + log + "\n" + exit + "\n"
	for _, program := range []string{"pg_dump", "pg_restore"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return &Tools{Major: 15, dir: dir}, func() string {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

func TestRun_PutsThePasswordIntoTheEnvironmentOnly(t *testing.T) {
	env, err := Environ("postgres://al:s3cret@db.example/shop")
	if err != nil {
		t.Fatal(err)
	}
	tools, seen := spy(t, "exit 0")
	for name, run := range map[string]func() error{
		"pg_dump": func() error { return tools.Dump(t.Context(), env, Dump{Encoding: "UTF8", Path: "/tmp/a"}) },
		"pg_restore": func() error {
			return tools.Restore(t.Context(), env, Restore{Archive: "/tmp/a", Section: PreData})
		},
	} {
		if err := run(); err != nil {
			t.Fatal(err)
		}
		text := seen()
		if !strings.Contains(text, "/"+name+"\n") || !strings.Contains(text, "PGPASSWORD=s3cret\n") ||
			!strings.Contains(text, "PGHOST=db.example\n") {
			t.Errorf("%s: %s", name, text)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "arg ") && strings.Contains(line, "s3cret") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestRun_ReportsTheProgramThatFailed(t *testing.T) {
	tools, _ := spy(t, "echo 'pg_restore: error: could not open it' >&2; echo 'ann@example.org' >&2; exit 3")
	_, err := tools.List(t.Context(), "/tmp/a")
	var exit *host.ExitError
	if !errors.As(err, &exit) || exit.Code != 3 {
		t.Fatalf("got %v", err)
	}
	if got, want := err.Error(), "pg_restore: exit 3: pg_restore: error: could not open it"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestVersion_NeedsBothPrograms(t *testing.T) {
	dir := install(t, "pg_dump (PostgreSQL) 15.18")
	if got, err := version(t.Context(), dir); err != nil || got != 15 {
		t.Errorf("got %d, %v", got, err)
	}
	if err := os.Remove(filepath.Join(dir, "pg_restore")); err != nil {
		t.Fatal(err)
	}
	if _, err := version(t.Context(), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
