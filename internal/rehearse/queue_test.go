package rehearse_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// locking is what a report says of a migration that locks a table so.
func locking(mode string, reads bool) *rehearse.Report {
	return &rehearse.Report{Statements: []*rehearse.Statement{{Number: 1, Locks: []rehearse.Lock{
		{Relation: "public.t", Table: "public.t", Mode: mode, Reads: reads, Writes: true},
	}}}}
}

// runs sends a migration, and ends it with the context.
func runs(ctx context.Context, t *testing.T, s *local, database, sql string) (exit int, err error) {
	one, err := s.Connect(ctx, database)
	if err != nil {
		return 0, err
	}
	defer one.Close()
	defer context.AfterFunc(ctx, func() { _ = rehearse.Disconnect(t.Context(), s, database) })()
	if _, err = one.Query(ctx, sql); err != nil {
		return 1, nil
	}
	return 0, nil
}

func TestBehind_TellsWhetherAMigrationGivesUpOrHasEverybodyWait(t *testing.T) {
	url := fresh(t, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
	s, database := server(t), databaseOf(t, url)
	behind := func(r *rehearse.Report, sql string) *rehearse.Queue {
		t.Helper()
		got, err := rehearse.Behind(t.Context(), s, database, r, time.Second,
			func(ctx context.Context) (int, error) { return runs(ctx, t, s, database, sql) })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	exclusive := locking("AccessExclusiveLock", true)
	if q := behind(exclusive, "ALTER TABLE t ADD a int"); !q.Forever || q.Reads < 0.5 || q.Writes < 0.5 ||
		!strings.Contains(q.String(), "sets no lock_timeout") {
		t.Errorf("without lock_timeout: %+v", q)
	}
	r := locking("AccessExclusiveLock", true)
	err := r.Meet(t.Context(), s, database, 2500*time.Millisecond, func(ctx context.Context) (int, error) {
		return runs(ctx, t, s, database, "ALTER TABLE t ADD c int")
	})
	if q := r.Queue; err != nil || q.Limited == nil || q.Limited.Forever || q.Limited.Exit != 1 ||
		!strings.Contains(q.String(), "it gives up after") {
		t.Errorf("%v, %+v", err, q)
	}
	pgtest.Exec(t, url, "ALTER DATABASE \""+database+"\" RESET lock_timeout")
	limited := behind(exclusive, "SET lock_timeout = '300ms'; ALTER TABLE t ADD b int")
	if limited.Forever || limited.Exit != 1 || limited.Tries != 1 || limited.Seconds > 0.6 || limited.Reads > 0.6 {
		t.Errorf("with lock_timeout: %+v", limited)
	}
	weak := locking("ShareLock", false)
	if q := behind(weak, "CREATE INDEX ON t (id)"); !q.Forever || q.Reads > 0.5 || q.Writes < 0.5 {
		t.Errorf("an index: %+v", q)
	}
	if q := behind(weak, "SELECT 1"); q.Tries != 0 || q.Exit != 0 || !strings.Contains(q.String(), "does not keep") {
		t.Errorf("nothing: %+v", q)
	}
	if q := behind(&rehearse.Report{}, "SELECT 1"); q != nil {
		t.Errorf("nothing is locked: %+v", q)
	}
	n := pgtest.Query(t, url, "SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0")
	if n[0][0] != "1" {
		t.Errorf("%v columns: what waited was done after all", n)
	}
}
