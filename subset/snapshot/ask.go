package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Question is one query on one of the connections that share the snapshot.
type Question struct {
	Lane int // connection, preferably
	SQL  string
	Args []any // integers, floats, texts, []int64 or Places

	Row  func(values [][]byte) error // takes each row, in binary form; the values are valid until it returns
	Data func(part []byte) error     // takes each row of a COPY

	Tag pgconn.CommandTag // of the answer
}

// Places are rows as an argument, written as a tid[] when the question goes out.
type Places []Row

// farAway is the round trip from which on it costs more to wait for an answer
// than to have the connections share the questions evenly.
const farAway = time.Millisecond

// Ask asks questions on all connections at once. Where the source is far away
// each connection gets all of its questions without waiting for answers; where
// it is near one that is done takes those of another.
func (s *Snapshot) Ask(ctx context.Context, questions []Question) error {
	lane := func(i int) int { return questions[i].Lane }
	if s.RoundTrip < farAway {
		return s.spread(ctx, len(questions), lane, func(ctx context.Context, l *line, i int) error {
			f := l.send(&questions[i])
			s.rest(l)
			return s.Asked(ctx, f)
		})
	}
	flights := make([]*Flight, len(questions))
	for i := range questions {
		flights[i] = s.Send(&questions[i])
		s.RestBehind(questions[i].Lane)
	}
	var first error
	for _, f := range flights {
		first = cmp.Or(first, s.Asked(ctx, f))
	}
	return first
}

// Send sends a question on its way. Asked must be called on it.
func (s *Snapshot) Send(q *Question) *Flight { return s.lines[q.Lane%len(s.lines)].send(q) }

// Asked waits until a question is answered. An answer that the context does not
// wait for costs the connection.
func (s *Snapshot) Asked(ctx context.Context, f *Flight) error {
	stop := context.AfterFunc(ctx, f.line.hurry)
	err := f.line.wait(f)
	stop()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Explain(f.line.conn, err)
}

// isAborted tells the errors that came of an earlier one.
func isAborted(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "25P02" // in_failed_sql_transaction
}

// texts are values in text form, as the server reads them whatever their type.
func texts(args []any) [][]byte {
	all := make([][]byte, len(args))
	for i, arg := range args {
		all[i] = text(arg)
	}
	return all
}

func text(arg any) []byte {
	switch arg := arg.(type) {
	case string:
		return []byte(arg)
	case float64:
		return strconv.AppendFloat(nil, arg, 'g', -1, 64)
	case Places:
		return TIDArray(arg)
	case []int64:
		out := []byte{'{'}
		for i, n := range arg {
			if i > 0 {
				out = append(out, ',')
			}
			out = strconv.AppendInt(out, n, 10)
		}
		return append(out, '}')
	}
	return fmt.Append(nil, arg)
}
