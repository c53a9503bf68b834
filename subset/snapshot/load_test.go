package snapshot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestLoad_PausesWhileOthersAreBusy(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	told := make(chan string, 9)
	s, err := snapshot.Open(t.Context(), snapshot.Options{
		URL: url, Load: snapshot.Load{Sessions: 1}, Waiting: func(what string) { told <- what },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(context.Background()) }()
	var stop []context.CancelFunc
	for range 2 {
		busy, cancel := context.WithCancel(t.Context())
		stop = append(stop, cancel)
		other := connect(t, url)
		go func() { _, _ = other.Exec(busy, "SELECT pg_sleep(60)") }()
	}
	if what := <-told; !strings.HasSuffix(what, "sessions are active in the source, the limit is 1") {
		t.Error(what)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second/2)
	defer cancel()
	if _, err := s.Workers[0].Exec(short, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a busy source was asked: %v", err)
	}
	answered := make(chan error)
	go func() {
		_, err := s.Leader.Exec(t.Context(), "SELECT 1")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("a busy source was asked: %v", err)
	case <-time.After(time.Second / 2):
	}
	stop[0]()
	stop[1]()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestLoad_RefusesARoleThatSeesNoOthers(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	role := pgtest.Role(t, url, "looker", "")
	for _, load := range []snapshot.Load{{Sessions: 5}, {Lag: time.Second}} {
		s, err := snapshot.Open(t.Context(), snapshot.Options{URL: role, Load: load})
		if err == nil || !strings.Contains(strings.Join(hint.Of(err), ""), "GRANT pg_read_all_stats") {
			t.Errorf("%v", err)
		}
		if s != nil {
			_ = s.Close(t.Context())
		}
	}
}

func TestLoad_PausesWhileAStandbyIsBehind(t *testing.T) {
	t.Parallel()
	standby := pgtest.NewStandby(t)
	primary := pgtest.New(t)
	standby.CatchUp(t)
	url := standby.URL(t, primary)
	told := make(chan string, 9)
	s, err := snapshot.Open(t.Context(), snapshot.Options{
		URL: url, Load: snapshot.Load{Lag: time.Second / 10}, Waiting: func(what string) { told <- what },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(context.Background()) }()
	pgtest.Exec(t, url, "SELECT pg_wal_replay_pause()")
	resume := func() {
		pgtest.Exec(t, url, "SELECT CASE WHEN pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END")
	}
	defer resume()
	pgtest.Exec(t, primary, "CREATE TABLE more (id int)")
	if what := <-told; !strings.HasSuffix(what, "behind, the limit is 100ms") {
		t.Error(what)
	}
	resume()
	if _, err := s.Leader.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}
