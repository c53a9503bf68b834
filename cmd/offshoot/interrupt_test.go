package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// held takes a lock on a table, so that a subset has to wait for it, and
// returns when it is taken.
func held(t *testing.T, url, table string) {
	t.Helper()
	psql := exec.Command("psql", "-XAtq", url)
	in, err := psql.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := psql.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := psql.Start(); err != nil {
		missing(t, "no psql: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = psql.Wait()
	})
	if _, err := io.WriteString(in,
		"BEGIN; LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("held\n"))); err != nil {
		t.Fatal(err)
	}
}

// waiting returns when somebody waits for a lock in the database.
func waiting(t *testing.T, url string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if pgtest.Value(t, url,
			"SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT granted AND "+
				"datname = current_database()") != "0" {
			return
		}
	}
	t.Fatal("nobody waits for the lock")
}

func bigSource(t *testing.T) string {
	t.Helper()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `CREATE TABLE big (id int PRIMARY KEY, text text);
		INSERT INTO big SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n; ANALYZE`)
	return source
}

func TestSubset_InterruptedWhileItWaits(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		source := bigSource(t)
		held(t, source, "big")
		dir := t.TempDir()
		p := start(t, dir, nil, "subset", "--source", source, "--to", "out.sql", "--json")
		waiting(t, source)
		p.signal(signal)
		if got := p.ends(); got != 130 {
			t.Errorf("%v: exit code %d, want 130: %s", signal, got, p.stderr.String())
		}
		if !strings.HasSuffix(p.stderr.String(), "offshoot: interrupted\n") {
			t.Errorf("%v: the last words are %q", signal, p.stderr.String())
		}
		if !strings.Contains(p.stdout.String(), `"exit": 130`) {
			t.Errorf("%v: the document is %q", signal, p.stdout.String())
		}
		wantFiles(t, dir)
	}
}

// TestSubset_InterruptedInTheMiddleOfRows: nobody reads the rows, so the run
// stands still until the signal comes.
func TestSubset_InterruptedInTheMiddleOfRows(t *testing.T) {
	source, dir := bigSource(t), t.TempDir()
	write(t, filepath.Join(dir, config.Name), "subset: {tables: {public.big: all}}\n")
	cmd := exec.Command(programPath(t), "subset", "--source", source, "--to", "-")
	var stderr watched
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1<<20)); err != nil {
		t.Fatalf("rows: %v: %s", err, stderr.String())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(out)
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit code %d after %d more bytes, want 130: %s", got, len(rest), stderr.String())
	}
	wantFiles(t, dir, config.Name)
}

func TestSubset_InterruptedLeavesNoFile(t *testing.T) {
	source := bigSource(t)
	for _, target := range []string{"out.sql.gz", "out.dump", "out/"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, config.Name), "subset: {tables: {public.big: all}}\n")
		p := start(t, dir, nil, "subset", "--source", source, "--to", target)
		p.says("...  copy rows\n")
		p.signal(os.Interrupt)
		switch got := p.ends(); got {
		case 130:
			wantFiles(t, dir, config.Name)
		case 0: // it was faster than the signal
			wantFiles(t, dir, config.Name, filepath.Clean(target))
		default:
			t.Errorf("exit code %d: %s", got, p.stderr.String())
		}
	}
}

func TestSubset_AReaderThatGoesAwayIsNoNoise(t *testing.T) {
	source, dir := bigSource(t), t.TempDir()
	write(t, filepath.Join(dir, config.Name), "subset: {tables: {public.big: all}}\n")
	cmd := exec.Command(programPath(t), "subset", "--source", source, "--to", "-")
	var stderr watched
	cmd.Dir, cmd.Stderr = dir, &stderr
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = write
	read.Close()
	err = cmd.Run()
	write.Close()
	if err == nil || cmd.ProcessState.ExitCode() != 1 || strings.Contains(stderr.String(), "broken pipe") {
		t.Errorf("%v: %s", err, stderr.String())
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files: %s", diff)
	}
}
