package starter

import (
	"os"
	"path/filepath"
	"testing"
)

func content(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPut_LeavesWhatIsThereUnlessToldToReplaceIt(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []struct {
		content string
		replace bool
		written bool
		want    string
	}{
		{"one", false, true, "one"}, {"two", false, false, "one"}, {"three", true, true, "three"},
	} {
		written, err := Put(dir, File{Name: "a/b/c.yml", Content: step.content}, step.replace)
		if err != nil || written != step.written || content(t, dir, "a/b/c.yml") != step.want {
			t.Errorf("%q: written %v, %v; holds %q", step.content, written, err, content(t, dir, "a/b/c.yml"))
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "a/b"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestPut_NeverReplacesASharedFile(t *testing.T) {
	dir := t.TempDir()
	for want, content := range []string{"ours", "ours again"} {
		written, err := Put(dir, File{Name: "ci.yml", Content: content, Shared: true}, true)
		if err != nil || written != (want == 0) {
			t.Errorf("%q: written %v, %v", content, written, err)
		}
	}
	if got := content(t, dir, "ci.yml"); got != "ours" {
		t.Errorf("holds %q", got)
	}
}

func TestPut_FollowsNoLinkOutOfTheCheckout(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"folder": outside, "file": filepath.Join(outside, "file")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"folder/new", "file", "../beside"} {
		if written, err := Put(dir, File{Name: name, Content: "ours"}, true); err == nil || written {
			t.Errorf("%s: written %v, %v", name, written, err)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 || content(t, outside, "file") != "theirs" {
		t.Errorf("outside there is %v, %v", entries, err)
	}
}
