package snapshot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// What was sent and nobody waits for does not keep a connection from being asked by itself.
func TestQuiet_WaitsForWhatNobodyWaitsFor(t *testing.T) {
	s, err := snapshot.Open(t.Context(), snapshot.Options{URL: pgtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	sleep := func(seconds string) {
		sql := "SELECT pg_catalog.pg_sleep(" + seconds + ")"
		s.Send(&snapshot.Question{SQL: sql, Row: func([][]byte) error { return nil }}).Forget()
	}
	for range 3 {
		sleep("0.1")
	}
	if err := s.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Workers[0].Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
	sleep("60")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.Quiet(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
