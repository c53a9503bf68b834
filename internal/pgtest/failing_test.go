package pgtest_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// victims are tests that must not pass. Each runs in this binary started
// again, where its own name selects it.
var victims = map[string]func(t *testing.T){
	"bad statement": func(t *testing.T) { pgtest.Exec(t, pgtest.New(t), "SELECT\nnonsense") },
	"no row":        func(t *testing.T) { pgtest.Value(t, pgtest.New(t), "SELECT 1 WHERE false") },
	"no database": func(t *testing.T) {
		pgtest.Exec(t, pgtest.WithDatabase(t, pgtest.Server(t), "nowhere"), "SELECT 1")
	},
	"no server there": func(t *testing.T) { pgtest.Exec(t, pgtest.WithPort(t, pgtest.Server(t), 1), "SELECT 1") },
	"bad script": func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.sql")
		if err := os.WriteFile(path, []byte("SELECT 1;\nSELECT nonsense;\nSELECT 'not reached';\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
		pgtest.Load(t, pgtest.New(t), path)
	},
	"tuned too late": func(t *testing.T) {
		pgtest.Server(t)
		pgtest.Tune(t, "work_mem=1MB")
	},
	"named folder without a server": func(t *testing.T) {
		t.Setenv("OFFSHOOT_TEST_PG_BIN", t.TempDir())
		pgtest.Server(t)
	},
}

// TestVictim runs those that another test has chosen, in the order of their names: one cluster is enough for many.
func TestVictim(t *testing.T) {
	chosen := strings.Split(os.Getenv("PGTEST_CASE"), ",")
	for _, name := range slices.Sorted(maps.Keys(victims)) {
		if slices.Contains(chosen, name) { // else this is not the process that another test starts
			t.Run(name, victims[name])
		}
	}
}

func TestHelpers_FailTheTestAndSayWhy(t *testing.T) {
	pgtest.Server(t) // skips where there is no server
	wanted := map[string]string{
		"bad statement":   `SELECT: ERROR: column "nonsense" does not exist`,
		"no row":          "SELECT 1 WHERE false: no row",
		"no database":     `database "nowhere" does not exist`,
		"no server there": "connection refused",
		"bad script":      `psql -f `,
		"tuned too late":  "the cluster is running already",
	}
	wantFailures(t, wanted)
	// A cluster must not be running for this one.
	wantFailures(t, map[string]string{"named folder without a server": "start PostgreSQL: OFFSHOOT_TEST_PG_BIN"})
}

// wantFailures runs victims, each of which has to fail for the reason given.
func wantFailures(t *testing.T, wanted map[string]string) {
	t.Helper()
	out, err := again(slices.Collect(maps.Keys(wanted))...)
	if err == nil || strings.Contains(out, "not reached") {
		t.Errorf("%v: %s", err, out)
	}
	for name, want := range wanted {
		_, said, _ := strings.Cut(out, "=== RUN   TestVictim/"+strings.ReplaceAll(name, " ", "_")+"\n")
		said, _, _ = strings.Cut(said, "=== RUN ")
		failed := strings.Contains(out, "--- FAIL: TestVictim/"+strings.ReplaceAll(name, " ", "_"))
		if !failed || !strings.Contains(said, want) {
			t.Errorf("%s: failed: %v: %s", name, failed, said)
		}
	}
}

// again runs victims, without what this binary was started with.
func again(names ...string) (string, error) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
	cmd.Env = append(os.Environ(), "PGTEST_CASE="+strings.Join(names, ","))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestWithDatabaseAndPort_KeepTheRest(t *testing.T) {
	const url = "postgres://u:p%40@127.0.0.1:5432/d?sslmode=disable"
	if got, want := pgtest.WithDatabase(t, url,
		"x y"), "postgres://u:p%40@127.0.0.1:5432/x%20y?sslmode=disable"; got != want {
		t.Errorf("got %s", got)
	}
	if got, want := pgtest.WithPort(t, url, 7), "postgres://u:p%40@127.0.0.1:7/d?sslmode=disable"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestStop_CanBeFollowedByANewCluster(t *testing.T) {
	if os.Getenv("PGTEST_CASE") != "" {
		return // a process of another test, to which one cluster is enough
	}
	first := pgtest.SocketDir(t)
	pgtest.Stop()
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", first, err)
	}
	if second := pgtest.SocketDir(t); second == first {
		t.Error("the same cluster")
	}
	if got := pgtest.Value(t, pgtest.New(t), "SELECT 1"); got != "1" {
		t.Error(got)
	}
}

func TestTune_AddsToTheSettings(t *testing.T) {
	if os.Getenv("PGTEST_CASE") != "" {
		return // a process of another test, to which one cluster is enough
	}
	pgtest.Stop()
	pgtest.Tune(t, "work_mem=7MB")
	if got := pgtest.Value(t, pgtest.Server(t),
		"SELECT current_setting('work_mem') || current_setting('jit')"); got != "7MBoff" {
		t.Error(got)
	}
	pgtest.Stop()
	pgtest.Tune(t)
	if got := pgtest.Value(t, pgtest.Server(t), "SHOW work_mem"); got != "4MB" {
		t.Error(got)
	}
}
