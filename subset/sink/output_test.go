package sink

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset"
)

// folder returns a folder and a function that lists it.
func folder(t *testing.T) (dir string, list func() []string) {
	t.Helper()
	dir = t.TempDir()
	return dir, func() []string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
}

func TestOutput_AppearsOnlyWhenComplete(t *testing.T) {
	for _, named := range []bool{false, true} {
		dir, list := folder(t)
		path := filepath.Join(dir, "x.sql")
		out, err := create(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if named { // as on a file system without nameless files
			_ = out.discard()
			file, err := namedTemporary(path)
			if err != nil {
				t.Fatal(err)
			}
			out = &output{Writer: file, file: file, named: true, path: path}
		}
		if _, err := io.WriteString(out, "rows"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("there before it is complete")
		}
		if err := out.commit(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(out.discard(), out.commit()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"x.sql"}, list()); diff != "" {
			t.Error(diff)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 4 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

func TestOutput_LeavesNothingWhenDiscarded(t *testing.T) {
	for _, name := range []string{"x.sql", "x.sql.gz", "x.sql.zst"} {
		dir, list := folder(t)
		out, err := create(filepath.Join(dir, name), Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(out, "rows")
		if err := errors.Join(out.discard(), out.discard()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{}, list()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestOutput_DoesNotOverwriteWhatCameMeanwhile(t *testing.T) {
	dir, list := folder(t)
	path := filepath.Join(dir, "x.sql")
	out, err := create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := out.commit(); !errors.Is(err, subset.ErrTargetNotEmpty) {
		t.Errorf("got %v", err)
	}
	if err := out.discard(); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "mine" || len(list()) != 1 {
		t.Errorf("%q in %q", got, list())
	}
}

func TestOutput_ReplacesInOneStep(t *testing.T) {
	dir, list := folder(t)
	path := filepath.Join(dir, "x.sql")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := create(path, Options{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(out, "new"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("%q before it is complete", got)
	}
	if err := out.commit(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "new" || len(list()) != 1 {
		t.Errorf("%q in %q", got, list())
	}
}
