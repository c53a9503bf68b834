package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// The link that is made here is read there, and what was sent along with the
// archive when it was uploaded is checked.
func TestFar_MachineFetchesAnArchiveOfABucketByALink(t *testing.T) {
	objects := bucketServer(t)
	sum := sha256.Sum256([]byte("SELECT 1;"))
	objects.Store("/archives/shop.sql", []string{"SELECT 1;", hex.EncodeToString(sum[:])})
	objects.Store("/archives/by-hand.sql", []string{"SELECT 1;", ""})
	options := upOptions{archive: "s3://archives/shop.sql"}
	f := &archives{archiving: here().archiving, cfg: &config.Config{}, options: options}
	e, err := f.elsewhere(t.Context())
	if err != nil || e == nil {
		t.Fatalf("%v, %v", e, err)
	}
	link, err := e.Link(t.Context())
	if err != nil || !strings.Contains(link, "X-Amz-Signature=") {
		t.Fatalf("link %q, %v", link, err)
	}
	to := filepath.Join(t.TempDir(), "there")
	if err := fetchArchive(t.Context(), remote.Fetching{Link: link, SHA256: e.SHA256, Bytes: e.Bytes}, to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "SELECT 1;" {
		t.Errorf("%q, %v", got, err)
	}
	other := to + "-other"
	err = fetchArchive(t.Context(), remote.Fetching{Link: link, SHA256: strings.Repeat("0", 64), Bytes: e.Bytes}, other)
	if err == nil || strings.Contains(err.Error(), "X-Amz") {
		t.Errorf("with another digest: %v", err)
	}
	for _, name := range []string{"", "shop.sql", "s3://archives/by-hand.sql"} {
		f.options.archive = name
		if e, err := f.elsewhere(t.Context()); e != nil || err != nil {
			t.Errorf("%q: %v, %v", name, e, err)
		}
	}
}

func TestHostile_AMachineOfAForkWantsALinkIntoTheBucket(t *testing.T) {
	objects := bucketServer(t)
	sum := sha256.Sum256([]byte("SELECT 1;"))
	objects.Store("/archives/shop.sql", []string{"SELECT 1;", hex.EncodeToString(sum[:])})
	f := &archives{
		archiving: here().archiving, cfg: &config.Config{Stranger: true},
		options: upOptions{archive: "s3://archives/shop.sql"},
	}
	if e, err := f.elsewhere(t.Context()); e != nil || err != nil {
		t.Errorf("%v, %v", e, err)
	}
}
