package pgtool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// install makes a folder of programs that answer --version.
func install(t *testing.T, answer string) string {
	t.Helper()
	dir := t.TempDir()
	for _, program := range []string{"pg_dump", "pg_restore"} {
		script := "#!/bin/sh\necho '" + answer + "'\n"
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind_TakesTheSameElseTheNextNewerVersion(t *testing.T) {
	v14 := install(t, "pg_dump (PostgreSQL) 14.2")
	v16 := install(t, "pg_dump (PostgreSQL) 16.1 (Homebrew)")
	v18 := install(t, "pg_dump (PostgreSQL) 18beta2")
	broken := install(t, "no version at all")
	dirs := []string{"/nowhere", broken, v18, v14, v16}
	for server, want := range map[int]string{13: v14, 14: v14, 15: v16, 16: v16, 17: v18, 18: v18} {
		got, err := find(t.Context(), server, dirs)
		if err != nil {
			t.Fatal(err)
		}
		if got.Path("psql") != filepath.Join(want, "psql") {
			t.Errorf("for server %d: %s", server, got.Path("psql"))
		}
	}
}

func TestFind_NamesBothVersionsWhenTheServerIsNewer(t *testing.T) {
	_, err := find(t.Context(), 17, []string{install(t, "pg_dump (PostgreSQL) 15.18")})
	var old *TooOldError
	if !errors.As(err, &old) || old.Server != 17 || old.Newest != 15 {
		t.Fatalf("got %v", err)
	}
	if got, want := err.Error(), "the server is PostgreSQL 17, but the newest installed pg_dump is 15"; got != want {
		t.Errorf("got %q", got)
	}
	hints := strings.Join(hint.Of(err), "\n")
	for _, want := range []string{"postgresql-client-17", "postgresql@17"} {
		if !strings.Contains(hints, want) {
			t.Errorf("hint %q does not name %s", hints, want)
		}
	}
}

func TestFind_SaysWhenNothingIsInstalled(t *testing.T) {
	_, err := find(t.Context(), 15, []string{t.TempDir()})
	if !errors.Is(err, ErrNoTools) || len(hint.Of(err)) != 1 {
		t.Errorf("got %v with hints %q", err, hint.Of(err))
	}
}

func TestFind_StopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := find(ctx, 15, []string{install(t, "pg_dump (PostgreSQL) 15.18")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFolders_BeginsWithPath(t *testing.T) {
	t.Setenv("PATH", "/first"+string(os.PathListSeparator)+"/second")
	if got := folders(); len(got) < 2 || got[0] != "/first" || got[1] != "/second" {
		t.Errorf("got %q", got)
	}
}

func TestFind_PassesDebiansWrapperBy(t *testing.T) {
	wrapped, plain := install(t, "pg_dump (PostgreSQL) 15.18"), install(t, "pg_dump (PostgreSQL) 15.18")
	dump := filepath.Join(wrapped, "pg_dump")
	wrapper := filepath.Join(t.TempDir(), "pg_wrapper")
	if err := errors.Join(os.Rename(dump, wrapper), os.Symlink(wrapper, dump)); err != nil {
		t.Fatal(err)
	}
	tools, err := find(t.Context(), 15, []string{wrapped, plain})
	if err != nil || filepath.Dir(tools.Path("pg_dump")) != plain {
		t.Errorf("%+v, %v", tools, err)
	}
	if _, err := find(t.Context(), 15, []string{wrapped}); !errors.Is(err, ErrNoTools) {
		t.Errorf("%v", err)
	}
}
