package snapshot

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Our own queries find nothing by the search path, so that nobody can put another function or operator in the way. What
// the user wrote in SQL means what it means to psql: it is asked where the role's own sessions look for names.

// Searching has a connection look for names where the role's own sessions do,
// until do is done.
func (s *Snapshot) Searching(ctx context.Context, c *pgx.Conn, do func() error) error {
	if err := s.setPath(ctx, c, s.Database.SearchPath); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // what failed in a transaction takes the setting with it
	}
	return s.setPath(ctx, c, s.home())
}

// home is where our own queries look: nowhere but in the system's schema, but for a source whose planner itself cannot
// do without. It puts the bodies of SQL functions into the expressions of indexes whenever it plans a query of their
// table, and these bodies lean on the path.
func (s *Snapshot) home() []string {
	if s.Database.Inlines {
		return s.Database.SearchPath
	}
	return nil
}

// lookAtHome has all connections look there.
func (s *Snapshot) lookAtHome(ctx context.Context) error {
	if !s.Database.Inlines {
		return nil
	}
	for _, c := range append(slices.Clone(s.Workers), s.Leader) { // which may be one of the workers
		if err := s.Set(ctx, c, pathSQL(s.home())); err != nil {
			return err
		}
	}
	return nil
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

// setPath keeps a worker's path where it lets go of locks. The leader is asked
// within other savepoints, and sets it for these.
func (s *Snapshot) setPath(ctx context.Context, c *pgx.Conn, schemas []string) error {
	if c != s.Leader {
		return s.Set(ctx, c, pathSQL(schemas))
	}
	_, err := c.PgConn().Exec(ctx, pathSQL(schemas)).ReadAll()
	return err
}

// There is the statement by which a connection looks for names where the role's
// own sessions do.
func (s *Snapshot) There() string { return pathSQL(s.Database.SearchPath) }

// Home is the statement by which a connection looks where our own queries do.
func (s *Snapshot) Home() string { return pathSQL(s.home()) }

func pathSQL(schemas []string) string {
	return "SET LOCAL search_path = " + catalog.SearchPath(schemas)
}
