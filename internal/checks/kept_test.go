package checks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/store"
)

// bucket is one in memory.
type bucket map[string]store.Object

type content struct {
	bucket
	text map[string][]byte
}

func newBucket() content { return content{bucket{}, map[string][]byte{}} }

func (b content) Read(_ context.Context, at store.Location) ([]byte, store.Tag, error) {
	text, there := b.text[at.Key]
	if !there {
		return nil, "", fs.ErrNotExist
	}
	return text, "", nil
}

func (b content) Write(_ context.Context, at store.Location, text []byte, _ store.Tag) error {
	b.text[at.Key], b.bucket[at.Key] = text, store.Object{Location: at, Modified: time.Now()}
	return nil
}

func (b content) Remove(_ context.Context, at store.Location) error {
	delete(b.text, at.Key)
	delete(b.bucket, at.Key)
	return nil
}

func (b content) Objects(_ context.Context, folder store.Location) (all []store.Object, err error) {
	for key, o := range b.bucket {
		if path.Dir(key) == folder.Key {
			all = append(all, o)
		}
	}
	return all, nil
}

func key(commit int) checks.Key {
	return checks.Key{
		Commit: fmt.Sprintf("%040x", commit), Archive: strings.Repeat("ab", 32), Settings: checks.Settings{}.Digest(),
	}
}

func recording(k checks.Key) *queries.Recording {
	return &queries.Recording{
		Version: queries.Version, Commit: k.Commit, Archive: k.Archive,
		Pages: []*queries.Page{{Path: "/", Status: 200}},
	}
}

func TestKept_FindsWhatWasPutByAllThatDecidesIt(t *testing.T) {
	t.Parallel()
	kept := checks.Kept{Folder: filepath.Join(t.TempDir(), "recordings")}
	one := key(1)
	if err := kept.Put(t.Context(), one, recording(one)); err != nil {
		t.Fatal(err)
	}
	r, err := kept.Get(t.Context(), one)
	if err != nil || r.Commit != one.Commit || len(r.Pages) != 1 || !kept.Has(one.Commit) || kept.Has(key(2).Commit) {
		t.Errorf("%+v, %v", r, err)
	}
	others := []checks.Key{key(2), one, one, {}}
	others[1].Archive = strings.Repeat("cd", 32)
	others[2].Settings = checks.Settings{Pages: []string{"/orders"}}.Digest()
	for _, other := range others {
		if _, err := kept.Get(t.Context(), other); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: %v", other, err)
		}
	}
}

func TestKept_IsBesideTheArchiveForOtherComputers(t *testing.T) {
	t.Parallel()
	there := newBucket()
	at := store.Location{Bucket: "b", Key: "nightly/20260304T031500Z.sql.zst"}
	here := func() checks.Kept { return checks.Kept{Folder: t.TempDir(), Bucket: there, Beside: at} }
	if err := here().Put(t.Context(), key(1), recording(key(1))); err != nil {
		t.Fatal(err)
	}
	another := here()
	for range 2 {
		if r, err := another.Get(t.Context(), key(1)); err != nil || r.Commit != key(1).Commit {
			t.Fatalf("%+v, %v", r, err)
		}
		clear(there.text) // the second time it is in the folder
	}
	if _, err := another.Get(t.Context(), key(2)); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for name := range there.bucket {
		if !strings.HasPrefix(name, "nightly/recordings/"+key(1).Commit) {
			t.Errorf("kept at %s", name)
		}
	}
}

func TestKept_RemovesWhatIsOldOrTooMuchAndNothingElse(t *testing.T) {
	t.Parallel()
	there, folder := newBucket(), t.TempDir()
	kept := checks.Kept{Folder: folder, Bucket: there, Beside: store.Location{Bucket: "b", Key: "shop.sql.zst"}}
	mine := filepath.Join(folder, "mine.json.gz")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	there.bucket["recordings/mine"] = store.Object{Location: store.Location{Key: "recordings/mine"}}
	for i := range 33 {
		if err := kept.Put(t.Context(), key(i), recording(key(i))); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-31 * 24 * time.Hour)
	if err := os.Chtimes(mine, old, old); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 31 || len(there.bucket) != 31 {
		t.Errorf("%d files, %d objects, %v", len(files), len(there.bucket), err)
	}
	for _, e := range must(os.ReadDir(folder)) {
		if err := os.Chtimes(filepath.Join(folder, e.Name()), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := kept.Put(t.Context(), key(40), recording(key(40))); err != nil {
		t.Fatal(err)
	}
	if files := must(os.ReadDir(folder)); len(files) != 2 {
		t.Errorf("%d files: the new one and mine were to stay", len(files))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What is kept under a name has to be of that: a recording of something else would hide what became worse.
func TestHostile_AKeptRecordingWantsToPassForAnotherOne(t *testing.T) {
	t.Parallel()
	kept := checks.Kept{Folder: t.TempDir()}
	if err := kept.Put(t.Context(), key(1), recording(key(2))); err != nil {
		t.Fatal(err)
	}
	if r, err := kept.Get(t.Context(), key(1)); err == nil {
		t.Errorf("it is believed: %+v", r)
	}
	for _, name := range []string{"../../../../etc/passwd", "main", "", "--output=x"} {
		k := key(1)
		k.Commit = name
		if err := kept.Put(t.Context(), k, recording(k)); err == nil {
			t.Errorf("%q is the name of a commit", name)
		}
	}
	text := must(filepath.Glob(filepath.Join(kept.Folder, "*")))[0]
	if err := os.WriteFile(text, []byte("\x1f\x8bnothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Get(t.Context(), key(1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a broken file: %v", err)
	}
}
