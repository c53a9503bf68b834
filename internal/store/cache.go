package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// A Cache is a folder of archives by their digest, the last ones used. Only
// its owner can read them.
type Cache struct {
	Folder string
	Keep   int // how many; 0: 3
}

// Get returns a file with the object's content: the one in the cache, or it is
// downloaded. An object without a digest is downloaded each time.
func (c Cache) Get(ctx context.Context, s *Store, from Location) (path string, hit bool, err error) {
	info, err := s.Stat(ctx, from)
	if err != nil {
		return "", false, err
	}
	path = filepath.Join(c.Folder, c.name(info))
	if found, err := os.Stat(path); err == nil && info.SHA256 != "" && found.Size() == info.Bytes {
		now := time.Now()
		return path, true, os.Chtimes(path, now, now)
	}
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return "", false, fmt.Errorf("cache of archives: %w", err)
	}
	if err := s.Download(ctx, from, path, info); err != nil {
		return "", false, err
	}
	return path, false, c.prune()
}

// name keeps no word of the object's own, which could be a path.
func (c Cache) name(info Info) string {
	if isDigest(info.SHA256) {
		return info.SHA256
	}
	return "other" // the last one without a digest
}

func isDigest(text string) bool {
	if len(text) != 64 {
		return false
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// prune removes those that were used longest ago.
func (c Cache) prune() error {
	entries, err := os.ReadDir(c.Folder)
	if err != nil {
		return fmt.Errorf("cache of archives: %w", err)
	}
	type kept struct {
		path string
		used time.Time
	}
	var all []kept
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && isDigest(entry.Name()) {
			all = append(all, kept{filepath.Join(c.Folder, entry.Name()), info.ModTime()})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].used.After(all[j].used) })
	limit := c.Keep
	if limit == 0 {
		limit = 3
	}
	var errs []error
	for i := limit; i < len(all); i++ {
		errs = append(errs, os.Remove(all[i].path))
	}
	return errors.Join(errs...)
}
