package snapshot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ErrPooler says that transactions of one connection reach changing sessions
// of the server, so that no run could keep together what belongs together.
var ErrPooler = errors.New("the source is reached through a pooler that shares sessions between clients")

const (
	poolerHint = "give the address of the server itself, or of a pooler in session mode"

	// rounds is how often a pooler is asked whether each of two connections keeps
	// its session. One that lends sessions by the transaction gives the same one to
	// both when it is idle, and others' to them or theirs to others when it is not.
	rounds = 8

	// lull is what a session that was given back has to be given to another.
	lull = 5 * time.Millisecond

	// queued is how long a pooler may take to find a second session.
	queued = 15 * time.Second
)

// server is who answers a connection. Only single statements ask for it, each
// a transaction of its own: they are the same to any pooler.
type server struct {
	pid      uint32 // of the process that answered
	version  int    // server_version_num
	encoding string
	said     string // the beginning of the question
	kept     string // whether another connection's process last answered that one: t, f or nothing known
}

// greetSQL asks who answers. A process shows what it was asked last to those
// who may know, which are the sessions of the same role.
const greetSQL = `SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num'),
       pg_catalog.current_setting('server_encoding'),
       (SELECT pg_catalog.starts_with(a.query, %s) FROM pg_catalog.pg_stat_activity AS a
         WHERE a.pid OPERATOR(pg_catalog.=) %d AND a.usename OPERATOR(pg_catalog.=) SESSION_USER
           AND pg_catalog.current_setting('track_activities')::bool)`

// greet asks who answers a connection, and whether the process that answered
// another one has been asked something else since.
func greet(ctx context.Context, c *pgx.Conn, other server) (server, error) {
	is := server{said: "/* offshoot " + rand.Text()[:8] + " */"}
	sql := is.said + " " + fmt.Sprintf(greetSQL, "'"+other.said+"'", other.pid)
	results, err := c.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return server{}, err
	}
	row := results[0].Rows[0]
	pid, err := strconv.ParseUint(string(row[0]), 10, 32)
	if err != nil {
		return server{}, err
	}
	if is.version, err = strconv.Atoi(string(row[1])); err != nil {
		return server{}, err
	}
	is.pid, is.encoding, is.kept = uint32(pid), string(row[2]), string(row[3])
	return is, is.supported()
}

// Found is what a look at a server shows.
type Found struct {
	Version string // as the server says it, such as 15.18 (Debian 15.18-0+deb12u1)
	Host    string
	Pooled  bool // a pooler stands between, and keeps a session of the server for each connection
}

// Look asks who answers at a connection string, and refuses it where Open would
// before it takes a snapshot.
func Look(ctx context.Context, url string) (_ Found, err error) {
	config, err := conninfo.Parse(url)
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

// proxied tells whether somebody between answered for the server when the
// connection was made: PostgreSQL names the process that will answer, poolers a
// number of their own, or none.
// https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
func proxied(c *pgx.Conn, is server) bool { return c.PgConn().PID() != is.pid }

// recognize makes sure, before anything is done, that the leader keeps its
// session between transactions, and so do others: the first of these, which it
// opens for that, is the first of Workers. On the way of a server that answers
// for itself that takes three questions.
func (s *Snapshot) recognize(ctx context.Context) error {
	var err error
	if s.server, err = greet(ctx, s.Leader, server{}); err != nil {
		return err
	}
	s.Pooled = proxied(s.Leader, s.server)
	second, is, err := s.second(ctx)
	if err != nil || second == nil {
		return err
	}
	s.Workers = append(s.Workers, second)
	pair := [2]*pgx.Conn{s.Leader, second}
	times := 1
	if s.Pooled {
		times = rounds
	}
	return stay(ctx, pair, [2]server{s.server, is}, times)
}

// second opens another connection, if the server has one to spare: no pooler
// that shares sessions is known to say there is none.
func (s *Snapshot) second(ctx context.Context) (*pgx.Conn, server, error) {
	if s.Pooled {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, queued, errNoSession)
		defer cancel()
	}
	c, err := dial(ctx, s.config)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == tooManyConnections && !s.Pooled:
		return nil, server{}, nil
	case err != nil:
		return nil, server{}, noSession(ctx, err)
	}
	is, err := greet(ctx, c, s.server)
	if err != nil {
		return nil, server{}, errors.Join(noSession(ctx, err), c.Close(context.WithoutCancel(ctx)))
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

// stay asks two connections until it is sure that each keeps its session for
// itself. Each is asked twice running: a pooler that lends two sessions in turn
// would give each of two clients that take turns the same one over and over.
func stay(ctx context.Context, pair [2]*pgx.Conn, is [2]server, times int) error {
	if is[0].pid == is[1].pid || is[1].kept == "f" {
		return pooler()
	}
	for i := range 2 * times {
		me := i / 2 % 2
		other := 1 - me
		if times > 1 {
			if err := pause(ctx, lull); err != nil {
				return err
			}
		}
		next, err := greet(ctx, pair[me], is[other])
		if err != nil {
			return err
		}
		if next.pid != is[me].pid || next.kept == "f" {
			return pooler()
		}
		is[me] = next
	}
	return nil
}

func pooler() error { return hint.Usage(ErrPooler, poolerHint) }

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
