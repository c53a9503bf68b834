package relay

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestListening_HangsUpOnlyInSilence(t *testing.T) {
	t.Parallel()
	near, program := net.Pipe()
	defer near.Close()
	defer program.Close()
	heard := &listening{Conn: near}
	silent := make(chan time.Time, 1)
	defer heard.until(200*time.Millisecond, func() { silent <- time.Now() })()
	var last time.Time
	for range 10 {
		time.Sleep(50 * time.Millisecond)
		go func() { _, _ = program.Write([]byte("x")) }()
		if _, err := heard.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		last = time.Now()
	}
	if at := <-silent; at.Sub(last) < 150*time.Millisecond {
		t.Errorf("hung up %s after the last word", at.Sub(last))
	}
}

// SET fails outside of a transaction, and what is asked next does not.
func TestSession_EndsWithTheErrorThatNobodyWasTold(t *testing.T) {
	t.Parallel()
	near, program := net.Pipe()
	defer near.Close()
	defer program.Close()
	s := &session{near: pgproto3.NewBackend(near, near), failed: &pgproto3.ErrorResponse{Code: "22023"}}
	go func() {
		front := pgproto3.NewFrontend(program, program)
		front.Send(&pgproto3.Terminate{})
		_ = front.Flush()
	}()
	if err := s.serve(); err == nil || !strings.HasSuffix(err.Error(), "SQLSTATE 22023") {
		t.Error(err)
	}
}
