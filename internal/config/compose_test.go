package config

import (
	"os"
	"path/filepath"
	"testing"
)

// checkout makes a folder that git would take for one.
func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestComposeDir_IsThatOfTheConfigurationOrOfTheFileAbove(t *testing.T) {
	dir := checkout(t)
	deep := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := (&Config{Dir: deep}).ComposeDir(); got != deep {
		t.Errorf("without any file: %s", got)
	}
	write(t, filepath.Join(dir, "a", "docker-compose.yml"), "")
	if got := (&Config{Dir: deep}).ComposeDir(); got != filepath.Join(dir, "a") {
		t.Errorf("with a file above: %s", got)
	}
	if got := (&Config{Dir: dir, Path: filepath.Join(dir, Name)}).ComposeDir(); got != dir {
		t.Errorf("with a configuration: %s", got)
	}
}

func TestCheckoutRoot_IsWhereGitIs(t *testing.T) {
	dir, err := filepath.EvalSymlinks(checkout(t))
	if err != nil {
		t.Fatal(err)
	}
	deep, outside := filepath.Join(dir, "a", "b"), t.TempDir()
	for _, folder := range []string{
		deep, filepath.Join(dir, "home"), filepath.Join(dir, "bare", "objects"),
		filepath.Join(outside, "c"),
	} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "bare", "HEAD"), "ref: refs/heads/main\n")
	if err := os.Symlink(filepath.Join(outside, "c"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	outside, err = filepath.EvalSymlinks(outside)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, home, dir, want string }{
		{"at the root", "", dir, dir},
		{"below it", "", deep, dir},
		{"from what looks like a bare repository", "", filepath.Join(dir, "bare", "objects"), dir},
		{"by a link that leads out", "", filepath.Join(dir, "link"), filepath.Join(outside, "c")},
		{"in no repository", "", outside, outside},
		{"where all of the home folder is one", dir, deep, deep},
		{"where the home folder is in one", filepath.Join(dir, "home"), deep, deep},
		{"with another home", outside, deep, dir},
	} {
		t.Setenv("HOME", c.home)
		if got := checkoutRoot(c.dir); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
