package snapshot_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestOpen_GoesOnWhileTablesComeAndGo(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		DO $$ BEGIN FOR i IN 1..60 LOOP EXECUTE format('CREATE TABLE keep_%s (id int PRIMARY KEY)', i); END LOOP; END $$`)
	ctx, stop := context.WithCancel(t.Context())
	var churn sync.WaitGroup
	for _, name := range []string{"a_come", "m_come", "z_come"} {
		conn := connect(t, url)
		churn.Go(func() {
			for ctx.Err() == nil {
				const columns = " (id int PRIMARY KEY, x text CHECK (x <> now()::text))"
				_, _ = conn.Exec(context.Background(), "CREATE TABLE "+name+columns)
				_, _ = conn.Exec(context.Background(), "DROP TABLE "+name)
			}
		})
	}
	defer churn.Wait()
	defer stop()
	for range 6 {
		s, err := snapshot.Open(t.Context(), snapshot.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(s.Database.Tables); n < 60 {
			t.Errorf("%d tables", n)
		}
		for _, table := range s.Database.Tables {
			if !table.Readable {
				t.Errorf("%s is taken for unreadable", table.Name)
			}
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestOpen_WaitsForALockedTableAndSaysSo(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, orders)
	migration := connect(t, url)
	if _, err := migration.Exec(t.Context(), "BEGIN; ALTER TABLE orders ADD COLUMN w int"); err != nil {
		t.Fatal(err)
	}
	var said []string
	waiting := func(what string) {
		said = append(said, what)
		if _, err := migration.Exec(context.Background(), "COMMIT"); err != nil {
			t.Error(err)
		}
	}
	s, err := snapshot.Open(t.Context(), snapshot.Options{URL: url, Waiting: waiting})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	if len(said) != 1 || !strings.HasSuffix(said[0], "holds an exclusive one on public.orders") {
		t.Errorf("said %q", said)
	}
	// What the migration has changed is in the snapshot.
	if c := s.Database.Table("public.orders").Column("w"); c.Name == "" {
		t.Error("the new column is not there")
	}
}

func TestOpen_EndsWhenATableStaysLocked(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, orders)
	migration := connect(t, url)
	if _, err := migration.Exec(t.Context(), "BEGIN; LOCK TABLE orders"); err != nil {
		t.Fatal(err)
	}
	// Who holds it is asked without the operators of others, too.
	pgtest.Exec(t, url, `
		CREATE FUNCTION trap(oid, oid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
		CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = trap)`)
	name := pgtest.Value(t, url, "SELECT quote_ident(current_database())")
	pgtest.Exec(t, url, "ALTER DATABASE "+name+" SET search_path = public, pg_catalog")
	s, err := snapshot.Open(t.Context(), snapshot.Options{URL: url, LockTimeout: 2 * time.Second})
	if err == nil {
		t.Fatal(s.Close(t.Context()))
	}
	if text := err.Error(); !strings.Contains(text, "lock tables: not free for 2s: session ") ||
		!strings.Contains(text, "on public.orders") {
		t.Error(text)
	}
}

func TestOpen_WaitsForAViewThatIsRefreshed(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, orders+"; CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM orders")
	migration := connect(t, url)
	if _, err := migration.Exec(t.Context(), "BEGIN; REFRESH MATERIALIZED VIEW counts"); err != nil {
		t.Fatal(err)
	}
	var said []string
	waiting := func(what string) {
		said = append(said, what)
		if _, err := migration.Exec(context.Background(), "COMMIT"); err != nil {
			t.Error(err)
		}
	}
	s, err := snapshot.Open(t.Context(), snapshot.Options{URL: url, Waiting: waiting})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	if len(said) != 1 || !strings.HasSuffix(said[0], "holds an exclusive one on public.counts") {
		t.Errorf("said %q", said)
	}
}

func TestOpen_LetsGoOfWhatAMigrationWants(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, orders+"; CREATE TABLE a_first (id int)")
	migration := connect(t, url)
	if _, err := migration.Exec(t.Context(), "BEGIN; LOCK TABLE orders"); err != nil {
		t.Fatal(err)
	}
	waiting := func(string) { // the snapshot had locked a_first before it met orders
		if _, err := migration.Exec(context.Background(), "DROP TABLE a_first; COMMIT"); err != nil {
			t.Errorf("the migration failed: %v", err)
		}
	}
	s, err := snapshot.Open(t.Context(), snapshot.Options{URL: url, Waiting: waiting})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	if s.Database.Table("public.a_first") != nil {
		t.Error("a table that is gone is in the snapshot")
	}
}
