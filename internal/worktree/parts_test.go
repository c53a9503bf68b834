package worktree_test

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

func lines(entries []worktree.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.From+" > "+e.To)
	}
	return all
}

func TestDivide_GivesEachPathToTheInnermostPart(t *testing.T) {
	got := lines(worktree.Divide([]string{".", "public", "public/x/deep"}, []string{
		"a.txt", "public/index.html", "public/x/deep/f", "public/x/other", "lib/b/c.rb", ".git", ".git/config",
		"sub/.git", "lib/.GIT/x",
	}))
	want := []string{
		". > 0", "a.txt > 0/a.txt", "lib > 0/lib", "lib/b > 0/lib/b", "lib/b/c.rb > 0/lib/b/c.rb", "public > 0/public",
		"public > 1", "public/index.html > 1/index.html", "public/x > 1/x", "public/x/deep > 1/x/deep",
		"public/x/other > 1/x/other",
		"public/x/deep > 2", "public/x/deep/f > 2/f",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDivide_LeavesOutWhatNobodyMounts(t *testing.T) {
	got := lines(worktree.Divide([]string{"web/site"}, []string{"a", "web/b", "web/site/c", "web/site2/d"}))
	if diff := cmp.Diff([]string{"web/site > 0", "web/site/c > 0/c"}, got); diff != "" {
		t.Error(diff)
	}
}

// tree makes a folder with one of each kind in it.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("run", "#!/bin/sh\n", 0o755)
	write("locked/secret", "s", 0o400)
	write("set", "", 0o755|os.ModeSetuid)
	for link, target := range map[string]string{"out": "/etc/passwd", "up": "../../../etc", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	old := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "run"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "locked"), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "locked"), 0o755) })
	return dir
}

func open(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func entriesOf(t *testing.T, dir string) []worktree.Entry {
	t.Helper()
	paths, err := worktree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return worktree.Divide([]string{"."}, append(paths, "vanished/since"))
}

func TestCopy_KeepsModesTimesAndLinks(t *testing.T) {
	from, to := tree(t), t.TempDir()
	copied, err := worktree.Copy(open(t, from), open(t, to), entriesOf(t, from))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(to, "0/locked"), 0o755) })
	if copied.Files != 3 || copied.Bytes != 11 {
		t.Errorf("%+v", copied)
	}
	for name, want := range map[string]fs.FileMode{
		"run": 0o755, "locked": fs.ModeDir | 0o555, "locked/secret": 0o400, "set": 0o755,
		"out": fs.ModeSymlink | 0o777, "up": fs.ModeSymlink | 0o777, "loop": fs.ModeSymlink | 0o777,
	} {
		info, err := os.Lstat(filepath.Join(to, "0", name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if info, err := os.Stat(filepath.Join(to, "0/run")); err != nil || info.ModTime().Year() != 2020 {
		t.Errorf("%v, %v", info, err)
	}
	for _, name := range []string{"pipe", "socket", "vanished/since"} {
		if _, err := os.Lstat(filepath.Join(to, "0", name)); err == nil {
			t.Errorf("%s was copied", name)
		}
	}
}

func TestCopy_NeitherReadsNorWritesThroughALinkThatLeadsOut(t *testing.T) {
	from, to, outside := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "x"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(from, "data")); err != nil {
		t.Fatal(err)
	}
	// As if the folder had become a link after it was listed.
	_, err := worktree.Copy(open(t, from), open(t, to), []worktree.Entry{{From: "data/x", To: "0/x"}})
	if err == nil {
		t.Error("read through a link")
	}
	if err := os.Remove(filepath.Join(from, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "y"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(to, "1")); err != nil {
		t.Fatal(err)
	}
	if _, err = worktree.Copy(open(t, from), open(t, to), []worktree.Entry{{From: "y", To: "1/y"}}); err == nil {
		t.Error("wrote through a link")
	}
	if found, _ := filepath.Glob(filepath.Join(outside, "*")); len(found) != 1 {
		t.Errorf("outside: %v", found)
	}
}

func TestWriteTar_HasWhatCopyCopies(t *testing.T) {
	from := tree(t)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := worktree.WriteTar(w, open(t, from), entriesOf(t, from)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(&out); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(h.FileInfo().Mode().String()+" "+h.Name+" "+h.Linkname))
	}
	slices.Sort(got)
	if len(got) != 8 || !slices.Contains(got, "Lrwxrwxrwx 0/out /etc/passwd") ||
		!slices.Contains(got, "-r-------- 0/locked/secret") {
		t.Errorf("%q", got)
	}
}

func TestLookAt_NamesWhatNoCopyHas(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(run, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(run, "link")); err != nil {
		t.Fatal(err)
	}
	paths, err := worktree.AddNeeded(dir, nil, []string{run})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := worktree.LookAt(open(t, dir), worktree.Divide([]string{"."}, paths))
	if diff := cmp.Diff([]string{"run/pipe"}, seen.LeftOut); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestLookAt_ChangesWithAFileAndNotWithWhatIsOfNoConcern(t *testing.T) {
	dir := tree(t)
	entries := []worktree.Entry{{From: ".", To: "0"}, {From: "run", To: "0/run"}}
	fingerprint := func() string {
		t.Helper()
		seen, err := worktree.LookAt(open(t, dir), entries)
		if err != nil || seen.Entries != 2 || seen.Bytes != 10 {
			t.Fatalf("%+v, %v", seen, err)
		}
		return seen.Fingerprint
	}
	before := fingerprint()
	if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if fingerprint() != before {
		t.Error("changed with a file that is not copied")
	}
	// The same size and the same time: only the time of change tells.
	info, err := os.Stat(filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run"), []byte("#!/bin/xx\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "run"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if fingerprint() == before {
		t.Error("did not change with a file")
	}
}
