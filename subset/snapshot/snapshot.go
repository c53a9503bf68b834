package snapshot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pooler"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Snapshot is one snapshot of a database, and the connections that see it.
type Snapshot struct {
	Database *catalog.Database
	ID       string      // by which other transactions, such as that of pg_dump, can share it
	Leader   *pgx.Conn   // made the snapshot; the transaction that holds it must outlive the others
	Workers  []*pgx.Conn // share it
	Server   conninfo.Server
	Notices  []string // for the user, about the connections
	Pooled   bool     // a pooler stands between, and keeps a session of the server for each connection

	options Options
	config  *pgx.ConnConfig
	server  pooler.Session // who answers the leader
	turns   []sync.Mutex   // of each of Workers: one query at a time
	gate    *gate          // before all of these, where Options bounds the load
	watch   *watch

	asked    []int // of each of Workers, since it has let go of locks
	answered int   // by the leader
}

// Options says which database to open, and how.
type Options struct {
	URL         string // connection string; holds the password, never print it
	Way         *conninfo.Way
	Connections int // at once, 0 means DefaultConnections

	LockTimeout time.Duration     // how long to wait for locked tables, 0 means DefaultLockTimeout
	Load        Load              // above which reading pauses
	Waiting     func(what string) // is told when waiting or a pause begins; may be nil
}

// DefaultConnections is how many connections share the snapshot when Options
// does not say. More ask more of the server, and bring little: each has to read
// for itself what others have read.
const DefaultConnections = 2

// Open connects to the database, takes its snapshot, reads its catalog
// and locks its tables against changes of their definition. Nothing that it
// does writes to the database.
func Open(ctx context.Context, o Options) (*Snapshot, error) {
	config, err := o.Way.Parse(o.URL)
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
	errs := []error{s.watch.end(ctx)}
	s.watch = nil
	for _, c := range append(s.Workers, s.Leader) { // which may be one of the workers
		if c != nil && !c.IsClosed() {
			errs = append(errs, end(ctx, c))
		}
	}
	s.Workers, s.Leader = nil, nil
	return errors.Join(errs...)
}

func (s *Snapshot) open(ctx context.Context) error {
	s.hold()
	var err error
	if s.Leader, err = dial(ctx, s.config); err != nil {
		return err
	}
	// Another server, such as the next of a reader endpoint, has other snapshots.
	s.Server = conninfo.Reached(s.Leader.PgConn())
	conninfo.Pin(&s.config.Config, s.Server)
	if err := s.recognize(ctx); err != nil {
		return err
	}
	if err := s.guard(ctx); err != nil {
		return err
	}
	return s.holdStill(ctx)
}

// take takes the snapshot. No pooler is harmed by what it does, nor by what is
// asked of the connections then, not even one that recognize took for a server.
func (s *Snapshot) take(ctx context.Context) error {
	err := begin(ctx, s.Leader, s.server, "")
	if err != nil {
		return err
	}
	if err = s.Leader.QueryRow(ctx, `SELECT pg_catalog.pg_export_snapshot()`).Scan(&s.ID); err != nil {
		return err
	}
	// Each connection is a new process of the server, which takes its time.
	g, together := errgroup.WithContext(ctx)
	g.Go(func() error { return s.read(together) })
	g.Go(func() error { return s.recruit(together) })
	if err := g.Wait(); err != nil {
		return err
	}
	s.turns, s.asked = make([]sync.Mutex, len(s.Workers)), make([]int, len(s.Workers))
	return s.lookAtHome(ctx)
}

// read learns from the leader what there is, and locks it.
func (s *Snapshot) read(ctx context.Context) error {
	err := s.mindLocks(ctx, lockPatience)
	if err != nil {
		return err
	}
	if s.Database, err = catalog.Read(ctx, s.Leader); err != nil {
		return s.Explain(s.Leader, err)
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	if err := s.seeViews(ctx); err != nil {
		return err
	}
	if err := s.mindLocks(ctx, 0); err != nil {
		return err
	}
	_, err = s.Leader.PgConn().Exec(ctx, plant).ReadAll()
	return err
}

// recruit opens the other connections. A server or role that has fewer left
// is served with those: the leader alone will do.
func (s *Snapshot) recruit(ctx context.Context) error {
	n := s.options.Connections
	if n <= 0 {
		n = DefaultConnections
	}
	for _, c := range s.Workers {
		if err := s.join(ctx, c); err != nil {
			return err
		}
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

// Connect opens one connection, in a read-only transaction of a snapshot of its
// own, whose values read the same everywhere.
func Connect(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := conninfo.Parse(url)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, config)
	if err != nil {
		return nil, err
	}
	is, err := greet(ctx, c, pooler.Session{})
	if err == nil {
		err = begin(ctx, c, is, "")
	}
	if err != nil {
		return nil, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
	}
	return c, nil
}

func dial(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectError(config, err)
	}
	return c, nil
}

// follow opens a connection that sees the leader's snapshot.
func (s *Snapshot) follow(ctx context.Context) (*pgx.Conn, error) {
	c, err := dial(ctx, s.config)
	if err != nil {
		return nil, err
	}
	if err := s.join(ctx, c); err != nil {
		return nil, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// join has a connection see the leader's snapshot.
func (s *Snapshot) join(ctx context.Context, c *pgx.Conn) error {
	err := begin(ctx, c, s.server, s.ID)
	if err == nil {
		return nil
	}
	return hint.Wrap(fmt.Errorf("share the snapshot between connections: %w", err),
		"the URL must always lead to the same server, not to a reader endpoint")
}
