package remote_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

func hints(err error) []string { return hint.Of(err) }

func TestCheckout_IsWhatGitSeesWithSubmodules(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	inner := t.TempDir()
	git(t, inner, "init", "-q")
	if err := os.WriteFile(filepath.Join(inner, "tracked"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, inner, "add", ".")
	git(t, inner, "commit", "-qm", "x")
	git(t, r.checkout, "submodule", "--quiet", "add", inner, "sub")
	r.write(".gitignore", "ignored\n", 0o644)
	r.write("ignored", "", 0o644)
	r.write("gone", "", 0o644)
	r.write("a b\nc", "", 0o644)
	r.write("sub/new", "", 0o644)
	git(t, r.checkout, "add", "gone")
	if err := os.Remove(filepath.Join(r.checkout, "gone")); err != nil {
		t.Fatal(err)
	}
	paths, err := worktree.List(t.Context(), r.checkout)
	slices.Sort(paths)
	if diff := cmp.Diff([]string{
		".gitignore", ".gitmodules", "a b\nc", "compose.yaml", "sub", "sub/new",
		"sub/tracked",
	}, without(paths, "sub/.git")); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

func without(paths []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == name })
}

func TestCheckout_HasWhatComposeNeedsThoughGitIgnoresIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	r.write(".gitignore", "*.env\nsecrets\nnode_modules\n", 0o644)
	r.write("app/db.env", "A=b", 0o600)
	r.write("app/other.env", "A=b", 0o600)
	r.write("app/main", "", 0o644)
	r.write("secrets/key", "k", 0o600)
	r.write("node_modules/x", "", 0o644)
	paths, err := worktree.List(t.Context(), r.checkout)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(r.checkout, name) }
	got, err := worktree.AddNeeded(r.checkout, paths,
		[]string{at("app/db.env"), at("secrets"), at("app"), r.checkout, at("missing"), "/etc/passwd", at("../x")})
	want := []string{".gitignore", "app/db.env", "app/main", "compose.yaml", "secrets", "secrets/key"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

func TestTree_KeepsModesAndLinksAndArrivesAsItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	r.write("run", "#!/bin/sh\n", 0o755)
	r.write("secret", "x", 0o600)
	r.write("empty", "", 0o644)
	if err := os.Symlink("../../../etc/passwd", filepath.Join(r.checkout, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(r.checkout, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := r.delivery(nil)
	d.Paths = append(d.Paths, "folder")
	r.up(d)
	for name, want := range map[string]fs.FileMode{
		"run": 0o755, "secret": 0o600, "empty": 0o644, "link": fs.ModeSymlink | 0o777, "folder": fs.ModeDir | 0o755,
	} {
		info, err := os.Lstat(filepath.Join(r.runs()[0], "checkout", name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(r.runs()[0], "checkout/link")); err != nil ||
		target != "../../../etc/passwd" {
		t.Errorf("link to %q, %v", target, err)
	}
}

func TestTree_HoldsNothingFromOutside(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	if err := os.Symlink("/etc", filepath.Join(r.checkout, "out")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/etc/passwd", "../x", "a/../../x", "out/passwd", "."} {
		d := r.delivery(nil)
		d.Paths = append(d.Paths, name)
		if _, err := r.site.Up(t.Context(), d, nil); err == nil {
			t.Errorf("%s was sent", name)
		}
	}
	r.write("bad\xff", "", 0o644)
	if _, err := r.site.Up(t.Context(), r.delivery(nil), nil); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("a name that is not UTF-8: %v", err)
	}
}

// What a stranger hands to the agent does not leave its folder.
func TestAgent_RefusesRequestsThatLeadOut(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("a", 64)
	place := remote.Place{Folder: t.TempDir()}
	id := strings.Repeat("0", 32)
	for name, request := range map[string]remote.RunRequest{
		"id":      {ID: "../x"},
		"path":    {ID: id, Tree: remote.Tree{{Path: "../x", Mode: 0o644, SHA256: digest}}},
		"digest":  {ID: id, Tree: remote.Tree{{Path: "x", Mode: 0o644, SHA256: "../x"}}},
		"device":  {ID: id, Tree: remote.Tree{{Path: "x", Mode: fs.ModeDevice}}},
		"setuid":  {ID: id, Tree: remote.Tree{{Path: "x", Mode: fs.ModeSetuid | 0o755, SHA256: digest}}},
		"nothing": {ID: id, Tree: remote.Tree{{Path: "x", Mode: 0o644}}},
	} {
		if _, err := place.Start(t.Context(), request); err == nil {
			t.Errorf("%s: it was started", name)
		}
	}
	if entries, err := os.ReadDir(place.Folder); err != nil || len(entries) != 0 {
		t.Errorf("it made %v, %v", entries, err)
	}
}

func TestAgent_TakesNoContentThatIsNotWhatItIsCalled(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	digest := strings.Repeat("a", 64)
	send := func(text string) error {
		agent := remote.Agent{
			Stdin: strings.NewReader(text), Stdout: io.Discard, Stderr: io.Discard,
			Redact: func(text string) string { return text },
		}
		return agent.Run(t.Context(), []string{"receive", folder})
	}
	for _, text := range []string{
		`{"sha256":"` + digest + `","size":1}` + "\nx", // another content
		`{"sha256":"` + digest + `","size":9}` + "\nx", // too short
		`{"sha256":"../../x","size":1}` + "\nx",
		`{"sha256":"` + digest + `","size":1,"offset":2}` + "\nx",
		"no head\n",
	} {
		if err := send(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "objects", digest)); err == nil {
		t.Error("a wrong content is there")
	}
}
