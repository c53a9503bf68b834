package sink

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/lock"
)

// deadPID is the number of a process that has ended.
func deadPID(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(cmd.Process.Pid)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestMakeWorkspace_IsOursAloneAndGoes(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f, err := makeWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(f.path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(f.path, "archive"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.remove(); err != nil {
			t.Error(err)
		}
	}
	if exists(f.path) {
		t.Error("still there")
	}
	if err := (&workspace{}).remove(); err != nil {
		t.Error(err)
	}
}

func TestMakeWorkspace_RemovesWhatKilledRunsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	dead := deadPID(t)
	mine := strconv.Itoa(os.Getpid())
	for name, stays := range map[string]bool{
		workspacePrefix + dead + "-1":  false,
		workspacePrefix + dead + "-2":  true, // locked: its owner lives in another container
		workspacePrefix + mine + "-1":  true,
		workspacePrefix + "1-1":        true,
		workspacePrefix + "-1-1":       true,
		workspacePrefix + "someone's":  true,
		"offshoot-other-" + dead:       true,
		"elsewhere" + workspacePrefix:  true,
		workspacePrefix + "x" + "-abc": true,
	} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "archive"), []byte("schema"), 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if exists(path) != stays {
				t.Errorf("%s: stays %v, want %v", name, !stays, stays)
			}
		}()
	}
	held, err := lock.TryFolder(filepath.Join(dir, workspacePrefix+dead+"-2"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	f, err := makeWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.remove(); err != nil {
		t.Error(err)
	}
}

func TestMakeWorkspace_FollowsNoLinkOfAStranger(t *testing.T) {
	dir, precious := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", dir)
	if err := os.WriteFile(filepath.Join(precious, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(precious, filepath.Join(dir, workspacePrefix+deadPID(t)+"-1")); err != nil {
		t.Fatal(err)
	}
	removeLeftovers(dir, workspacePrefix)
	if !exists(filepath.Join(precious, "file")) {
		t.Error("a link led to another folder")
	}
}
