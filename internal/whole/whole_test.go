package whole_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/whole"
)

// in is what a folder has, with modes.
func in(t *testing.T, folder string) map[string]os.FileMode {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]os.FileMode{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = info.Mode()
	}
	return found
}

func TestWrite_MakesAndReplacesWithItsMode(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	for content, mode := range map[string]os.FileMode{"one": 0o644, "another": 0o600} {
		if err := whole.WriteBytes(path, mode, []byte(content)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
		if diff := cmp.Diff(map[string]os.FileMode{"a": mode}, in(t, folder)); diff != "" {
			t.Error(diff)
		}
	}
}

// Until it is complete, a file is beside its place, for its owner alone.
func TestWrite_ShowsNoHalf(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	broken := errors.New("broken")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := whole.Write(path, 0o644, func(w io.Writer) error {
		if _, err := io.WriteString(w, "new"); err != nil {
			t.Fatal(err)
		}
		for name, mode := range in(t, folder) {
			if name != "a" && mode != 0o600 {
				t.Errorf("%s has mode %v", name, mode)
			}
		}
		if len(in(t, folder)) != 2 {
			t.Errorf("%v", in(t, folder))
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	if diff := cmp.Diff(map[string]os.FileMode{"a": 0o644}, in(t, folder)); diff != "" {
		t.Error(diff)
	}
}

func TestWrite_SaysThatThereIsNoFolder(t *testing.T) {
	err := whole.WriteBytes(filepath.Join(t.TempDir(), "none", "a"), 0o600, nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
