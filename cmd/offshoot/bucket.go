package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

// bucketTarget reads the name of an object, whose end says which format it is.
func bucketTarget(to string) (store.Location, error) {
	at, err := store.Parse(to)
	if err != nil {
		return at, err
	}
	for _, format := range []string{".sql", ".sql.gz", ".sql.zst", ".dump"} {
		if strings.HasSuffix(at.Key, format) {
			return at, nil
		}
	}
	return at, hint.Usage(fmt.Errorf("target %s: the name does not say which format to write", at),
		"let it end in .sql.zst, .sql.gz, .sql or .dump")
}

const passing = "subset-"

// passingFolder makes a private folder for a file on its way to a bucket, and
// removes those that killed runs left: rows of production do not stay.
func passingFolder() (string, error) {
	folder, err := temporaryFolder("passing", passing)
	if err != nil {
		return "", fmt.Errorf("make the archive: %w", err)
	}
	return folder, nil
}

// cacheFolder makes a folder in offshoot's own cache, for its user alone.
func cacheFolder(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hint.Wrap(fmt.Errorf("cache: %w", err), "set HOME or XDG_CACHE_HOME")
	}
	folder := filepath.Join(cache, "offshoot", name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	return folder, nil
}

// archiveFromBucket downloads an archive, unless it is in the cache.
func (a archiving) archiveFromBucket(ctx context.Context, u *ui.UI, name string) (archive, error) {
	newest, err := a.newestArchive(ctx, name)
	if err != nil {
		return archive{}, err
	}
	newest.tell(u)
	at, err := store.Parse(newest.name)
	if err != nil {
		return archive{}, err
	}
	folder, err := cacheFolder("archives")
	if err != nil {
		return archive{}, err
	}
	s, err := store.Open(ctx)
	if err != nil {
		return archive{}, err
	}
	step := u.Start("fetch archive")
	file, hit, err := store.Cache{Folder: folder}.Get(ctx, s, at)
	if err != nil {
		step.Fail("")
		return archive{}, fmt.Errorf("archive: %w", err)
	}
	if hit {
		step.Done("in the cache")
	} else {
		step.Done(at.String())
	}
	return archive{path: file}, nil
}
