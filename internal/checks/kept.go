package checks

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/whole"
)

// A Key is what a recording depends on: two with the same key are of the same code, rows and visits.
type Key struct {
	Commit   string
	Archive  string // its SHA-256, in hexadecimal
	Settings string // their digest
}

var (
	hexadecimal = regexp.MustCompile(`^[0-9a-f]{12,64}$`)
	recorded    = regexp.MustCompile(`^[0-9a-f]{40,64}-[0-9a-f]{16}-[0-9a-f]{12}\.json\.gz$`)
)

// Known tells whether all of it is.
func (k Key) Known() bool {
	return hexadecimal.MatchString(k.Commit) && len(k.Commit) >= 40 && len(k.Archive) == 64 &&
		hexadecimal.MatchString(k.Archive) && hexadecimal.MatchString(k.Settings)
}

func (k Key) name() string { return k.Commit + "-" + k.Archive[:16] + "-" + k.Settings + ".json.gz" }

// A Bucket keeps small objects, as store.Store does.
type Bucket interface {
	Read(ctx context.Context, at store.Location) ([]byte, store.Tag, error)
	Write(ctx context.Context, at store.Location, content []byte, seen store.Tag) error
	Remove(ctx context.Context, at store.Location) error
	Objects(ctx context.Context, folder store.Location) ([]store.Object, error)
}

// Kept are the recordings of main that are kept: in a folder of this computer, and beside an archive in a bucket.
type Kept struct {
	Folder string
	Bucket Bucket         // nil: nowhere else
	Beside store.Location // the archive in it
}

// What is kept.
const (
	mostKept    = 30
	longestKept = 30 * 24 * time.Hour
	mostText    = 64 << 20 // bytes of one, read
)

// Has tells without a look at any content whether the folder may have a recording of a commit.
func (k Kept) Has(commit string) bool {
	entries, _ := os.ReadDir(k.Folder)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return recorded.MatchString(e.Name()) && len(e.Name()) > len(commit) && e.Name()[:len(commit)] == commit
	})
}

// Get reads a recording; fs.ErrNotExist where there is none. One of the bucket is in the folder from then on.
func (k Kept) Get(ctx context.Context, key Key) (*queries.Recording, error) {
	if !key.Known() {
		return nil, fs.ErrNotExist
	}
	file := filepath.Join(k.Folder, key.name())
	if text, err := os.ReadFile(file); err == nil {
		if r, err := unpack(text, key); err == nil {
			now := time.Now()
			_ = os.Chtimes(file, now, now)
			return r, nil
		}
	}
	if k.Bucket == nil {
		return nil, fs.ErrNotExist
	}
	text, _, err := k.Bucket.Read(ctx, k.at(key.name()))
	if err != nil {
		return nil, err
	}
	r, err := unpack(text, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.at(key.name()), err)
	}
	return r, k.put(key, text)
}

// Put keeps a recording, and removes those that are too many or too old.
func (k Kept) Put(ctx context.Context, key Key, r *queries.Recording) error {
	if !key.Known() {
		return errors.New("it is not known what the recording is of")
	}
	text, err := pack(r)
	if err != nil {
		return err
	}
	if err := k.put(key, text); err != nil || k.Bucket == nil {
		return err
	}
	if err := k.Bucket.Write(ctx, k.at(key.name()), text, store.Anything); err != nil {
		return err
	}
	return k.pruneBucket(ctx)
}

func (k Kept) put(key Key, text []byte) error {
	if err := os.MkdirAll(k.Folder, 0o700); err != nil {
		return err
	}
	if err := whole.WriteBytes(filepath.Join(k.Folder, key.name()), 0o600, text); err != nil {
		return err
	}
	return k.pruneFolder()
}

// at is the place of an object in the folder beside the archive.
func (k Kept) at(name string) store.Location {
	return store.Location{Bucket: k.Beside.Bucket, Key: path.Join(path.Dir(k.Beside.Key), "recordings", name)}
}

// dated is one that is kept, and since when.
type dated struct {
	name string
	of   time.Time
}

// surplus are those that go: all but the newest, and what is old.
func surplus(all []dated) []dated {
	all = slices.DeleteFunc(all, func(d dated) bool { return !recorded.MatchString(d.name) })
	slices.SortFunc(all, func(a, b dated) int { return cmp.Or(b.of.Compare(a.of), cmp.Compare(a.name, b.name)) })
	return slices.DeleteFunc(slices.Clone(all), func(d dated) bool {
		few := slices.Index(all, d) < mostKept
		return few && time.Since(d.of) < longestKept
	})
}

func (k Kept) pruneFolder() error {
	entries, err := os.ReadDir(k.Folder)
	if err != nil {
		return err
	}
	var all []dated
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			all = append(all, dated{e.Name(), info.ModTime()})
		}
	}
	var errs []error
	for _, old := range surplus(all) {
		if err := os.Remove(filepath.Join(k.Folder, old.name)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (k Kept) pruneBucket(ctx context.Context) error {
	objects, err := k.Bucket.Objects(ctx, k.at(""))
	if err != nil {
		return err
	}
	var all []dated
	for _, o := range objects {
		all = append(all, dated{path.Base(o.Key), o.Modified})
	}
	for _, old := range surplus(all) {
		if err := k.Bucket.Remove(ctx, k.at(old.name)); err != nil {
			return err
		}
	}
	return nil
}

func pack(r *queries.Recording) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	err := errors.Join(r.WriteJSON(w), w.Close())
	return b.Bytes(), err
}

// unpack reads what pack wrote, of that key.
func unpack(text []byte, key Key) (*queries.Recording, error) {
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(r, mostText+1))
	if err != nil {
		return nil, err
	}
	if len(content) > mostText {
		return nil, errors.New("the recording is too large")
	}
	read, err := queries.Parse(content)
	if err != nil {
		return nil, err
	}
	if read.Commit != key.Commit || read.Archive != key.Archive {
		return nil, errors.New("the recording is of something else than its name says")
	}
	return read, nil
}
