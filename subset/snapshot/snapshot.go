package snapshot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Snapshot is one snapshot of a database, and the connections that see it.
type Snapshot struct {
	Database *catalog.Database
	ID       string      // by which other transactions, such as that of pg_dump, can share it
	Leader   *pgx.Conn   // made the snapshot; the transaction that holds it must outlive the others
	Workers  []*pgx.Conn // share it
	Notices  []string    // for the user, about the connections

	options Options
	config  *pgx.ConnConfig
	turns   []sync.Mutex // of each of Workers: one query at a time
}

// Options says which database to open, and how.
type Options struct {
	URL         string // connection string; holds the password, never print it
	Connections int    // at once, 0 means DefaultConnections
}

// DefaultConnections is how many connections share the snapshot when Options
// does not say. More ask more of the server, and bring little: each has to read
// for itself what others have read.
const DefaultConnections = 2

// Open connects to the database, takes its snapshot, reads its catalog
// and locks its tables against changes of their definition. Nothing that it
// does writes to the database.
func Open(ctx context.Context, o Options) (*Snapshot, error) {
	config, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{options: o, config: config}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(s.Recovered(ctx, err), s.Close(ctx))
	}
	return s, nil
}

// Close ends the snapshot. It may be called twice.
func (s *Snapshot) Close(ctx context.Context) error {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var errs []error
	for _, c := range append(s.Workers, s.Leader) { // which may be one of the workers
		if c != nil && !c.IsClosed() {
			errs = append(errs, c.Close(ctx))
		}
	}
	s.Workers, s.Leader = nil, nil
	return errors.Join(errs...)
}

func (s *Snapshot) open(ctx context.Context) error {
	var err error
	if s.Leader, err = dial(ctx, s.config); err != nil {
		return err
	}
	if _, err = s.Leader.Exec(ctx, beginSQL); err != nil {
		return err
	}
	if err = s.Leader.QueryRow(ctx, `SELECT pg_catalog.pg_export_snapshot()`).Scan(&s.ID); err != nil {
		return err
	}
	// Each connection is a new process of the server, which takes its time.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.read(ctx) })
	g.Go(func() error { return s.recruit(ctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	s.turns = make([]sync.Mutex, len(s.Workers))
	return nil
}

// read learns from the leader what there is, and locks it.
func (s *Snapshot) read(ctx context.Context) error {
	var err error
	if s.Database, err = catalog.Read(ctx, s.Leader); err != nil {
		return s.Explain(s.Leader, err)
	}
	return s.lock(ctx)
}

// recruit opens the other connections. A server or role that has fewer left
// is served with those: the leader alone will do.
func (s *Snapshot) recruit(ctx context.Context) error {
	n := s.options.Connections
	if n <= 0 {
		n = DefaultConnections
	}
	for len(s.Workers) < n {
		c, err := s.follow(ctx)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == tooManyConnections {
			return s.settle(ctx, n)
		}
		if err != nil {
			return err
		}
		s.Workers = append(s.Workers, c)
	}
	return s.spare(ctx, n)
}

// spare makes sure that pg_dump will get a connection too.
func (s *Snapshot) spare(ctx context.Context, n int) error {
	c, err := dial(ctx, s.config)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == tooManyConnections:
		return s.settle(ctx, n)
	case err != nil:
		return err
	}
	return c.Close(ctx)
}

// settle makes do with the connections there are, and gives one of them back
// if it can: pg_dump will need it.
func (s *Snapshot) settle(ctx context.Context, wanted int) error {
	if last := len(s.Workers) - 1; last >= 0 {
		if err := s.Workers[last].Close(ctx); err != nil {
			return err
		}
		s.Workers = s.Workers[:last]
	}
	if len(s.Workers) == 0 {
		s.Workers = []*pgx.Conn{s.Leader}
	}
	s.Notices = append(s.Notices, fmt.Sprintf("the server accepted only %d of %d connections", len(s.Workers), wanted))
	return nil
}

const (
	beginSQL = `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY`

	// settingsSQL is what pg_dump sets: values must read the same on any
	// server, no trigger of the session's defaults may interfere, and
	// row-level security must fail rather than hide rows. A custom plan knows
	// how many row positions it is given. Candidates are sorted in memory, not
	// in temporary files of the source; and a few thousand rows are fetched by
	// their places or an index, where the planner's defaults would read and
	// hash a whole table.
	settingsSQL = `
SET search_path = '';
SET datestyle = ISO;
SET intervalstyle = postgres;
SET extra_float_digits = 3;
SET bytea_output = hex;
SET timezone = 'UTC';
SET row_security = off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET synchronize_seqscans = off;
SET standard_conforming_strings = on;
SET jit = off;
SET work_mem = '64MB';
SET random_page_cost = 0.1;
SET max_parallel_workers_per_gather = 0;
SET plan_cache_mode = force_custom_plan;
SET default_transaction_read_only = on`

	oldest = 130000 // server_version_num
)

// Connect opens one connection, of no snapshot, whose values read the same
// everywhere.
func Connect(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	return dial(ctx, config)
}

func dial(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectError(config, err)
	}
	if err := prepare(ctx, c); err != nil {
		return nil, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
	}
	return c, nil
}

func prepare(ctx context.Context, c *pgx.Conn) error {
	var version int
	var encoding string
	const sql = `SELECT pg_catalog.current_setting('server_version_num')::int, pg_catalog.current_setting('server_encoding')`
	if err := c.QueryRow(ctx, sql).Scan(&version, &encoding); err != nil {
		return err
	}
	if version < oldest {
		err := fmt.Errorf("PostgreSQL %d.%d is too old", version/10000, version/100%100)
		return hint.Wrap(err, "offshoot reads PostgreSQL 13 and newer")
	}
	// SQL_ASCII means bytes of unknown encoding: they are passed on as they are.
	if encoding != "SQL_ASCII" {
		encoding = "UTF8"
	}
	settings := settingsSQL
	if version >= 140000 {
		settings += "; SET idle_session_timeout = 0"
	}
	if version >= 170000 {
		settings += "; SET transaction_timeout = 0"
	}
	if _, err := c.PgConn().Exec(ctx,
		settings+"; SET client_encoding = "+catalog.Literal(encoding)).ReadAll(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// follow opens a connection that sees the leader's snapshot.
func (s *Snapshot) follow(ctx context.Context) (*pgx.Conn, error) {
	c, err := dial(ctx, s.config)
	if err != nil {
		return nil, err
	}
	_, err = c.PgConn().Exec(ctx, beginSQL+"; SET TRANSACTION SNAPSHOT "+catalog.Literal(s.ID)).ReadAll()
	if err != nil {
		err = hint.Wrap(fmt.Errorf("share the snapshot between connections: %w", err),
			"the URL must always lead to the same server, not to a pooler or a reader endpoint")
		return nil, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// lock holds ACCESS SHARE on everything readable until Close, as pg_dump
// does, so that no table is altered or dropped under the walk.
func (s *Snapshot) lock(ctx context.Context) error {
	var names []string
	for _, t := range s.Database.Tables {
		if !t.Readable {
			continue
		}
		if t.Partitioned {
			names = append(names, "ONLY "+t.Name.String())
		}
		for _, h := range t.Heaps {
			names = append(names, "ONLY "+h.Name.String())
		}
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := s.Leader.Exec(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN ACCESS SHARE MODE"); err != nil {
		return fmt.Errorf("lock tables: %w", err)
	}
	return nil
}
