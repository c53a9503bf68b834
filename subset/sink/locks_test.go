package sink_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// A server keeps a place in shared memory for 64 locks of each connection that it could have. A table is locked by the
// snapshot and by pg_dump; its indexes, which every query locks too, are let go again.
func TestRun_HoldsAtMostTwoAndAHalfLocksATable(t *testing.T) {
	t.Parallel()
	const tables = 240
	from := pgtest.New(t)
	pgtest.Exec(t, from, `
		CREATE TABLE part (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
		DO $$ BEGIN
			FOR i IN 1..80 LOOP
				EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a int, b int UNIQUE)', i);
				EXECUTE format('CREATE INDEX ON t%s (a)', i);
				EXECUTE format('INSERT INTO t%s SELECT g, 1 + g %% 5, g FROM generate_series(1, 20) AS g', i);
				IF i % 10 > 0 AND i > 10 THEN
					EXECUTE format('ALTER TABLE t%s ADD FOREIGN KEY (a) REFERENCES t%s', i, i / 10 * 10);
				END IF;
			END LOOP;
			FOR i IN 1..159 LOOP
				EXECUTE format('CREATE TABLE part_%s PARTITION OF part FOR VALUES FROM (%1$s) TO (%s)', i, i + 1);
			END LOOP;
		END $$;
		INSERT INTO part SELECT g, 1 + g % 159 FROM generate_series(1, 1000) AS g;
		ANALYZE`)
	most := watchLocks(t, from)
	run(t, from, filepath.Join(t.TempDir(), "locks.sql"), 1)
	if n := most(); n < 2*tables || n > 2*tables+tables/2 {
		t.Errorf("%d locks at once, for %d tables", n, tables)
	}
}

// watchLocks looks at a database's locks until it is asked how many there were
// at most.
func watchLocks(t *testing.T, url string) (most func() int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	const sql = `SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
		WHERE l.locktype = 'relation' AND l.relation >= 16384 AND d.datname = $1`
	ctx, stop := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	highest := 0
	watch.Go(func() {
		for ctx.Err() == nil {
			var n int
			if conn.QueryRow(ctx, sql, database(t, url)).Scan(&n) == nil {
				highest = max(highest, n)
			}
		}
	})
	finish := sync.OnceFunc(func() { stop(); watch.Wait(); _ = conn.Close(context.Background()) })
	t.Cleanup(finish)
	return func() int { finish(); return highest }
}

func database(t *testing.T, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}
