package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Pooler is a PgBouncer between clients and the cluster.
type Pooler struct {
	URL string // of a database, through the pooler

	direct string // past it
	size   int    // sessions that it lends at most
}

// NewPooler starts a PgBouncer in a mode (session, transaction or statement) in
// front of the database of connection, for the role of connection, with
// settings such as "server_round_robin=1". It ends with the test. Without a
// PgBouncer on this machine the test is skipped, or fails in CI.
func NewPooler(t testing.TB, connection, mode string, settings ...string) *Pooler {
	t.Helper()
	program := pgbouncer(t)
	c := running(t)
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(c.dir, fmt.Sprintf("pooler_%d", port))
	ini, err := c.configure(t, dir, connection, port, append([]string{"pool_mode=" + mode}, settings...))
	if err != nil {
		t.Fatalf("configure pgbouncer: %v", err)
	}
	cmd := c.command(program, "--quiet", ini)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start pgbouncer: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		<-ended
		_ = os.RemoveAll(dir)
	})
	p := &Pooler{URL: WithPort(t, connection, port), direct: connection, size: poolSize(settings)}
	if err := p.ready(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Fatalf("pgbouncer: %v: %s", err, tail(log))
	}
	return p
}

// poolSize is how many sessions a pooler has for a role and a database: eight,
// unless a setting says another number.
func poolSize(settings []string) int {
	size := 8
	for _, s := range settings {
		_, _ = fmt.Sscanf(s, "default_pool_size=%d", &size)
	}
	return size
}

func pgbouncer(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer") // where packages put it, which not everybody's PATH has
	}
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no pgbouncer here: apt-get install pgbouncer")
	}
	if err != nil {
		t.Fatal("no pgbouncer here: apt-get install pgbouncer")
	}
	return program
}

// configure writes what the pooler reads, for the server's user alone.
func (c *cluster) configure(
	t testing.TB, dir, connection string, port int, settings []string,
) (ini string, err error) {
	t.Helper()
	user := parse(t, connection).User
	password, _ := user.Password()
	lines := slices.Concat([]string{
		"[databases]", fmt.Sprintf("* = host=127.0.0.1 port=%d", c.port), "[pgbouncer]",
		"listen_addr=127.0.0.1", fmt.Sprintf("listen_port=%d", port), "unix_socket_dir=", "auth_type=md5",
		"auth_file=" + filepath.Join(dir, "users"), "logfile=" + filepath.Join(dir, "log"),
		"pidfile=" + filepath.Join(dir, "pgbouncer.pid"), fmt.Sprintf("default_pool_size=%d", poolSize(settings)),
		fmt.Sprintf("min_pool_size=%d", poolSize(settings)),
	}, settings)
	files := map[string]string{
		"pgbouncer.ini": strings.Join(lines, "\n") + "\n",
		"users":         fmt.Sprintf("%q %q\n", user.Username(), password),
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.WriteFile(path, []byte(text), 0o600), c.own(path))
	}
	return filepath.Join(dir, "pgbouncer.ini"), errors.Join(err, c.own(dir))
}

// own gives a file to the server's user.
func (c *cluster) own(path string) error {
	if c.credential == nil {
		return nil
	}
	return os.Chown(path, int(c.credential.Uid), int(c.credential.Gid))
}

func (p *Pooler) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgconn.Connect(ctx, p.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer after %s: %w", patience, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// remainsSQL is all that a session can keep of those who used it, as rows of
// text, and holds the session for a moment so that who asks next gets another.
const remainsSQL = `
SELECT pg_backend_pid()::text, r.thing FROM (SELECT pg_sleep(0.2)) AS held, LATERAL (
SELECT '' AS thing
UNION ALL SELECT 'setting ' || name || ' = ' || setting FROM pg_settings
           WHERE name NOT LIKE 'transaction\_%' AND (name, setting) <> ('application_name', 'pgbench')
UNION ALL SELECT 'prepared statement ' || statement FROM pg_prepared_statements
UNION ALL SELECT 'lock ' || mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
UNION ALL SELECT 'channel ' || c FROM pg_listening_channels() AS c
UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable) AS r`

// Remains returns what the sessions that the pooler lends keep of those who
// used them, each thing once: what differs from a new session of the server.
func (p *Pooler) Remains(t testing.TB) []string {
	t.Helper()
	_, fresh := look(t, p.direct)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		pids, found := p.lookAtAll(t)
		if len(pids) < p.size {
			continue // somebody was late, and got the session of another
		}
		found = slices.DeleteFunc(found, func(thing string) bool { return slices.Contains(fresh, thing) })
		slices.Sort(found)
		return slices.Compact(found)
	}
	t.Fatalf("the pooler does not lend %d sessions at a time", p.size)
	return nil
}

// lookAtAll asks for all sessions at once.
func (p *Pooler) lookAtAll(t testing.TB) (pids map[string]bool, things []string) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	pids = map[string]bool{}
	for range p.size {
		all.Go(func() {
			pid, found := look(t, p.URL)
			mu.Lock()
			defer mu.Unlock()
			pids[pid], things = true, append(things, found...)
		})
	}
	all.Wait()
	return pids, things
}

func look(t testing.TB, url string) (pid string, things []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return "", nil
	}
	defer func() { _ = conn.Close(ctx) }()
	results, err := conn.Exec(ctx, remainsSQL).ReadAll()
	if err != nil {
		t.Error(err)
		return "", nil
	}
	for _, row := range texts(results) {
		pid, things = row[0], append(things, row[1])
	}
	return pid, things
}

// Bench makes the tables of pgbench and has it work through the pooler, on the
// names that it finds by the search path, until the test calls stop: that fails
// the test when a transaction failed meanwhile.
func (p *Pooler) Bench(t testing.TB) (stop func()) {
	t.Helper()
	c := running(t)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	bench := func(url string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, c.bin+"/pgbench", args...)
		cmd.Env = append(os.Environ(), environment(t, url)...)
		cmd.Env = append(cmd.Env, "PGOPTIONS=")
		return cmd
	}
	if out, err := bench(p.direct, "-i", "-q", "-s", "1").CombinedOutput(); err != nil {
		t.Fatalf("pgbench -i: %v: %s", err, tail(out))
	}
	var out bytes.Buffer
	cmd := bench(p.URL, "-n", "-c", "4", "-T", "3600", "--rate", "300")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p.until(t, "SELECT count(*) > 50 FROM pgbench_history")
	return func() {
		t.Helper()
		before := Value(t, p.direct, "SELECT count(*) FROM pgbench_history")
		p.until(t, "SELECT count(*) > 50 + "+before+" FROM pgbench_history") // all of its sessions still work
		cancel()
		<-ended
		if strings.Contains(out.String(), "abort") || strings.Contains(out.String(), "ERROR") {
			t.Errorf("pgbench through the pooler: %s", tail(out.Bytes()))
		}
	}
}

// until waits for an answer of the database.
func (p *Pooler) until(t testing.TB, question string) {
	t.Helper()
	for deadline := time.Now().Add(patience); Value(t, p.direct, question) != "t"; {
		if time.Now().After(deadline) {
			t.Fatalf("pgbench does not work: %s", question)
		}
	}
}
