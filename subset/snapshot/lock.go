package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// DefaultLockTimeout is how long a locked table is waited for when Options does not say.
const DefaultLockTimeout = 2 * time.Minute

const (
	// lockPatience is less than PostgreSQL's deadlock_timeout by default. Whoever holds one table and wants another
	// that is locked here, a migration, is never made to fail by it: this side lets go first.
	lockPatience = 500 * time.Millisecond
	lockPause    = time.Second
	// mostMissed is how often tables may be dropped between the look at the catalog and the lock.
	mostMissed = 50
)

// holdStill takes the snapshot until what it shows could be locked: a table that somebody drops meanwhile is not there
// the next time, and one that is locked is waited for without holding anything that others wait for.
func (s *Snapshot) holdStill(ctx context.Context) error {
	began, missed := time.Now(), 0
	limit := s.options.LockTimeout
	if limit <= 0 {
		limit = DefaultLockTimeout
	}
	told := false
	for {
		err := s.take(ctx)
		gone, locked := vanished(err) && missed < mostMissed, isLocked(err)
		if ctx.Err() != nil || !gone && !locked {
			return err
		}
		if err := s.letGo(ctx); err != nil {
			return err
		}
		if gone {
			missed++
			continue
		}
		by := s.blocked(ctx)
		if time.Since(began) > limit {
			return hint.Wrap(fmt.Errorf("lock tables: not free for %s: %s", limit, by),
				"run it when the migration is done, or wait longer with --lock-timeout")
		}
		if !told && s.options.Waiting != nil {
			s.options.Waiting("waits for a lock: " + by)
			told = true
		}
		if err := pause(ctx, lockPause); err != nil {
			return err
		}
	}
}

// lock holds ACCESS SHARE on everything readable until Close, as pg_dump
// does, so that no table is altered or dropped under the walk. And it makes sure
// that no view is locked: pg_dump would wait for it without a limit, and with all
// locks of the tables, while this side still can let go.
func (s *Snapshot) lock(ctx context.Context) error {
	names := make([]string, 0, len(s.Database.Tables))
	for _, name := range s.lockable() {
		names = append(names, "ONLY "+name.String())
	}
	sql, what := strings.Join([]string{viewsSQL, mindLocks(0), plant}, ";\n"), "look at views"
	if len(names) > 0 {
		sql = "LOCK TABLE " + strings.Join(names, ", ") + " IN ACCESS SHARE MODE;" + sql
		what = "lock tables"
	}
	results, err := s.Leader.PgConn().Exec(ctx, sql).ReadAll()
	if err == nil {
		return nil
	}
	if len(results) > 1 { // of which the last one has failed
		what = "look at views"
	}
	return fmt.Errorf("%s: %w", what, s.Explain(s.Leader, err))
}

// viewsSQL prints views as pg_dump will. Printing one waits for whoever changes or refreshes it.
const viewsSQL = `
SELECT pg_catalog.count(pg_catalog.pg_get_viewdef(c.oid)) FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`

// mindLocks has what is asked in the transaction from now on fail that waits for
// a lock longer than so long, which the catalog's functions do too; 0 means that
// it may wait.
func mindLocks(limit time.Duration) string {
	return fmt.Sprintf("SET LOCAL lock_timeout = %d", limit.Milliseconds())
}

func (s *Snapshot) lockable() []catalog.Name {
	var names []catalog.Name
	for _, t := range s.Database.Tables {
		if !t.Readable {
			continue
		}
		if t.Partitioned {
			names = append(names, t.Name)
		}
		for _, h := range t.Heaps {
			names = append(names, h.Name)
		}
	}
	return names
}

// vanished tells an error about what was there in the snapshot and is not there any more. The catalog's functions look
// past the snapshot.
func vanished(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, new(apart)) || !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "42P01", "42704": // undefined table, object
		return true
	case "XX000":
		return strings.HasPrefix(pg.Message, "cache lookup failed for") ||
			strings.HasPrefix(pg.Message, "could not open relation with OID")
	}
	return false
}

func isLocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03" // lock_not_available
}

// letGo ends the transactions, and with them all locks. A connection that the error of another one has cut is dropped.
func (s *Snapshot) letGo(ctx context.Context) error {
	s.Workers = slices.DeleteFunc(s.Workers, func(c *pgx.Conn) bool { return c == s.Leader })
	for _, c := range append(slices.Clone(s.Workers), s.Leader) {
		if !c.IsClosed() {
			_, _ = c.PgConn().Exec(ctx, "ROLLBACK").ReadAll()
		}
	}
	s.Workers = slices.DeleteFunc(s.Workers, func(c *pgx.Conn) bool { return c.IsClosed() })
	if !s.Leader.IsClosed() {
		return nil
	}
	var err error
	s.Leader, err = dial(ctx, s.config)
	return err
}

const blockedSQL = `
BEGIN READ ONLY;
SET LOCAL search_path = '';
SELECT n.nspname, c.relname, l.pid::text, CASE WHEN l.granted THEN 'holds' ELSE 'waits for' END
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'p', 'v', 'm', 'i', 'S')
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 ORDER BY l.granted DESC, c.relkind NOT IN ('r', 'p'), 1, 2 LIMIT 1;
COMMIT`

// blocked says which table is locked, and by which session.
func (s *Snapshot) blocked(ctx context.Context) string {
	results, err := s.Leader.PgConn().Exec(ctx, blockedSQL).ReadAll()
	if err == nil {
		for _, result := range results {
			for _, row := range result.Rows {
				table := catalog.Name{Schema: string(row[0]), Name: string(row[1])}
				return fmt.Sprintf("session %s %s an exclusive one on %s", row[2], row[3], table.Dotted())
			}
		}
	}
	return "another session holds an exclusive one"
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
