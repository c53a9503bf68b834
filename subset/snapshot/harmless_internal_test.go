package snapshot

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pooler"
)

// A pooler that nobody recognizes shares its sessions all the same.
func TestTake_LeavesNothingInSessionsThatAreShared(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, "CREATE TABLE orders AS SELECT generate_series(1, 9) AS id")
	pool := pgtest.NewPooler(t, url, "transaction")
	stop := pool.Bench(t)
	config, err := conninfo.Parse(pool.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := &Snapshot{config: config}
	if s.Leader, err = dial(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if s.server, err = greet(t.Context(), s.Leader, pooler.Session{}); err != nil {
		t.Fatal(err)
	}
	if err := s.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var n int
		const sql = "SELECT pg_catalog.count(*) FROM public.orders WHERE id <> ALL ($1)"
		if err := s.Workers[0].QueryRow(t.Context(), sql, []int32{1, 2}).Scan(&n); err != nil || n != 7 {
			t.Errorf("%d rows, %v", n, err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	stop()
	if left := pool.Remains(t); len(left) > 0 {
		t.Errorf("left in the pool: %q", left)
	}
}
