package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
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

	RoundTrip time.Duration // of the quickest answer while the connections were made

	options Options
	config  *pgx.ConnConfig
	server  pooler.Session // who answers the leader
	lines   []*line        // of each of Workers
	gate    *gate          // before all of these, where Options bounds the load
	watch   *watch

	answered int // by the leader
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
			errs = append(errs, end(ctx, c, s.Pooled))
		}
	}
	s.Workers, s.Leader = nil, nil
	return errors.Join(errs...)
}

func (s *Snapshot) open(ctx context.Context) error {
	s.hold()
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
	var err error
	s.ID, err = begin(ctx, s.Leader, s.server, "", mindLocks(lockPatience), `SELECT pg_catalog.pg_export_snapshot()`)
	if err != nil {
		return err
	}
	// Each connection is a new process of the server, which takes its time.
	g, together := errgroup.WithContext(ctx)
	g.Go(func() error { return s.read(together) })
	g.Go(func() error { return s.recruit(together) })
	if err := g.Wait(); err != nil {
		return err
	}
	s.lines = nil
	for _, c := range s.Workers {
		s.lines = append(s.lines, &line{conn: c})
	}
	return s.lookAtHome(ctx)
}

// read learns from the leader what there is, and locks it.
func (s *Snapshot) read(ctx context.Context) error {
	var err error
	if s.Database, err = catalog.Read(ctx, s.Leader); err != nil {
		return s.Explain(s.Leader, err)
	}
	return s.lock(ctx)
}

// recruit opens the other connections, all at once, and one more to make sure
// that pg_dump will get one. A server or role that has fewer left is served with
// those: the leader alone will do.
func (s *Snapshot) recruit(ctx context.Context) error {
	n := s.options.Connections
	if n <= 0 {
		n = DefaultConnections
	}
	refused, err := s.call(ctx, max(n+1, len(s.Workers)))
	for err == nil && refused && len(s.Workers) <= n { // each may have been one too many for another
		var c *pgx.Conn
		if c, err = s.dialAlone(ctx); isTooMany(err) {
			err = nil
			break
		}
		if err == nil {
			s.Workers = append(s.Workers, c)
			err = s.join(ctx, c)
		}
	}
	if err != nil {
		return err
	}
	return s.settle(ctx, n, refused && len(s.Workers) <= n)
}

// call has so many connections join the snapshot at once, those that there are
// already among them. It reports whether the server refused some for being too
// many.
func (s *Snapshot) call(ctx context.Context, n int) (refused bool, err error) {
	all, there := make([]dialed, n), s.Workers
	var calls sync.WaitGroup
	for i := range all {
		calls.Go(func() {
			if i < len(there) {
				all[i] = dialed{there[i], s.join(ctx, there[i])}
				return
			}
			all[i].conn, all[i].err = s.follow(ctx)
		})
	}
	calls.Wait()
	s.Workers = nil
	for _, d := range all {
		if d.conn != nil {
			s.Workers = append(s.Workers, d.conn) // also one that cannot join: it is closed with the others
		}
		if isTooMany(d.err) {
			refused = true
		} else {
			err = cmp.Or(err, d.err)
		}
	}
	return refused, err
}

// settle gives one of the connections back, for pg_dump, and makes do with what
// is left.
func (s *Snapshot) settle(ctx context.Context, wanted int, refused bool) error {
	if last := len(s.Workers) - 1; last >= 0 {
		if err := s.Workers[last].Close(ctx); err != nil {
			return err
		}
		s.Workers = s.Workers[:last]
	}
	if len(s.Workers) == 0 {
		s.Workers = []*pgx.Conn{s.Leader}
	}
	if refused {
		s.Notices = append(s.Notices,
			fmt.Sprintf("the server accepted only %d of %d connections", len(s.Workers), wanted))
	}
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
		_, err = begin(ctx, c, is, "")
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
	_, err := begin(ctx, c, s.server, s.ID)
	if err == nil {
		return nil
	}
	return hint.Wrap(fmt.Errorf("share the snapshot between connections: %w", apart{err}),
		"the URL must always lead to the same server, not to a reader endpoint")
}

// apart is an error of a connection that cannot see the leader's snapshot: to another server that is an undefined
// object, since PostgreSQL 17.
type apart struct{ error }

// Unwrap returns what the server said.
func (a apart) Unwrap() error { return a.error }
