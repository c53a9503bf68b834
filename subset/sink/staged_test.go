package sink_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func stage(t *testing.T, to string, replace bool) *sink.Staged {
	t.Helper()
	s, err := sink.Stage(to, replace)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// holds compares a file's text and the names beside it.
func holds(t *testing.T, path, text string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("%s holds %q, %v", path, got, err)
	}
}

func TestStaged_LeavesWhatSomebodyMadeMeanwhile(t *testing.T) {
	for _, name := range []string{"x.sql", "x.dump", "x/"} {
		dir := t.TempDir()
		s := stage(t, dir+"/"+name, false)
		made := filepath.Join(dir, filepath.Clean(name))
		if name == "x/" {
			for _, folder := range []string{s.Path, made} {
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			put(t, s.Path+"toc.dat", "ours")
			made += "/toc.dat"
		} else {
			put(t, s.Path, "ours")
		}
		put(t, made, "theirs")
		if err := s.Place(); !errors.Is(err, subset.ErrTargetNotEmpty) {
			t.Errorf("%s: %v", name, err)
		}
		holds(t, made, "theirs")
		if err := s.Discard(); err != nil {
			t.Error(err)
		}
		if found, _ := os.ReadDir(dir); len(found) != 1 {
			t.Errorf("%s: %v is left", name, found)
		}
	}
}

func TestStaged_TakesThePlaceOfAnArchiveInOneStep(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/x", 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, dir+"/x/toc.dat", "former")
	put(t, dir+"/x.sql", "former")
	for _, name := range []string{"x/", "x.sql"} {
		s := stage(t, dir+"/"+name, true)
		at := s.Path
		if name == "x/" {
			if err := os.Mkdir(s.Path, 0o700); err != nil {
				t.Fatal(err)
			}
			at += "toc.dat"
		}
		put(t, at, "new")
		if err := errors.Join(s.Place(), s.Discard()); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, dir+"/x/toc.dat", "new")
	holds(t, dir+"/x.sql", "new")
	if found, _ := os.ReadDir(dir); len(found) != 2 {
		t.Errorf("%v is left", found)
	}
}
