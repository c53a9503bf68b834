package remote_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// inBucket puts an archive where a link leads to, and counts who asks for it.
func inBucket(t *testing.T, content string) (e *remote.Elsewhere, links, downloads *int) {
	t.Helper()
	links, downloads = new(int), new(int)
	path := filepath.Join(t.TempDir(), "s3cret-link")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return &remote.Elsewhere{
		SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(content)),
		Link:     func(context.Context) (string, error) { *links++; return path, nil },
		Download: func(context.Context) (string, error) { *downloads++; return path, nil },
	}, links, downloads
}

func TestUp_LetsTheMachineFetchAnArchiveAndOnlyOnce(t *testing.T) {
	t.Parallel()
	h := &recorder{Host: host.Local{}}
	r := newRig(t, h)
	e, links, downloads := inBucket(t, "rows of production")
	for _, commit := range []string{"c0ffee", "decaf"} {
		r.commit = commit
		d := r.delivery(nil)
		d.Elsewhere = e
		if result, _ := r.up(d); result.Migrated.Output[1] != "rows of production" {
			t.Errorf("loaded %q", result.Migrated.Output[1])
		}
	}
	if *links != 1 || *downloads != 0 {
		t.Errorf("%d links, %d downloads", *links, *downloads)
	}
	for _, args := range h.commands {
		if strings.Contains(strings.Join(args, " "), "s3cret") {
			t.Errorf("the link is in %q", args)
		}
	}
	if strings.Contains(h.sent.String(), "rows of production") {
		t.Error("it was sent from here as well")
	}
}

func TestUp_SendsAnArchiveThatTheMachineCannotFetch(t *testing.T) {
	t.Parallel()
	r := newRig(t, host.Local{})
	var notices []string
	r.site.Notice = func(text string) { notices = append(notices, text) }
	e, _, downloads := inBucket(t, "rows of production")
	e.Link = func(context.Context) (string, error) { return "/nowhere/s3cret-link", nil }
	d := r.delivery(nil)
	d.Elsewhere = e
	if result, _ := r.up(d); result.Migrated.Output[1] != "rows of production" || *downloads != 1 {
		t.Errorf("loaded %q, %d downloads", result.Migrated.Output[1], *downloads)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "no such link") || strings.Contains(notices[0], "s3cret") {
		t.Errorf("notices %q", notices)
	}
	gone := errors.New("the bucket is gone")
	e.Download = func(context.Context) (string, error) { return "", gone }
	e.SHA256 = strings.Repeat("0", 64)
	d = r.delivery(nil)
	d.Elsewhere = e
	if _, err := r.site.Up(t.Context(), d, nil); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	if objects, _ := os.ReadDir(filepath.Join(r.site.Folder, "objects")); slices.ContainsFunc(objects,
		func(o os.DirEntry) bool { return o.Name() == e.SHA256 }) {
		t.Error("an object with a wrong digest")
	}
}
