package worktree_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// repository is a work tree with one commit.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	put(t, dir, "a.txt", "a")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "first")
	return dir
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git",
		append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := worktree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// The list of a checkout is what a container of the preview before it may have
// rewritten the configuration for.
func TestHostile_ASubmoduleWantsToRunWhatItsConfigurationNames(t *testing.T) {
	dir, bin := repository(t), t.TempDir()
	sprung := filepath.Join(bin, "sprung")
	program := filepath.Join(bin, "planted")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\" >>"+sprung+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{"post-index-change", "reference-transaction"} {
		if err := os.Symlink(program, filepath.Join(bin, hook)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "init", "-q", "sub")
	put(t, dir, "sub/b.txt", "b")
	put(t, dir, ".gitattributes", "* filter=planted\n")
	config := strings.NewReplacer("PROGRAM", program, "HOOKS", bin).Replace(
		"[core]\n\tfsmonitor = PROGRAM\n\thooksPath = HOOKS\n\tsshCommand = PROGRAM\n[filter \"planted\"]\n\tclean " +
			"= PROGRAM\n[alias]\n\tls-files = !PROGRAM\n")
	put(t, dir, ".git/config", config)
	put(t, dir, "sub/.git/config", config)
	if diff := cmp.Diff([]string{".gitattributes", "sub/b.txt", "sub", "a.txt"}, list(t, dir)); diff != "" {
		t.Error(diff)
	}
	if ran, err := os.ReadFile(sprung); err == nil {
		t.Errorf("ran %s", ran)
	}
}

func TestHostile_AWorkTreeWantsToBeListedElsewhere(t *testing.T) {
	dir, other := repository(t), t.TempDir()
	put(t, other, "secret", "s")
	git(t, dir, "config", "core.worktree", other)
	if diff := cmp.Diff([]string{"a.txt"}, list(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Git lists what an index says. One that was made by hand names what no commit can.
func TestHostile_AnIndexWantsPathsOutsideOfTheCheckout(t *testing.T) {
	dir := repository(t)
	put(t, dir, "etc/hostname", "h")
	git(t, dir, "init", "-q", "sub")
	put(t, dir, "sub/b.txt", "b")
	put(t, dir, ".git/index", index("../../../etc/hostname", "/etc/hostname", "a.txt", "sub"))
	put(t, dir, "sub/.git/index", index(".", "../sub", "../../a.txt", "b.txt"))
	paths := list(t, dir)
	slices.Sort(paths)
	if diff := cmp.Diff([]string{"a.txt", "etc/hostname", "sub", "sub/b.txt"}, slices.Compact(paths)); diff != "" {
		t.Error(diff)
	}
	if _, err := worktree.AddNeeded(dir, paths, nil); err != nil {
		t.Error(err)
	}
}

// index is one of git's, whose entries have these names.
// https://git-scm.com/docs/index-format
func index(names ...string) string {
	text := binary.BigEndian.AppendUint32([]byte("DIRC\x00\x00\x00\x02"), uint32(len(names)))
	for _, name := range names {
		mode := []byte{0, 0, 0x81, 0xa4} // of a file
		if name == "sub" {
			mode = []byte{0, 0, 0xe0, 0} // of a submodule
		}
		entry := slices.Concat(make([]byte, 24), mode, make([]byte, 12), bytes.Repeat([]byte{1}, 20),
			[]byte{0, byte(len(name))}, []byte(name))
		text = append(text, append(entry, make([]byte, 8-len(entry)%8)...)...)
	}
	sum := sha1.Sum(text)
	return string(append(text, sum[:]...))
}

func TestList_LeavesOutWhatTheUserIgnoresEverywhere(t *testing.T) {
	dir, home := repository(t), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	put(t, dir, ".envrc", "secret")
	put(t, dir, "notes", "n")
	put(t, home, ".gitconfig", "[core]\n\texcludesFile = ~/ignored\n\tfsmonitor = false\n")
	put(t, home, "ignored", ".envrc\n")
	if diff := cmp.Diff([]string{"notes", "a.txt"}, list(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// As a job in a container has it, whose checkout was made outside.
func TestReadHead_OfACheckoutOfAnotherUser(t *testing.T) {
	dir := repository(t)
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	for _, name := range []string{dir, filepath.Join(dir, ".git"), filepath.Join(dir, ".git", "config")} {
		if err := os.Chown(name, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", t.TempDir()) // without safe.directory
	head, err := worktree.ReadHead(t.Context(), dir)
	if err != nil || head.Branch != "main" || len(head.Commit) != 40 || head.Made.IsZero() {
		t.Errorf("%+v, %v", head, err)
	}
	if diff := cmp.Diff([]string{"a.txt"}, list(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Its .git is a file.
func TestReadHead_OfALinkedWorkTreeAndAMerge(t *testing.T) {
	dir := repository(t)
	linked := filepath.Join(t.TempDir(), "linked")
	git(t, dir, "worktree", "add", "-q", "-b", "feature", linked)
	git(t, linked, "commit", "-q", "--allow-empty", "-m", "second")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "third")
	want := []string{git(t, dir, "rev-parse", "main"), git(t, dir, "rev-parse", "feature")}
	git(t, dir, "checkout", "-q", "--detach", "main")
	git(t, dir, "merge", "-q", "--no-ff", "-m", "merged", "feature")
	head, err := worktree.ReadHead(t.Context(), dir)
	if diff := cmp.Diff(want, head.Parents); diff != "" || err != nil || head.Branch != "" {
		t.Errorf("%v, branch %q: %s", err, head.Branch, diff)
	}
	if head, err = worktree.ReadHead(t.Context(), linked); err != nil || head.Branch != "feature" ||
		head.Commit != want[1] {
		t.Errorf("linked: %+v, %v", head, err)
	}
	if diff := cmp.Diff([]string{"a.txt"}, list(t, linked)); diff != "" {
		t.Error(diff)
	}
}

func TestRoot_IsTheNearestFolderWithGit(t *testing.T) {
	dir := repository(t)
	put(t, dir, "bare/HEAD", "ref: refs/heads/main\n")
	put(t, dir, "bare/objects/x", "")
	put(t, dir, "bare/refs/x", "")
	if root, found := worktree.Root(filepath.Join(dir, "bare")); root != dir || !found {
		t.Errorf("root %q, %v", root, found)
	}
	if root, found := worktree.Root("/"); found {
		t.Errorf("the computer is a work tree at %q", root)
	}
}
