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
	if s.Leader, err = dial(ctx, config); err != nil {
		return Found{}, err
	}
	found := Found{Version: s.Leader.PgConn().ParameterStatus("server_version"), Host: s.Leader.Config().Host}
	err = s.recognize(ctx)
	found.Pooled = s.Pooled
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

// recognize makes sure, before anything is done, that the leader keeps its
// session between transactions, and so do others: the first of these, which it
// opens for that, is the first of Workers.
func (s *Snapshot) recognize(ctx context.Context) error {
	var err error
	if s.server, err = greet(ctx, s.Leader, pooler.Session{}); err != nil {
		return err
	}
	s.Pooled = pooler.Proxied(s.Leader.PgConn(), s.server)
	second, is, err := s.second(ctx)
	if err != nil || second == nil {
		return err
	}
	s.Workers = append(s.Workers, second)
	return pooler.Stay(ctx, [2]*pgconn.PgConn{s.Leader.PgConn(), second.PgConn()}, [2]pooler.Session{s.server, is})
}

// second opens another connection, if the server has one to spare: no pooler
// that shares sessions is known to say there is none.
func (s *Snapshot) second(ctx context.Context) (*pgx.Conn, pooler.Session, error) {
	if s.Pooled {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, queued, errNoSession)
		defer cancel()
	}
	c, err := dial(ctx, s.config)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == tooManyConnections && !s.Pooled:
		return nil, pooler.Session{}, nil
	case err != nil:
		return nil, pooler.Session{}, noSession(ctx, err)
	}
	is, err := greet(ctx, c, s.server)
	if err != nil {
		return nil, pooler.Session{}, errors.Join(noSession(ctx, err), c.Close(context.WithoutCancel(ctx)))
	}
	return c, is, nil
}

var errNoSession = errors.New("the pooler has no second session for this role and database")

func noSession(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errNoSession) {
		return hint.Wrap(fmt.Errorf("%w: waited %s", errNoSession, queued),
			"give the address of the server itself, or raise the size of its pool")
	}
	return err
}
