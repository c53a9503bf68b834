package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/soak"
)

// stepsOfSubset are what a subset says when it begins the parts of its work.
var stepsOfSubset = []string{
	"...  read the source\n", "...  choose rows\n", "...  copy rows\n",
	"...  keys, indexes, statistics\n",
}

// someStepsOfSubset are two of them, or all in the long suite.
func someStepsOfSubset(t *testing.T) []string {
	t.Helper()
	var some []string
	for _, at := range soak.Steps(t, len(stepsOfSubset), 2) {
		some = append(some, stepsOfSubset[at])
	}
	return some
}

func wholeBig(t *testing.T) (source, dir string) {
	t.Helper()
	source, dir = bigSource(t), t.TempDir()
	write(t, filepath.Join(dir, config.Name), "subset: {tables: {public.big: all}}\n")
	return source, dir
}

func TestSubset_KilledAtAnyStepLeavesTheOldFile(t *testing.T) {
	source, dir := wholeBig(t)
	for _, step := range someStepsOfSubset(t) {
		write(t, filepath.Join(dir, "out.sql"), "the old file")
		p := start(t, dir, nil, "subset", "--source", source, "--to", "out.sql", "--replace")
		p.says(step)
		p.signal(syscall.SIGKILL)
		code := p.ends()
		text, err := os.ReadFile(filepath.Join(dir, "out.sql"))
		if err != nil {
			t.Fatal(err)
		}
		// The last step takes no time for a script: it may be done already.
		if string(text) != "the old file" && !strings.HasSuffix(string(text), "ANALYZE;\n\n") {
			t.Errorf("%q: exit code %d, a file of %d bytes", step, code, len(text))
		}
		wantFiles(t, dir, config.Name, "out.sql")
	}
}

func TestSubset_KilledAtAnyStepLeavesADatabaseThatSaysSo(t *testing.T) {
	source, dir := wholeBig(t)
	target := pgtest.New(t)
	const copying = 2 // after it the target is incomplete for sure
	for _, step := range append(someStepsOfSubset(t), stepsOfSubset[copying]) {
		p := start(t, dir, nil, "subset", "--source", source, "--to", target, "--replace")
		p.says(step)
		p.signal(syscall.SIGKILL)
		p.ends()
		ended(t, target)
		const state = `SELECT count(*), coalesce((SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()), '')
			FROM pg_class WHERE oid >= 16384`
		got := pgtest.Query(t, target, state)[0]
		if got[0] != "0" && !strings.HasPrefix(got[1], "offshoot: incomplete") {
			t.Errorf("%q: %s relations are left, and the comment is %q", step, got[0], got[1])
		}
	}
	p := offshoot(t, dir, exitUsage, "subset", "--source", source, "--to", target)
	if !strings.Contains(p.stderr.String(), "left incomplete by an interrupted run") {
		t.Error(p.stderr.String())
	}
	offshoot(t, dir, 0, "subset", "--source", source, "--to", target, "--replace")
	if n := pgtest.Value(t, target,
		"SELECT count(*) || coalesce((SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname "+
			"= current_database()), '') FROM big"); n != "20000" {
		t.Errorf("the next run leaves %s", n)
	}
}

// ended waits until the target's server has noticed the death of its clients,
// pg_restore among them.
func ended(t *testing.T, url string) {
	t.Helper()
	const others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> " +
		"pg_backend_pid()"
	for deadline := time.Now().Add(patience); pgtest.Value(t, url, others) != "0"; {
		if time.Now().After(deadline) {
			t.Fatal("the sessions of a killed run go on")
		}
	}
}

func TestSubset_InterruptedAtAnyStepLeavesAnEmptyDatabase(t *testing.T) {
	source, dir := wholeBig(t)
	target := pgtest.New(t)
	for _, step := range someStepsOfSubset(t) {
		p := start(t, dir, nil, "subset", "--source", source, "--to", target, "--replace")
		p.says(step)
		p.signal(os.Interrupt)
		switch code := p.ends(); code {
		case exitInterrupted:
			wantEmpty(t, target)
		case exitDone: // it was faster than the signal
		default:
			t.Errorf("%q: exit code %d: %s", step, code, p.stderr.String())
		}
	}
}

func TestSubset_WhoseConnectionsAreEndedLeavesNothing(t *testing.T) {
	source, dir := wholeBig(t)
	target := pgtest.New(t)
	for _, step := range stepsOfSubset[1:3] {
		for _, to := range []string{target, "out.sql"} {
			p := start(t, dir, nil, "subset", "--source", source, "--to", to)
			p.says(step)
			pgtest.EndSessions(t, source)
			switch code := p.ends(); code {
			case exitFailed:
				if !strings.Contains(p.stderr.String(), "\noffshoot: subset: ") {
					t.Errorf("%q: %s", step, p.stderr.String())
				}
				wantFiles(t, dir, config.Name)
				wantEmpty(t, target)
			case exitDone: // it needed the source no more
				if err := os.Remove(filepath.Join(dir, "out.sql")); err != nil && to == "out.sql" {
					t.Error(err)
				}
				pgtest.Exec(t, target, "DROP TABLE IF EXISTS big")
			default:
				t.Errorf("%q: exit code %d: %s", step, code, p.stderr.String())
			}
		}
	}
}
