package compose

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client"
	"golang.org/x/sync/errgroup"
)

// BuildCache is what the engine's builder keeps so that builds are fast. It
// bears no labels: all who build on the engine share it.
type BuildCache struct {
	Bytes     int64 // without layers that an image has too
	Removable int64 // of them: no build uses it now
}

// BuildCache measures the cache of the engine's builder.
func (e *Engine) BuildCache(ctx context.Context) (BuildCache, error) {
	var cache BuildCache
	builder, err := e.builder(ctx)
	if err != nil {
		return cache, fmt.Errorf("build cache: %w", err)
	}
	defer builder.Close()
	records, err := builder.DiskUsage(ctx)
	if err != nil {
		return cache, fmt.Errorf("build cache: %w", err)
	}
	for _, r := range records {
		if r.Shared {
			continue
		}
		cache.Bytes += r.Size
		if !r.InUse && !builders(r.RecordType) {
			cache.Removable += r.Size
		}
	}
	return cache, nil
}

// builders tells what a prune leaves to the builder: its own parts.
func builders(t client.UsageRecordType) bool {
	return t == client.UsageRecordTypeInternal || t == client.UsageRecordTypeFrontend
}

// ThinBuildCache removes what was used least recently until at most so many
// bytes are left, and returns how many it removed. The builder leaves what a
// build uses now.
func (e *Engine) ThinBuildCache(ctx context.Context, keep int64) (removed int64, err error) {
	builder, err := e.builder(ctx)
	if err != nil {
		return 0, fmt.Errorf("build cache: %w", err)
	}
	defer builder.Close()
	records := make(chan client.UsageInfo)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(records)
		// Both bounds, since builders before 0.17 know the first alone.
		return builder.Prune(ctx, records, client.WithKeepOpt(0, keep, keep, 0))
	})
	for r := range records {
		removed += r.Size
	}
	if err := group.Wait(); err != nil {
		return removed, fmt.Errorf("build cache: %w", err)
	}
	return removed, nil
}
