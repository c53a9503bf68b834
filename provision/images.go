package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/offshoot-dev/offshoot/compose"
)

// fetchDatabaseImage is ahead of the other images: the database is made while
// those are built.
func (h *shape) fetchDatabaseImage(ctx context.Context) error {
	h.Docker.AddLogins(h.options.Logins)
	if err := h.fetch(ctx, h.stack.Load().ImagesFor(h.next.Database)); err != nil {
		return err
	}
	return h.settleDatabase(ctx)
}

func (h *shape) fetchImages(ctx context.Context) error {
	fetched := h.stack.Load().ImagesFor(h.next.Database)
	rest := slices.DeleteFunc(h.stack.Load().Project().ServiceNames(), func(name string) bool {
		return slices.Contains(fetched, name)
	})
	return h.fetch(ctx, rest)
}

func (h *shape) fetch(ctx context.Context, services []string) error {
	err := h.stackIn(ctx).Fetch(ctx, services)
	var build *compose.BuildError
	if errors.As(err, &build) {
		return h.failed(ctx, err)
	}
	return err
}
