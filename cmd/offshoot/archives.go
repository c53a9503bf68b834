package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// archiveFlag is --archive, which may be given once for the database and, as
// NAME=FILE, for further ones of its server.
type archiveFlag struct{ *upOptions }

var namedArchive = regexp.MustCompile(`^([\pL_][\pL\pN_$-]*)=(.+)$`)

func (f archiveFlag) String() string {
	if f.upOptions == nil {
		return ""
	}
	return f.archive
}

func (f archiveFlag) Type() string { return "string" }

func (f archiveFlag) Set(value string) error {
	m := namedArchive.FindStringSubmatch(value)
	if m == nil || there(value) {
		if f.archive != "" {
			return errors.New("given twice: write NAME=FILE for a further database of the server")
		}
		f.archive = value
		return nil
	}
	if err := config.CheckDatabaseName(m[1]); err != nil {
		return err
	}
	if f.archives[m[1]] != "" {
		return fmt.Errorf("given twice for database %s", m[1])
	}
	if f.archives == nil {
		f.archives = map[string]string{}
	}
	f.archives[m[1]] = m[2]
	return nil
}

// there tells whether something is at path, be it a link to nothing.
func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// archives are those that an up loads, once it is time for that.
type archives struct {
	archiving
	ui      *ui.UI
	cfg     *config.Config
	options upOptions
	preview provision.Preview

	away bool    // the machine fetches the first one by itself
	made archive // to be removed
	sum  string  // the SHA-256 of the first one; empty: not known yet
}

// load finds the archives, or makes a subset, and says in the options where they
// are.
func (s *archives) load(ctx context.Context, o *provision.Options) (err error) {
	if !s.away {
		if s.made, err = s.archive(ctx, s.ui, s.cfg, s.options, s.preview); err != nil {
			return err
		}
		o.Archive = s.made.path
	}
	o.Archives, err = s.otherArchives(ctx, s.ui, s.cfg, s.options)
	return err
}

// remove removes what was made.
func (s *archives) remove() error { return s.made.remove() }

// linkLasts is for how long a machine may begin to read an archive.
const linkLasts = time.Hour

// elsewhere is an archive in a bucket, for the machine to fetch. It is nil where
// there is none, or its digest is not known, so that it could not be checked.
func (s *archives) elsewhere(ctx context.Context) (*remote.Elsewhere, error) {
	if s.cfg.Stranger || !store.IsLocation(s.options.archive) {
		return nil, nil // a stranger's machine gets no link into the bucket
	}
	at, err := store.Parse(s.options.archive)
	if err != nil {
		return nil, err
	}
	bucket, err := store.Open(ctx)
	if err != nil {
		return nil, err
	}
	info, err := bucket.Stat(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if s.away = len(info.SHA256) == 64; !s.away {
		return nil, nil
	}
	s.sum = info.SHA256
	return &remote.Elsewhere{
		SHA256: info.SHA256, Bytes: info.Bytes,
		Link: func(ctx context.Context) (string, error) { return bucket.Presign(ctx, at, linkLasts) },
		Download: func(ctx context.Context) (string, error) {
			here, err := s.archiveFromBucket(ctx, s.ui, s.options.archive)
			return here.path, err
		},
	}, nil
}

// otherArchives are the files for further databases, by name: those of the
// configuration, and over them those of the command line. Kept data has them
// already.
func (a archiving) otherArchives(
	ctx context.Context, u *ui.UI, cfg *config.Config, o upOptions,
) (map[string]string, error) {
	if o.keepData {
		return nil, nil
	}
	files := otherFiles(cfg, o)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := a.otherArchive(ctx, u, files[name])
		if err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
		files[name] = file
	}
	return files, nil
}

// otherFiles are those archives as they are named, and not fetched yet.
func otherFiles(cfg *config.Config, o upOptions) map[string]string {
	files := map[string]string{}
	for name, file := range cfg.Preview.Databases {
		if !store.IsLocation(file) && !filepath.IsAbs(file) {
			file = filepath.Join(cfg.Dir, file)
		}
		files[name] = file
	}
	maps.Copy(files, o.archives)
	return files
}

func (a archiving) otherArchive(ctx context.Context, u *ui.UI, file string) (string, error) {
	if err := checkArchive(file); err != nil {
		return "", err
	}
	if store.IsLocation(file) {
		fetched, err := a.archiveFromBucket(ctx, u, file)
		return fetched.path, err
	}
	return filepath.Abs(file)
}
