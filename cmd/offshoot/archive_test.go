package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestArchive_IsPrivateAndGoesAgain(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); ANALYZE")
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	var out bytes.Buffer
	u := ui.New(ui.Options{Err: &out})
	preview := provision.Preview{ID: "shop-pr-1"}
	made, err := here().makeArchive(t.Context(), u, &config.Config{}, plan.Spec{URL: source}, preview)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		made.folder: 0o700,
		filepath.Join(cache, "offshoot", preview.ID): 0o700,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %o", path, info.Mode(), err, want)
		}
	}
	if _, err := os.Stat(made.path); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"no column is masked\n", "kept 1 row of test", "1 row in 1 table"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("up does not say %q: %s", want, out.String())
		}
	}
	for range 2 {
		if err := made.remove(); err != nil {
			t.Error(err)
		}
	}
	wantFiles(t, filepath.Join(cache, "offshoot"))
}

func TestArchive_OfABrokenSourceLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	u := ui.New(ui.Options{Err: &bytes.Buffer{}})
	preview := provision.Preview{ID: "shop-pr-1"}
	if _, err := here().makeArchive(t.Context(), u, &config.Config{}, plan.Spec{URL: "postgres://u@127.0.0.1:1/x"},
		preview); err == nil {
		t.Fatal("no error")
	}
	wantFiles(t, filepath.Join(cache, "offshoot"))
}

func TestForgetArchives_RemovesWhatAKilledUpLeft(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	preview := provision.Preview{ID: "shop-pr-1"}
	left := filepath.Join(cache, "offshoot", preview.ID, "up-1")
	other := filepath.Join(cache, "offshoot", "shop-pr-2")
	for _, dir := range []string{left, other} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(left, "subset.sql.zst"), "rows")
	for range 2 {
		if err := here().forgetArchives(preview); err != nil {
			t.Fatal(err)
		}
	}
	wantFiles(t, filepath.Join(cache, "offshoot"), "shop-pr-2")
}
