package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// pooled is a database behind a pooler, and a subset of it.
func pooled(t *testing.T, mode string) (pooler *pgtest.Pooler, dir, subset string) {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TABLE customers (id int PRIMARY KEY, name text);
		CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers, v int);
		INSERT INTO customers SELECT i, 'n' || i FROM generate_series(1, 50) AS i;
		INSERT INTO orders (customer, v) SELECT 1 + i % 50, i FROM generate_series(1, 500) AS i; ANALYZE`)
	subset = pgtest.Clone(t, url)
	pooler = pgtest.NewPooler(t, url, mode)
	dir = t.TempDir()
	write(t, filepath.Join(dir, config.Name), "source: "+pooler.URL+"\nprivacy: off\n")
	return pooler, dir, subset
}

// readers are the commands that read a source, but for up, which makes the
// same archive as subset does.
func readers(subset string) map[string][]string {
	return map[string][]string{
		"subset": {"subset", "--to", "out.sql"}, "plan": {"subset", "--plan"}, "scan": {"mask", "scan"},
		"score": {"subset", "score", "--target", subset}, "doctor": {"doctor"},
	}
}

func TestPooler_ThatSharesSessionsIsRefusedUnharmed(t *testing.T) {
	for _, mode := range []string{"transaction", "statement"} {
		t.Run(mode, func(t *testing.T) {
			pooler, dir, subset := pooled(t, mode)
			for _, busy := range []bool{false, true} {
				stop := func() {}
				if busy && mode == "transaction" {
					stop = pooler.Bench(t)
				}
				for name, args := range readers(subset) {
					refused(t, name, start(t, dir, nil, args...))
				}
				stop()
				if left := pooler.Remains(t); len(left) > 0 {
					t.Errorf("left in the pool: %q", left)
				}
			}
			wantFiles(t, dir, config.Name)
		})
	}
}

func refused(t *testing.T, name string, p *process) {
	t.Helper()
	want := 12
	if name == "doctor" {
		want = 3
	}
	got, said := p.ends(), p.stdout.String()+p.stderr.String()
	if got != want {
		t.Errorf("%s: exit code %d: %s", name, got, said)
	}
	for _, text := range []string{
		"reached through a pooler that shares sessions between clients\n",
		"hint: give the address of the server itself, or of a pooler in session mode\n",
	} {
		if !strings.Contains(said, text) {
			t.Errorf("%s: no %q in %s", name, text, said)
		}
	}
}

func TestPooler_ThatKeepsSessionsIsReadThrough(t *testing.T) {
	pooler, dir, subset := pooled(t, "session")
	stop := pooler.Bench(t)
	for name, args := range readers(subset) {
		p := start(t, dir, nil, args...)
		if got := p.ends(); got != 0 && name != "doctor" {
			t.Errorf("%s: exit code %d: %s", name, got, p.stderr.String())
		}
		if name == "doctor" && !strings.Contains(p.stdout.String(), "through a pooler in session mode") {
			t.Errorf("%s: %s", name, p.stdout.String())
		}
	}
	stop()
	if left := pooler.Remains(t); len(left) > 0 {
		t.Errorf("left in the pool: %q", left)
	}
	target := pgtest.New(t)
	pgtest.Load(t, target, filepath.Join(dir, "out.sql"))
	if n := pgtest.Value(t, target, "SELECT count(*) > 0 FROM orders"); n != "t" {
		out, _ := os.ReadFile(filepath.Join(dir, "out.sql"))
		t.Errorf("no orders in %s", out)
	}
}

func TestPooler_ThatSharesSessionsIsNoTarget(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE t (id int PRIMARY KEY)")
	pooler := pgtest.NewPooler(t, pgtest.New(t), "transaction")
	dir := t.TempDir()
	args := []string{"subset", "--source", source, "--privacy", "off", "--to", pooler.URL}
	refused(t, "target", start(t, dir, nil, args...))
	if left := pooler.Remains(t); len(left) > 0 {
		t.Errorf("left in the pool: %q", left)
	}
}

func TestPooler_ThatKeepsSessionsIsATarget(t *testing.T) {
	source, target := pgtest.New(t), pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9)")
	pooler := pgtest.NewPooler(t, target, "session")
	offshoot(t, t.TempDir(), 0, "subset", "--source", source, "--privacy", "off", "--to", pooler.URL)
	if n := pgtest.Value(t, target, "SELECT count(*) > 0 FROM t"); n != "t" {
		t.Error("no rows")
	}
	if left := pooler.Remains(t); len(left) > 0 {
		t.Errorf("left in the pool: %q", left)
	}
}
