package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A Series is a folder of a bucket with archives that are named by when they were
// begun, such as 20260304T031500Z.sql.zst. Whatever else is in it is nobody's.
type Series struct{ Bucket, Folder string }

const stamp = "20060102T150405Z"

var stamped = regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z)\.(sql|sql\.gz|sql\.zst|dump)$`)

// IsSeries tells whether a target or an archive is meant to be such a folder.
func IsSeries(text string) bool { return IsLocation(text) && strings.HasSuffix(text, "/") }

// ParseSeries reads s3://bucket/folder/.
func ParseSeries(text string) (Series, error) {
	rest, ok := strings.CutPrefix(text, scheme)
	bucket, folder, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" || folder != "" && (!strings.HasSuffix(folder, "/") || folder[0] == '/') {
		return Series{},
			hint.Usage(fmt.Errorf("%s is no folder of a bucket", text), "write it like s3://bucket/nightly/")
	}
	return Series{Bucket: bucket, Folder: folder}, nil
}

func (f Series) String() string { return scheme + f.Bucket + "/" + f.Folder }

// At is the place of an archive that is begun at that time.
func (f Series) At(begun time.Time) Location {
	return Location{Bucket: f.Bucket, Key: f.Folder + begun.UTC().Format(stamp) + ".sql.zst"}
}

// Archive is one of a Series.
type Archive struct {
	Location
	Begun time.Time
}

// Archives lists those of a series, the newest first.
func (s *Store) Archives(ctx context.Context, f Series) ([]Archive, error) {
	at := Location{Bucket: f.Bucket, Key: f.Folder}
	pages := s3.NewListObjectsV2Paginator(s.client,
		&s3.ListObjectsV2Input{Bucket: &f.Bucket, Prefix: &f.Folder, Delimiter: aws.String("/")})
	var found []Archive
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain(at, "s3:ListBucket", err)
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			m := stamped.FindStringSubmatch(strings.TrimPrefix(key, f.Folder))
			if m == nil {
				continue
			}
			if begun, err := time.Parse(stamp, m[1]); err == nil {
				found = append(found, Archive{Location{Bucket: f.Bucket, Key: key}, begun})
			}
		}
	}
	slices.SortFunc(found, func(a, b Archive) int { return strings.Compare(b.Key, a.Key) })
	return found, nil
}

// Newest is the newest archive of a series; fs.ErrNotExist where there is none.
func (s *Store) Newest(ctx context.Context, f Series) (Archive, error) {
	found, err := s.Archives(ctx, f)
	if err != nil {
		return Archive{}, err
	}
	if len(found) == 0 {
		return Archive{}, hint.Wrap(fmt.Errorf("%s: no archive: %w", f, fs.ErrNotExist),
			"make one with offshoot subset --to %s", f)
	}
	return found[0], nil
}

// Prune removes all archives of a series but the newest and the one that was just
// made, and returns how many it removed. What Upload did not put there stays,
// whatever its name is. Two may prune at once.
func (s *Store) Prune(ctx context.Context, f Series, keep int, made Location) (removed int, err error) {
	found, err := s.Archives(ctx, f)
	if err != nil {
		return 0, err
	}
	for _, old := range found[min(max(keep, 1), len(found)):] {
		info, err := s.Stat(ctx, old.Location)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!isDigest(info.SHA256) || old.Location == made) {
			continue
		}
		if err == nil {
			err = s.Remove(ctx, old.Location)
		}
		if err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
