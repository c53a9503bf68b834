package snapshot

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// line is a connection on which a question goes out while the answers to others
// are still to come: the server answers one after the other, and the way there
// and back is waited for once.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
type line struct {
	conn *pgx.Conn
	turn sync.RWMutex // held by questions on their way, or by one user of the connection as it is
	out  sync.Mutex   // questions go out in the order of flights

	mu      sync.Mutex // of all below
	flights []*Flight
	reading bool
	failed  error // the first one
	asked   int   // since it has let go of locks
}

// Flight is one question on its way.
type Flight struct {
	line     *line
	question *Question
	err      error
	done     chan struct{}
}

// send sends a question, and does not wait for the answer.
func (l *line) send(q *Question) *Flight {
	f := &Flight{line: l, question: q, done: make(chan struct{})}
	l.turn.RLock()
	l.out.Lock()
	defer l.out.Unlock()
	l.expect(f)
	front := l.conn.PgConn().Frontend()
	front.Send(&pgproto3.Parse{Query: q.SQL})
	front.Send(&pgproto3.Bind{Parameters: texts(q.Args), ResultFormatCodes: []int16{pgx.BinaryFormatCode}})
	front.Send(&pgproto3.Execute{})
	front.Send(&pgproto3.Sync{})
	_ = front.Flush() // who reads hears of it too
	return f
}

func (l *line) expect(f *Flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flights = append(l.flights, f)
	if !l.reading {
		l.reading = true
		go l.read() // ends with the last flight, and there is somebody to wait for each
	}
}

// Forget takes the place of Asked for a question whose failure the next one
// on the same connection will be told.
func (f *Flight) Forget() { go func() { _ = f.line.wait(f) }() }

// wait waits for the end of a flight.
func (l *line) wait(f *Flight) error {
	<-f.done
	l.turn.RUnlock()
	return f.err
}

// read reads answers until none is to come.
func (l *line) read() {
	for f := l.next(); f != nil; f = l.next() {
		if err := f.read(l.conn.PgConn()); err != nil {
			f.err = cmp.Or(f.err, err) // the server may have said why it goes
			l.hangUp()
		}
		l.blame(f)
		close(f.done)
	}
}

func (l *line) next() *Flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.flights) == 0 {
		l.reading = false
		return nil
	}
	f := l.flights[0]
	l.flights = l.flights[1:]
	return f
}

// blame gives an error its cause: one question that failed has all others fail
// that are in the same transaction.
func (l *line) blame(f *Flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = f.err
	}
	if f.err != nil && isAborted(f.err) {
		f.err = l.failed
	}
}

// read reads the answer to one question. An error is one of the connection.
func (f *Flight) read(c *pgconn.PgConn) error {
	q := f.question
	for {
		// A context would cost as much as the message does: see hurry.
		message, err := c.ReceiveMessage(context.Background())
		if err != nil {
			return err
		}
		switch message := message.(type) {
		case *pgproto3.DataRow:
			if f.err == nil {
				f.err = q.Row(message.Values)
			}
		case *pgproto3.CopyData:
			if f.err == nil {
				f.err = q.Data(message.Data)
			}
		case *pgproto3.CommandComplete:
			q.Tag = pgconn.NewCommandTag(string(message.CommandTag))
		case *pgproto3.ErrorResponse:
			f.err = pgconn.ErrorResponseToPgError(message)
		case *pgproto3.ReadyForQuery:
			return nil
		}
	}
}

// hurry ends the wait for whatever is to come.
func (l *line) hurry() { _ = l.conn.PgConn().Conn().SetDeadline(time.Unix(1, 0)) }

// hangUp ends a connection of which no answer is wanted any more, and what the
// server does for it.
func (l *line) hangUp() {
	const patience = 2 * time.Second
	if l.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = l.conn.PgConn().CancelRequest(ctx)
	_ = l.conn.Close(ctx)
}
