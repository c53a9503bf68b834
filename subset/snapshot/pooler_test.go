package snapshot_test

import (
	"errors"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pooler"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

const orders = `CREATE TABLE orders (id serial PRIMARY KEY, v int);
	INSERT INTO orders (v) SELECT generate_series(1, 100)`

func TestOpen_RefusesAPoolerThatSharesSessions(t *testing.T) {
	for name, c := range map[string]struct {
		mode     string
		settings []string
		busy     bool
	}{
		"by the transaction":           {mode: "transaction"},
		"by the transaction, busy":     {mode: "transaction", busy: true},
		"in turn":                      {mode: "transaction", settings: []string{"server_round_robin=1"}},
		"in turn, few sessions":        {mode: "transaction", settings: []string{"server_round_robin=1", "default_pool_size=2"}},
		"one session":                  {mode: "transaction", settings: []string{"default_pool_size=1"}},
		"in turn, busy":                {mode: "transaction", settings: []string{"server_round_robin=1"}, busy: true},
		"after it has put them right":  {mode: "transaction", settings: []string{"server_reset_query_always=1"}},
		"put right, busy":              {mode: "transaction", settings: []string{"server_reset_query_always=1"}, busy: true},
		"whatever a client asks for":   {mode: "transaction", settings: []string{"ignore_startup_parameters=options,search_path"}},
		"by the statement":             {mode: "statement"},
		"by the statement and in turn": {mode: "statement", settings: []string{"server_round_robin=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			url := pgtest.New(t)
			pgtest.Exec(t, url, orders)
			pool := pgtest.NewPooler(t, url, c.mode, c.settings...)
			stop := func() {}
			if c.busy {
				stop = pool.Bench(t)
			}
			for range 3 {
				s, err := snapshot.Open(t.Context(), snapshot.Options{URL: pool.URL})
				if s != nil {
					t.Error(s.Close(t.Context()))
				}
				if !errors.Is(err, pooler.ErrShared) || !errors.Is(err, hint.ErrUsage) {
					t.Error(err)
				}
			}
			stop()
			if left := pool.Remains(t); len(left) > 0 {
				t.Errorf("left in the pool: %q", left)
			}
		})
	}
}

func TestOpen_WorksThroughAPoolerThatKeepsSessions(t *testing.T) {
	for name, settings := range map[string][]string{
		"that cleans up": nil, "in turn": {"server_round_robin=1"}, "that does not clean up": {"server_reset_query="},
	} {
		t.Run(name, func(t *testing.T) {
			url := pgtest.New(t)
			pgtest.Exec(t, url, orders)
			pool := pgtest.NewPooler(t, url, "session", settings...)
			stop := pool.Bench(t)
			s, err := snapshot.Open(t.Context(), snapshot.Options{URL: pool.URL})
			if err != nil {
				t.Fatal(err)
			}
			if !s.Pooled || s.Database.Table("public.orders") == nil || len(s.Workers) != 2 {
				t.Errorf("%+v", s)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			stop()
			if left := pool.Remains(t); len(left) > 0 {
				t.Errorf("left in the pool: %q", left)
			}
		})
	}
}

func TestOpen_KnowsTheServerItself(t *testing.T) {
	s, err := snapshot.Open(t.Context(), snapshot.Options{URL: pgtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Pooled {
		t.Error("the server is taken for a pooler")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
