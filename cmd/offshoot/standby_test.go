package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// gate is a standby whose source makes a subset wait in the middle of its
// walk, until the gate is opened.
type gate struct {
	t       *testing.T
	dir     string // its offshoot.yaml holds the rule that waits
	primary string
	standby string
	lock    *pgconn.PgConn
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{t: t, dir: t.TempDir(), primary: bigSource(t)}
	write(t, filepath.Join(g.dir, config.Name), "subset: {tables: {public.big: {where: \"(SELECT "+
		"pg_catalog.pg_advisory_lock_shared(4711) IS NOT NULL)\", rows: 100}}}\n")
	g.standby = pgtest.NewStrictStandby(t).URL(t, g.primary)
	var err error
	if g.lock, err = pgconn.Connect(t.Context(), g.standby); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.open)
	if _, err := g.lock.Exec(t.Context(), "SELECT pg_advisory_lock(4711)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	return g
}

// open lets subsets through, those to come too.
func (g *gate) open() { _ = g.lock.Close(context.Background()) }

// conflict waits until a subset stands before the gate and has the primary do
// what its snapshot cannot live with.
func (g *gate) conflict() {
	g.t.Helper()
	const before = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
	for deadline := time.Now().Add(patience); pgtest.Value(g.t, g.standby, before) == "0"; {
		if time.Now().After(deadline) {
			g.t.Fatal("nobody waits before the gate")
		}
	}
	pgtest.Exec(g.t, g.primary, "LOCK TABLE big IN ACCESS EXCLUSIVE MODE; ALTER TABLE big ADD x int; ALTER TABLE big "+
		"DROP x")
}

func TestSubset_RetriesAfterAConflictWithRecovery(t *testing.T) {
	g := newGate(t)
	p := start(t, g.dir, nil, "subset", "--source", g.standby, "--to", "out.sql", "--report", "r.json")
	g.conflict()
	if !p.says("recovery conflict on the standby, retrying with a new snapshot") {
		t.Fatal(p.stderr.String())
	}
	g.open()
	if got := p.ends(); got != 0 {
		t.Fatalf("exit code %d: %s", got, p.stderr.String())
	}
	if n := strings.Count(p.stderr.String(), unmasked); n != 1 {
		t.Errorf("it is said %d times that rows are unmasked: %s", n, p.stderr.String())
	}
	report, err := os.ReadFile(filepath.Join(g.dir, "r.json"))
	if err != nil || !strings.Contains(string(report), retried) {
		t.Errorf("the report does not say it: %v %s", err, report)
	}
	wantFiles(t, g.dir, config.Name, "out.sql", "r.json")
	target := pgtest.New(t)
	pgtest.Load(t, target, filepath.Join(g.dir, "out.sql"))
	if n := pgtest.Value(t, target, "SELECT count(*) FROM big"); n != "100" {
		t.Errorf("%s rows", n)
	}
}

func TestSubset_GivesUpAfterTheSecondConflict(t *testing.T) {
	for name, to := range map[string]string{"file": "out.sql", "database": pgtest.New(t)} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			p := start(t, g.dir, nil, "subset", "--source", g.standby, "--to", to)
			g.conflict()
			p.says("retrying with a new snapshot")
			g.conflict()
			if got := p.ends(); got != 1 {
				t.Errorf("exit code %d", got)
			}
			for _, want := range []string{
				"offshoot: subset: the retry failed too: ", // at the walk, or at pg_dump beside it
				"the standby ended the snapshot, in conflict with its recovery: ",
				"hint: set hot_standby_feedback = on or a larger max_standby_streaming_delay on the standby, or read " +
					"the primary\n",
			} {
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("no %q in %s", want, p.stderr.String())
				}
			}
			wantFiles(t, g.dir, config.Name)
			if name == "database" {
				wantEmpty(t, to)
			}
		})
	}
}

func TestSubset_DoesNotRetryOnStdout(t *testing.T) {
	g := newGate(t)
	p := start(t, g.dir, nil, "subset", "--source", g.standby, "--to", "-")
	g.conflict()
	got, said := p.ends(), p.stderr.String()
	if got != 1 || strings.Contains(said, retried) || !strings.Contains(said, "hint: write to a file") {
		t.Errorf("exit code %d: %s", got, said)
	}
}

// wantEmpty fails when a table or a schema is left in the database, or the
// mark of an incomplete one.
func wantEmpty(t *testing.T, url string) {
	t.Helper()
	const sql = `SELECT (SELECT count(*) FROM pg_class WHERE oid >= 16384) + (SELECT count(*) FROM pg_namespace WHERE oid >= 16384),
		coalesce((SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()), '')`
	if got := pgtest.Query(t, url, sql)[0]; got[0] != "0" || got[1] != "" {
		t.Errorf("%s objects are left, comment %q", got[0], got[1])
	}
}
