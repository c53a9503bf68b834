// Package relay brings a server that is far away near to pg_dump, which asks it
// a hundred questions and more, one after the other, and waits for each answer.
// What it will ask is known: the same program, told that a database is empty,
// asks nearly the same.
//
//	pg_dump ──▶ Learn: answers as an empty database would ──▶ statements
//	                                                            │
//	pg_dump ──▶ Relay: a socket near by ──▶ asks them ahead ──▶ server
//
// Nothing is answered that the server has not said: a statement without an
// answer, such as SET, is taken for done, and an error is told with the answer to
// the next question. What was not foreseen costs a round trip.
package relay

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Relay is a socket that leads to a server far away.
type Relay struct {
	Dir string // that holds the socket; for nobody else to enter

	listener net.Listener
	serving  sync.WaitGroup // guards err
	ended    context.CancelFunc
	carry    func(ctx context.Context, near net.Conn) error
	server   net.Conn // if any
	err      error
}

// Port is the one that the name of the socket says.
const Port = "5432"

// Dial connects to the server that a program is to find near by.
func Dial(ctx context.Context, config *pgconn.Config) (*pgconn.HijackedConn, error) {
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	// pgx may still read behind our back, and take answers to what is asked next.
	if err := conn.SyncConn(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn.Hijack()
}

// Start opens a socket for one program, which is expected to ask what was
// learned. It closes the connection in the end.
func Start(ctx context.Context, server *pgconn.HijackedConn, learned []string) (*Relay, error) {
	r, err := start(ctx, func(ctx context.Context, near net.Conn) error {
		return carry(near, server, newForesight(learned))
	})
	if err != nil {
		return nil, errors.Join(err, server.Conn.Close())
	}
	r.server = server.Conn
	return r, nil
}

func start(ctx context.Context, carry func(context.Context, net.Conn) error) (*Relay, error) {
	dir, err := os.MkdirTemp("", "offshoot-relay-")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL."+Port))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	r := &Relay{Dir: dir, listener: l, carry: carry}
	ctx, r.ended = context.WithCancel(ctx)
	r.serving.Go(func() { r.serve(ctx) })
	return r, nil
}

// serve answers the one program that comes.
func (r *Relay) serve(ctx context.Context) {
	near, err := r.listener.Accept()
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { r.hangUp(near) })()
	heard := &listening{Conn: near}
	defer heard.until(silence, func() { r.hangUp(near) })()
	r.err = r.carry(ctx, heard)
	_ = near.Close()
}

// silence is how long the program may say and hear nothing. Whatever it waits
// for then, it is better asked without us in between.
const silence = 10 * time.Second

// listening notes when the program last said or heard something.
type listening struct {
	net.Conn
	last atomic.Int64 // Unix nanoseconds
}

func (l *listening) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.last.Store(time.Now().UnixNano())
	return n, err
}

func (l *listening) Write(b []byte) (int, error) {
	l.last.Store(time.Now().UnixNano())
	return l.Conn.Write(b)
}

// until calls do once nothing was heard for so long, unless it is stopped.
func (l *listening) until(silent time.Duration, do func()) (stop func()) {
	l.last.Store(time.Now().UnixNano())
	tick, stopped := time.NewTicker(silent/10), make(chan struct{})
	go func() {
		for {
			select {
			case <-stopped:
				return
			case now := <-tick.C:
				if now.UnixNano()-l.last.Load() > int64(silent) {
					do()
					return
				}
			}
		}
	}()
	return func() {
		tick.Stop()
		close(stopped)
	}
}

func (r *Relay) hangUp(near net.Conn) {
	_ = near.Close()
	if r.server != nil {
		_ = r.server.Close()
	}
}

// Environ is the environment of a program that is to find the socket, made of
// the one with which it would find the server: of that, neither the way to it
// nor any secret.
func (r *Relay) Environ(env []string) []string {
	var near []string
	for _, pair := range env {
		if name, _, _ := cutPair(pair); !isOfTheWay(name) {
			near = append(near, pair)
		}
	}
	return append(near, "PGHOST="+r.Dir, "PGPORT="+Port, "PGSSLMODE=disable", "PGGSSENCMODE=disable")
}

// Close ends the connections. It returns what kept them from being of use.
func (r *Relay) Close() error {
	r.ended()
	_ = r.listener.Close()
	r.serving.Wait()
	if r.server != nil {
		_ = r.server.Close()
	}
	return errors.Join(r.err, os.RemoveAll(r.Dir))
}
