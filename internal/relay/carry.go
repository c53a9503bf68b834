package relay

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// session is one program's connection, and ours to the server for it.
type session struct {
	near      *pgproto3.Backend
	far       *pgproto3.Frontend
	foresight *foresight

	status  byte                    // of the transaction, as the program knows it
	pending []asking                // on their way, in the order of their answers
	early   map[string][]answer     // to what was not asked for yet, each as often as it was foreseen
	failed  *pgproto3.ErrorResponse // of a statement that was taken for done
	told    bool                    // the program was, of that
}

// asking is a statement that the server is asked.
type asking struct {
	sql  string
	done bool // the program was told already that it is
}

// answer is all messages of one.
type answer []pgproto3.BackendMessage

// carry answers a program until it leaves.
func carry(conn net.Conn, server *pgconn.HijackedConn, foresight *foresight) error {
	near := pgproto3.NewBackend(conn, conn)
	if _, err := near.ReceiveStartupMessage(); err != nil {
		return nil // a program that did not get as far as to ask anything
	}
	out := newMouth(server.Conn)
	// In this order: what is not said by then, nobody needs.
	defer func() { _ = errors.Join(server.Conn.Close(), out.close()) }()
	s := &session{
		near: near, far: pgproto3.NewFrontend(server.Conn, out), foresight: foresight, status: 'I',
		early: map[string][]answer{},
	}
	for _, sql := range foresight.opening {
		s.ask(asking{sql: sql})
	}
	welcome(near, server)
	if err := errors.Join(s.far.Flush(), near.Flush()); err != nil {
		return err
	}
	return s.serve()
}

// welcome tells the program what the server told us.
func welcome(near *pgproto3.Backend, server *pgconn.HijackedConn) {
	near.Send(&pgproto3.AuthenticationOk{})
	for name, value := range server.ParameterStatuses {
		near.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	near.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
}

// serve answers statements one by one.
func (s *session) serve() error {
	for {
		message, err := s.near.Receive()
		if err != nil {
			return gone(err)
		}
		switch message := message.(type) {
		case *pgproto3.Query:
			if err := s.reply(message.String); err != nil {
				return err
			}
		case *pgproto3.Terminate: // the server hears it by the end of our connection
			return s.unsaid()
		default:
			return fmt.Errorf("a program asked by %T, which is not relayed", message)
		}
	}
}

// unsaid is the error of a statement that was taken for done. Outside of a
// transaction the next question does not fail by it, so that the program may not
// have heard of it.
func (s *session) unsaid() error {
	if s.failed == nil || s.told {
		return nil
	}
	return fmt.Errorf("a statement that was taken for done failed: SQLSTATE %s", s.failed.Code)
}

// gone is no error where the program has ended.
func gone(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *session) reply(sql string) error {
	if tag := tagOf(sql); tag != "" && s.failed == nil {
		if tag == "BEGIN" {
			s.status = 'T'
		}
		s.near.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
		s.near.Send(&pgproto3.ReadyForQuery{TxStatus: s.status})
		s.ask(asking{sql, true})
		return errors.Join(s.far.Flush(), s.near.Flush())
	}
	if answers := s.early[sql]; len(answers) > 0 {
		s.early[sql] = answers[1:]
		for _, m := range answers[0] {
			s.near.Send(m)
		}
		return s.near.Flush()
	}
	if !s.isPending(sql) {
		s.ask(asking{sql: sql})
		for _, ahead := range s.foresight.next(sql) {
			s.ask(asking{sql: ahead})
		}
		if err := s.far.Flush(); err != nil {
			return err
		}
	}
	return s.readUntil(sql)
}

func (s *session) isPending(sql string) bool {
	for _, a := range s.pending {
		if a.sql == sql && !a.done {
			return true
		}
	}
	return false
}

func (s *session) ask(a asking) {
	s.far.Send(&pgproto3.Query{String: a.sql})
	s.pending = append(s.pending, a)
}
