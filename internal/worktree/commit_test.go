package worktree_test

import (
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// exported is a commit's files in a new folder.
func exported(t *testing.T, dir, commit string) (folder string, err error) {
	t.Helper()
	folder = t.TempDir()
	into, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()
	return folder, worktree.Export(t.Context(), dir, commit, into)
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func commit(t *testing.T, dir, message string) string {
	t.Helper()
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", message)
	return strings.TrimSpace(git(t, dir, "rev-parse", "HEAD"))
}

func TestExport_WritesACommitsFilesAsTheyWereCommitted(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	put(t, dir, "deep/er/b c.txt", "b\r\n")
	put(t, dir, "run.sh", "#!/bin/sh\n")
	put(t, dir, "empty", "")
	if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	first := commit(t, dir, "more")
	put(t, dir, "a.txt", "changed")
	commit(t, dir, "later")
	folder, err := exported(t, dir, first)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a.txt": "a", "deep/er/b c.txt": "b\r\n", "run.sh": "#!/bin/sh\n", "empty": "", "link": "a",
	} {
		if got := read(t, folder, name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "run.sh")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("run.sh: %v %v", info.Mode(), err)
	}
	if has, err := worktree.HasCommit(t.Context(), dir, first); !has || err != nil {
		t.Errorf("has it: %v, %v", has, err)
	}
	gone := strings.Repeat("1", 40)
	if has, _ := worktree.HasCommit(t.Context(), dir, gone); has {
		t.Error("has a commit that is nowhere")
	}
	if _, err := exported(t, dir, gone); err == nil {
		t.Error("exported a commit that is nowhere")
	}
}

func TestParted_IsWhereTheBranchLeftTheTrunk(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	base := commit(t, dir, "base")
	git(t, dir, "switch", "-q", "-c", "feature")
	commit(t, dir, "of the branch")
	git(t, dir, "switch", "-q", "main")
	commit(t, dir, "later on main")
	git(t, dir, "switch", "-q", "feature")
	trunk, err := worktree.Trunk(t.Context(), dir)
	if err != nil || trunk != "main" {
		t.Errorf("trunk %q, %v", trunk, err)
	}
	if got, err := worktree.Parted(t.Context(), dir, "main"); err != nil || got != base {
		t.Errorf("parted at %q, %v, want %s", got, err, base)
	}
	for _, other := range []string{"nowhere", "", "--all", "main --upload-pack=x"} {
		if got, err := worktree.Parted(t.Context(), dir, other); got != "" || err != nil {
			t.Errorf("%q: parted at %q, %v", other, got, err)
		}
	}
}

// A filter, an attribute and a hook that the checkout's own configuration names are run by git when it checks out.
func TestHostile_ACommitWantsItsFiltersRunWhileItIsExported(t *testing.T) {
	t.Parallel()
	dir, ran := repository(t), filepath.Join(t.TempDir(), "ran")
	put(t, dir, ".gitattributes", "* filter=x ident export-subst\na.txt export-ignore\n")
	put(t, dir, "b.txt", "$Format:%H$ $Id$\n")
	of := commit(t, dir, "attributes")
	for _, key := range []string{"filter.x.smudge", "filter.x.process", "core.fsmonitor", "core.sshCommand"} {
		git(t, dir, "config", key, "touch "+ran)
	}
	git(t, dir, "config", "remote.origin.promisor", "true")
	git(t, dir, "config", "remote.origin.url", "ext::touch "+ran)
	folder, err := exported(t, dir, of)
	if err != nil || read(t, folder, "b.txt") != "$Format:%H$ $Id$\n" || read(t, folder, "a.txt") != "a" {
		t.Errorf("%v: %q", err, read(t, folder, "b.txt"))
	}
	_, _ = exported(t, dir, strings.Repeat("2", 40)) // would be fetched
	if _, err := os.Stat(ran); err == nil {
		t.Error("something was run")
	}
}

// treeOf makes a tree of one file, whatever its name.
func treeOf(t *testing.T, dir, blob, name string) string {
	t.Helper()
	sum, err := hex.DecodeString(blob)
	if err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(raw, append([]byte("100644 "+name+"\x00"), sum...), 0o600); err != nil {
		t.Fatal(err)
	}
	return git(t, dir, "hash-object", "-t", "tree", "-w", "--literally", raw)
}

// Trees that are made by hand hold names that no checkout has.
func TestHostile_ACommitWantsItsFilesOutsideOfTheFolder(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	blob := strings.TrimSpace(git(t, dir, "hash-object", "-w", "a.txt"))
	for _, name := range []string{"../evil", ".git/config", "x/.GIT/hooks/post", "/etc/evil"} {
		of := strings.TrimSpace(git(t, dir, "commit-tree", "-m", "evil", treeOf(t, dir, blob, name)))
		folder, err := exported(t, dir, of)
		if err == nil {
			t.Errorf("%s: exported", name)
		}
		_ = filepath.WalkDir(folder, func(path string, e fs.DirEntry, _ error) error {
			if !e.IsDir() {
				t.Errorf("%s: wrote %s", name, path)
			}
			return nil
		})
	}
	put(t, dir, "out", "x")
	if err := os.Remove(filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	folder, err := exported(t, dir, commit(t, dir, "a link"))
	if target, _ := os.Readlink(filepath.Join(folder, "out")); err != nil || target != elsewhere {
		t.Errorf("a link is kept as one: %q, %v", target, err)
	}
}
