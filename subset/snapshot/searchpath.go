package snapshot

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Our own queries find nothing by the search path, so that nobody can put another function or operator in the way. What
// the user wrote in SQL means what it means to psql: it is asked where the role's own sessions look for names.

// Searching has a connection look for names where the role's own sessions do,
// until do is done.
func (s *Snapshot) Searching(ctx context.Context, c *pgx.Conn, do func() error) error {
	if err := setPath(ctx, c, s.Database.SearchPath); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // what failed in a transaction takes the setting with it
	}
	return setPath(ctx, c, nil)
}

// EachSearching has all connections that share the snapshot do so, which must
// be at rest before and after.
func (s *Snapshot) EachSearching(ctx context.Context, do func() error) error {
	return s.searching(ctx, s.Workers, do)
}

func (s *Snapshot) searching(ctx context.Context, all []*pgx.Conn, do func() error) error {
	if len(all) == 0 {
		return do()
	}
	return s.Searching(ctx, all[0], func() error { return s.searching(ctx, all[1:], do) })
}

func setPath(ctx context.Context, c *pgx.Conn, schemas []string) error {
	_, err := c.PgConn().Exec(ctx, "SET LOCAL search_path = "+catalog.SearchPath(schemas)).ReadAll()
	return err
}
