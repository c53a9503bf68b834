package gateway

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree describes all in a folder: mode, size and content or target.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		below, _ := filepath.Rel(root, path)
		content := ""
		switch info.Mode().Type() {
		case 0:
			read, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = string(read)
		case fs.ModeSymlink:
			content, _ = os.Readlink(path)
		}
		found[below] = info.Mode().String() + " " + content
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestClone_IsTheSameInEveryFileModeAndLink(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for path, content := range map[string]string{
		"PG_VERSION": "15\n", "base/1/1259": strings.Repeat("page", 10_000),
		"base/1/empty": "", "pg_wal/0001": "wal",
	} {
		path = filepath.Join(from, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("base", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]fs.FileMode{"": 0o750, "PG_VERSION": 0o440, "base/1": 0o500} {
		if err := os.Chmod(filepath.Join(from, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	var how bytes.Buffer
	if err := Command(t.Context(), []string{"clone", "-sync", from, to}, nil, &how); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
		t.Error(diff)
	}
	if got := how.String(); got != "copy 40006\n" && got != "reflink 40006\n" {
		t.Errorf("it says %q", got)
	}
	if err := Command(t.Context(), []string{"clone", from, to}, nil, &how); err == nil ||
		!strings.Contains(err.Error(), "is not empty") {
		t.Errorf("into a folder with a database in it: %v", err)
	}
	one := t.TempDir()
	if err := os.WriteFile(filepath.Join(one, "PG_VERSION"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Command(t.Context(), []string{"clone", from, one}, nil, &how); err == nil ||
		!strings.Contains(err.Error(), "is not empty") {
		t.Errorf("into a folder with one file in it: %v", err)
	}
	for _, folder := range []string{from, to} {
		_ = os.Chmod(filepath.Join(folder, "base/1"), 0o700) // to be removed
	}
}

func TestCloner_SaysReflinkWhereEveryFileIs(t *testing.T) {
	for want, made := range map[string][]cloner{
		"reflink": {{shared: 1}},
		"copy":    {{copied: 1}, {shared: 1, copied: 1}, {}},
	} {
		for _, c := range made {
			if got := c.how(); got != want {
				t.Errorf("%d shared, %d copied: %s", c.shared, c.copied, got)
			}
		}
	}
}

func TestClone_RefusesWhatTwoDatabasesWouldShare(t *testing.T) {
	from := t.TempDir()
	if err := os.Symlink("/elsewhere", filepath.Join(from, "16384")); err != nil {
		t.Fatal(err)
	}
	if err := Command(t.Context(), []string{"clone", from, t.TempDir()}, nil, nil); err == nil ||
		!strings.Contains(err.Error(), "leads to /elsewhere") {
		t.Errorf("a tablespace: %v", err)
	}
	for _, args := range [][]string{
		{"clone"},
		{"clone", "-x"},
		{"clone", from},
		{"clone", "/missing", t.TempDir()},
		{"clone", from, "/missing"},
	} {
		if err := Command(t.Context(), args, nil, nil); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestDigest_DependsOnTheKeyAndOnEveryByte(t *testing.T) {
	digest := func(kept, text string) string {
		var out bytes.Buffer
		if err := Command(t.Context(), []string{"digest", "-kept", kept}, strings.NewReader(text), &out); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out.String())
	}
	one, two := t.TempDir(), t.TempDir()
	first := digest(one, "POSTGRES_PASSWORD=a")
	if len(first) != 32 || first != digest(one, "POSTGRES_PASSWORD=a") ||
		first == digest(one, "POSTGRES_PASSWORD=b") || first == digest(two, "POSTGRES_PASSWORD=a") {
		t.Errorf("digest %q", first)
	}
}
