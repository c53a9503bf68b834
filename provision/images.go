package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/offshoot-dev/offshoot/compose"
)

// fetchDatabaseImage is ahead of the other images: the database is made while
// those are built.
func (r *run) fetchDatabaseImage(ctx context.Context) error {
	r.Docker.AddLogins(r.options.Logins)
	if err := r.fetch(ctx, r.stack.Load().ImagesFor(r.next.Database)); err != nil {
		return err
	}
	return r.settleDatabase(ctx)
}

func (r *run) fetchImages(ctx context.Context) error {
	fetched := r.stack.Load().ImagesFor(r.next.Database)
	rest := slices.DeleteFunc(r.stack.Load().Project().ServiceNames(), func(name string) bool {
		return slices.Contains(fetched, name)
	})
	return r.fetch(ctx, rest)
}

func (r *run) fetch(ctx context.Context, services []string) error {
	err := r.stackIn(ctx).Fetch(ctx, services)
	var build *compose.BuildError
	if errors.As(err, &build) {
		return r.failed(ctx, err)
	}
	return err
}
