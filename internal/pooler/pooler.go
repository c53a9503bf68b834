// Package pooler recognizes what stands between a client and a server and lends
// the server's sessions to one client after another, before anything is done
// that another client would find in a session.
//
// PostgreSQL names the process that will answer when a connection is made, and a
// pooler a number of its own, or none. Where another process answers than was
// named, two connections ask some times over who answers them:
//
//	Greet ──▶ Session ──▶ Proxied? ──▶ Stay: each keeps its session, or ErrShared
package pooler

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ErrShared says that transactions of one connection reach changing sessions of
// the server, so that what is set for one is set for others and soon not for it.
var ErrShared = errors.New("reached through a pooler that shares sessions between clients")

const (
	// rounds is how often a pooler is asked whether each of two connections keeps
	// its session. One that lends sessions by the transaction gives the same one to
	// both when it is idle, and others' to them or theirs to others when it is not.
	rounds = 8

	// lull is what a session that was given back has to be given to another.
	lull = 5 * time.Millisecond
)

// Session is who answers a connection. Only single statements ask for it, each
// a transaction of its own: they are the same to any pooler.
type Session struct {
	PID      uint32 // of the process that answered
	Version  int    // server_version_num
	Encoding string // of the database

	said string // the beginning of the question
	kept string // whether another connection's process last answered that one: t, f or nothing known
}

// greetSQL asks who answers. A process shows what it was asked last to those
// who may know, which are the sessions of the same role.
const greetSQL = `SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num'),
       pg_catalog.current_setting('server_encoding'),
       (SELECT pg_catalog.starts_with(a.query, %s) FROM pg_catalog.pg_stat_activity AS a
         WHERE a.pid OPERATOR(pg_catalog.=) %d AND a.usename OPERATOR(pg_catalog.=) SESSION_USER
           AND pg_catalog.current_setting('track_activities')::bool)`

// Greet asks who answers a connection, and whether the process that answered
// another one has been asked something else since.
func Greet(ctx context.Context, c *pgconn.PgConn, other Session) (Session, error) {
	is := Session{said: "/* offshoot " + rand.Text()[:8] + " */"}
	sql := is.said + " " + fmt.Sprintf(greetSQL, "'"+other.said+"'", other.PID)
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return Session{}, err
	}
	row := results[0].Rows[0]
	pid, err := strconv.ParseUint(string(row[0]), 10, 32)
	if err != nil {
		return Session{}, err
	}
	if is.Version, err = strconv.Atoi(string(row[1])); err != nil {
		return Session{}, err
	}
	is.PID, is.Encoding, is.kept = uint32(pid), string(row[2]), string(row[3])
	return is, nil
}

// Proxied tells whether somebody between answered for the server when the
// connection was made: PostgreSQL names the process that will answer, poolers a
// number of their own, or none.
// https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
func Proxied(c *pgconn.PgConn, is Session) bool { return c.PID() != is.PID }

// Stay asks two connections, the second of which was greeted with the session of
// the first, until it is sure that each keeps its session for itself: of a server
// that answers for itself, twice. Each is asked twice running: a pooler that lends
// two sessions in turn would give each of two clients that take turns the same one
// over and over.
func Stay(ctx context.Context, pair [2]*pgconn.PgConn, is [2]Session) error {
	if is[0].PID == is[1].PID || is[1].kept == "f" {
		return shared()
	}
	times, between := 1, time.Duration(0)
	if Proxied(pair[0], is[0]) {
		times, between = rounds, lull
	}
	for i := range 2 * times {
		me := i / 2 % 2
		if err := pause(ctx, between); err != nil {
			return err
		}
		next, err := Greet(ctx, pair[me], is[1-me])
		if err != nil {
			return err
		}
		if next.PID != is[me].PID || next.kept == "f" {
			return shared()
		}
		is[me] = next
	}
	return nil
}

func shared() error {
	return hint.Usage(ErrShared, "give the address of the server itself, or of a pooler in session mode")
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
