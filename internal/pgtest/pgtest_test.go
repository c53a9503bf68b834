package pgtest_test

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestNew_GivesEachTestAnEmptyDatabase(t *testing.T) {
	a, b := pgtest.New(t), pgtest.New(t)
	pgtest.Exec(t, a, "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (NULL)")
	got := pgtest.Query(t, a, "SELECT n, 'x' FROM t ORDER BY n")
	if diff := cmp.Diff([][]string{{"1", "x"}, {`\N`, "x"}}, got); diff != "" {
		t.Error(diff)
	}
	if n := pgtest.Value(t, b, "SELECT count(*) FROM pg_class WHERE relname = 't'"); n != "0" {
		t.Errorf("the second database holds %s tables of the first", n)
	}
}

func TestNew_DropsItsDatabase(t *testing.T) {
	var name string
	t.Run("inner", func(t *testing.T) {
		name = pgtest.Value(t, pgtest.New(t), "SELECT current_database()")
	})
	if n := pgtest.Value(t, pgtest.Server(t), "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"); n != "0" {
		t.Errorf("database %s is still there", name)
	}
}

func TestShared_IsFilledOnce(t *testing.T) {
	filled := 0
	fill := func(url string) {
		filled++
		pgtest.Exec(t, url, "CREATE TABLE t AS SELECT 1 AS n")
	}
	var first string
	t.Run("inner", func(t *testing.T) { first = pgtest.Shared(t, "once", fill) })
	if again := pgtest.Shared(t, "once", fill); again != first || filled != 1 {
		t.Errorf("%q and %q, filled %d times", first, again, filled)
	}
	conn, err := pgconn.Connect(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	// It can be copied although somebody is connected.
	if got := pgtest.Value(t, pgtest.Clone(t, first), "SELECT n FROM t"); got != "1" {
		t.Errorf("n = %s", got)
	}
}

func TestClone_CopiesRowsAndIsDropped(t *testing.T) {
	original := pgtest.New(t)
	pgtest.Exec(t, original, "CREATE TABLE t AS SELECT 1 AS n")
	t.Run("inner", func(t *testing.T) {
		clone := pgtest.Clone(t, original)
		pgtest.Exec(t, clone, "UPDATE t SET n = 2")
	})
	if got := pgtest.Value(t, original, "SELECT n FROM t"); got != "1" {
		t.Errorf("n = %s: the original was changed", got)
	}
}

func TestRole_HasAPasswordThatIsWellKept(t *testing.T) {
	db := pgtest.New(t)
	pgtest.Role(t, db, "well_kept", "")
	if got := pgtest.Value(t, db,
		"SELECT left(rolpassword, 5) FROM pg_authid WHERE rolname = 'well_kept'"); got != "SCRAM" {
		t.Errorf("kept as %s", got)
	}
}

func TestNewWith_PassesOptions(t *testing.T) {
	db := pgtest.NewWith(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
	if got := pgtest.Value(t, db, "SHOW server_encoding"); got != "LATIN1" {
		t.Errorf("encoding %s", got)
	}
}

func TestRole_ConnectsOnlyWithItsPassword(t *testing.T) {
	db := pgtest.New(t)
	role := pgtest.Role(t, db, "Lese Rolle", "NOINHERIT")
	if got := pgtest.Value(t, role, "SELECT current_user"); got != "Lese Rolle" {
		t.Errorf("current_user %q", got)
	}
	wrong, err := url.Parse(role)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword("Lese Rolle", "wrong")
	if conn, err := pgconn.Connect(context.Background(), wrong.String()); err == nil {
		_ = conn.Close(context.Background())
		t.Error("connected with a wrong password")
	}
}

func TestLoad_RunsAScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(script, []byte("CREATE TABLE t (n int);\nCOPY t FROM stdin;\n7\n\\.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	pgtest.Load(t, db, script)
	if got := pgtest.Value(t, db, "SELECT n FROM t"); got != "7" {
		t.Errorf("n = %s", got)
	}
}

func TestStandby_ReplaysThePrimary(t *testing.T) {
	db := pgtest.New(t)
	standby := pgtest.NewStandby(t)
	pgtest.Exec(t, db, "CREATE TABLE t AS SELECT 42 AS n")
	replica := standby.URL(t, db)
	got := pgtest.Query(t, replica, "SELECT n, pg_is_in_recovery() FROM t")
	if diff := cmp.Diff([][]string{{"42", "t"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestData_FindsTheNamedFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("OFFSHOOT_TEST_DATA", dir)
	want := filepath.Join(dir, "x.sql")
	if err := os.WriteFile(want, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := pgtest.Data(t, "x.sql"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestData_SkipsWhenMissing(t *testing.T) {
	t.Setenv("OFFSHOOT_TEST_DATA", t.TempDir())
	skipped := false
	t.Run("inner", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		pgtest.Data(t, "nowhere.sql")
	})
	if !skipped {
		t.Error("not skipped")
	}
}

// TestCluster_GoesWhenItsOwnerIsKilled runs this very binary again, kills it,
// and waits until its server and its folder are gone.
func TestCluster_GoesWhenItsOwnerIsKilled(t *testing.T) {
	if os.Getenv("PGTEST_VICTIM") == "1" {
		_, _ = os.Stderr.WriteString("dir " + pgtest.SocketDir(t) + "\n")
		select {}
	}
	pgtest.Server(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestCluster_GoesWhenItsOwnerIsKilled$")
	cmd.Env = append(os.Environ(), "PGTEST_VICTIM=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(strings.TrimPrefix(line, "dir "))
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitGone(t, dir)
}

func waitGone(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is still there", dir)
		}
	}
}

func TestFill_LooksUpNoReferenceAndOthersDoAgain(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Fill(t, url, "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (parent int REFERENCES parent); "+
		"INSERT INTO child VALUES (1)")
	if got := pgtest.Value(t, url, "SHOW session_replication_role"); got != "origin" {
		t.Errorf("the next one has session_replication_role %s", got)
	}
	pgtest.Exec(t, url, "INSERT INTO parent VALUES (2); INSERT INTO child VALUES (2)")
	if got := pgtest.Value(t, url, "SELECT count(*) FROM child"); got != "2" {
		t.Errorf("%s rows", got)
	}
}
