package main

import (
	"context"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// linkLasts is for how long a machine may begin to read an archive.
const linkLasts = time.Hour

// elsewhere is an archive in a bucket, for the machine to fetch. It is nil where
// there is none, or its digest is not known, so that it could not be checked.
func (f *farUp) elsewhere(ctx context.Context) (*remote.Elsewhere, error) {
	if f.cfg.Stranger || !store.IsLocation(f.options.archive) {
		return nil, nil // a stranger's machine gets no link into the bucket
	}
	at, err := store.Parse(f.options.archive)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx)
	if err != nil {
		return nil, err
	}
	info, err := s.Stat(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if len(info.SHA256) != 64 {
		return nil, nil
	}
	return &remote.Elsewhere{
		SHA256: info.SHA256, Bytes: info.Bytes,
		Link: func(ctx context.Context) (string, error) { return s.Presign(ctx, at, linkLasts) },
		Download: func(ctx context.Context) (string, error) {
			here, err := f.archiveFromBucket(ctx, f.ui, f.options.archive)
			return here.path, err
		},
	}, nil
}
