package snapshot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pooler"
)

// queued is how long a pooler may take to find a second session.
const queued = 15 * time.Second

// Found is what a look at a server shows.
type Found struct {
	Version string // as the server says it, such as 15.18 (Debian 15.18-0+deb12u1)
	Host    string
	Pooled  bool // a pooler stands between, and keeps a session of the server for each connection
}

// Look asks who answers at a connection string, and refuses it where Open would
// before it takes a snapshot.
func Look(ctx context.Context, url string, way *conninfo.Way) (_ Found, err error) {
	config, err := way.Parse(url)
	if err != nil {
		return Found{}, err
	}
	s := &Snapshot{config: config}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	err = s.recognize(ctx)
	found := Found{Pooled: s.Pooled}
	if s.Leader != nil {
		found.Version, found.Host = s.Leader.PgConn().ParameterStatus("server_version"), s.Leader.Config().Host
	}
	return found, err
}

// greet asks who answers a connection, and refuses a server that is too old.
func greet(ctx context.Context, c *pgx.Conn, other pooler.Session) (pooler.Session, error) {
	is, err := pooler.Greet(ctx, c.PgConn(), other)
	if err != nil {
		return is, err
	}
	return is, supported(is.Version)
}

// recognize opens the leader and makes sure, before anything is done, that it
// keeps its session between transactions, and so do others: the first of these,
// which it opens for that, is the first of Workers.
func (s *Snapshot) recognize(ctx context.Context) error {
	var err error
	if s.Leader, err = dial(ctx, s.config); err != nil {
		return err
	}
	// Another server, such as the next of a reader endpoint, has other snapshots.
	s.Server = conninfo.Reached(s.Leader.PgConn())
	conninfo.Pin(&s.config.Config, s.Server)
	calling, stop := context.WithCancel(ctx)
	defer stop()
	second := make(chan dialed, 1)
	go func() { second <- dialing(calling, s.config) }()
	if s.server, err = s.greet(ctx, s.Leader, pooler.Session{}); err != nil {
		stop()
		return errors.Join(err, (<-second).drop(ctx))
	}
	s.Pooled = pooler.Proxied(s.Leader.PgConn(), s.server)
	other, is, err := s.second(ctx, second, stop)
	if err != nil || other == nil {
		return err
	}
	s.Workers = append(s.Workers, other)
	pair, began := [2]*pgconn.PgConn{s.Leader.PgConn(), other.PgConn()}, time.Now()
	err = pooler.Stay(ctx, pair, [2]pooler.Session{s.server, is})
	s.took(time.Since(began) / 2) // it has asked twice at least, and not for the first time
	return err
}

// dialed is what came of a call for a connection.
type dialed struct {
	conn *pgx.Conn
	err  error
}

func dialing(ctx context.Context, config *pgx.ConnConfig) dialed {
	c, err := dial(ctx, config)
	return dialed{c, err}
}

// dialAlone connects where connections that were opened together were too many.
// The server takes a moment to forget them.
func (s *Snapshot) dialAlone(ctx context.Context) (*pgx.Conn, error) {
	const tries, between = 5, 50 * time.Millisecond
	for n := 1; ; n++ {
		c, err := dial(ctx, s.config)
		if !isTooMany(err) || n == tries {
			return c, err
		}
		if err := pause(ctx, between); err != nil {
			return nil, err
		}
	}
}

// drop ends the connection, if there is one.
func (d dialed) drop(ctx context.Context) error {
	if d.conn == nil {
		return nil
	}
	return d.conn.Close(context.WithoutCancel(ctx))
}

// second waits for another connection, if the server has one to spare: no pooler
// that shares sessions is known to say there is none.
func (s *Snapshot) second(ctx context.Context, calling <-chan dialed, stop func()) (*pgx.Conn, pooler.Session, error) {
	if s.Pooled {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, queued, errNoSession)
		defer cancel()
	}
	defer context.AfterFunc(ctx, stop)()
	other := <-calling
	switch {
	case isTooMany(other.err) && !s.Pooled:
		return nil, pooler.Session{}, nil
	case other.err != nil:
		return nil, pooler.Session{}, noSession(ctx, other.err)
	}
	is, err := s.greet(ctx, other.conn, s.server)
	if err != nil {
		return nil, pooler.Session{}, errors.Join(noSession(ctx, err), other.drop(ctx))
	}
	return other.conn, is, nil
}

// greet asks who answers, and learns how far away that is.
func (s *Snapshot) greet(ctx context.Context, c *pgx.Conn, other pooler.Session) (pooler.Session, error) {
	began := time.Now()
	is, err := greet(ctx, c, other)
	s.took(time.Since(began))
	return is, err
}

// took learns of an answer that took so long.
func (s *Snapshot) took(d time.Duration) {
	if s.RoundTrip == 0 || d < s.RoundTrip {
		s.RoundTrip = d
	}
}

func isTooMany(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == tooManyConnections
}

var errNoSession = errors.New("the pooler has no second session for this role and database")

func noSession(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errNoSession) {
		return hint.Wrap(fmt.Errorf("%w: waited %s", errNoSession, queued),
			"give the address of the server itself, or raise the size of its pool")
	}
	return err
}
