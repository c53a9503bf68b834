// Package pgtest gives tests a real PostgreSQL server.
//
// The first use in a test binary makes a private cluster in a temporary
// folder; every test gets a database of its own in it; the cluster goes when
// the binary ends, also when it is killed.
//
//	New, Role, Standby, NewPooler, NewFar ──▶ cluster (one a test binary) ──▶ initdb, postgres
//	                                     └──▶ reaper: waits for our death, then removes it
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// patience is how long a test waits for the server before it gives up.
const patience = 60 * time.Second

// Main runs the tests and stops the cluster they started. Without it the
// cluster goes a moment after the test binary has ended.
func Main(m interface{ Run() int }) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// New returns the URL of a fresh, empty UTF8 database, as its superuser. The
// database is dropped when the test ends.
func New(t testing.TB) string {
	t.Helper()
	return NewWith(t, "")
}

var databases atomic.Int64

// NewWith is New with further options of CREATE DATABASE, such as
// "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'".
func NewWith(t testing.TB, options string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	server := Server(t)
	maintain(t, server, "", fmt.Sprintf("CREATE DATABASE %s %s %s", quote(name), options, strategy(t)))
	t.Cleanup(func() {
		maintain(t, server, name, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", quote(name)))
	})
	return WithDatabase(t, server, name)
}

// strategy has files copied as they are, which takes a quarter of the processor time of writing them to the log, 15 ms
// instead of 60. Servers before 15 know no other way.
func strategy(t testing.TB) string {
	if Major(t) < 15 {
		return ""
	}
	return "STRATEGY file_copy"
}

// shared are the databases that tests share, by name.
var shared struct {
	sync.Mutex
	urls map[string]string
}

// Shared returns the URL of a database that all tests of the binary share,
// which fill fills on first use. It goes with the cluster: nobody may change
// it.
func Shared(t testing.TB, name string, fill func(url string)) string {
	t.Helper()
	server := Server(t)
	shared.Lock()
	defer shared.Unlock()
	if url, ok := shared.urls[name]; ok {
		return url
	}
	database := fmt.Sprintf("shared_%d", databases.Add(1))
	maintain(t, server, "", fmt.Sprintf("CREATE DATABASE %s %s", quote(database), strategy(t)))
	url := WithDatabase(t, server, database)
	fill(url)
	maintain(t, server, database,
		fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s %s", quote(database+pristine), quote(database), strategy(t)))
	if shared.urls == nil {
		shared.urls = map[string]string{}
	}
	shared.urls[name] = url
	return url
}

// IsShared says whether a URL is of a database that Shared has made: its
// content stays as it is.
func IsShared(connection string) bool {
	shared.Lock()
	defer shared.Unlock()
	for _, url := range shared.urls {
		if url == connection {
			return true
		}
	}
	return false
}

// pristine is what the name of a shared database's copy ends in, to which
// nobody ever connects: a database in use cannot be copied.
const pristine = "_pristine"

// Clone returns the URL of a fresh copy of a database that is shared, or to
// which nobody is connected. The copy is dropped when the test ends.
func Clone(t testing.TB, connection string) string {
	t.Helper()
	template := strings.TrimPrefix(parse(t, connection).Path, "/")
	if strings.HasPrefix(template, "shared_") {
		template += pristine
	}
	sessions.close(t.Context(), of(template))
	return NewWith(t, "TEMPLATE "+quote(template))
}

// Server returns the URL of the cluster's maintenance database, as its
// superuser.
func Server(t testing.TB) string {
	t.Helper()
	c := running(t)
	u := url.URL{
		Scheme: "postgres", Host: fmt.Sprintf("127.0.0.1:%d", c.port), Path: "/postgres",
		User: url.UserPassword("postgres", c.password), RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Password returns that of the cluster's superuser.
func Password(t testing.TB) string {
	t.Helper()
	return running(t).password
}

// SocketDir returns the folder of the cluster's unix socket.
func SocketDir(t testing.TB) string {
	t.Helper()
	return running(t).dir
}

// WithDatabase returns the URL with another database.
func WithDatabase(t testing.TB, connection, database string) string {
	t.Helper()
	u := parse(t, connection)
	u.Path = "/" + database
	return u.String()
}

// WithPort returns the URL with another port on the loopback interface.
func WithPort(t testing.TB, connection string, port int) string {
	t.Helper()
	u := parse(t, connection)
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	return u.String()
}

// EndSessions ends all other sessions in the database, and waits until they
// are gone.
func EndSessions(t testing.TB, connection string) {
	t.Helper()
	var pids []string
	for _, row := range Query(t, connection,
		"SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "+
			"pg_backend_pid()") {
		pids = append(pids, row[0])
	}
	left := fmt.Sprintf("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY ('{%s}')", strings.Join(pids, ","))
	for deadline := time.Now().Add(patience); Value(t, connection, left) != "0"; {
		if time.Now().After(deadline) {
			t.Fatal("sessions do not end")
		}
	}
}

// Role makes a login role with a password and the given further attributes
// and returns the URL with which it connects to the database of connection.
// The role, with what it owns there, is dropped when the test ends.
func Role(t testing.TB, connection, name, attributes string) string {
	t.Helper()
	password := secret()
	Exec(t, connection, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' %s", quote(name), password, attributes))
	t.Cleanup(func() {
		Exec(t, connection, fmt.Sprintf("DROP OWNED BY %s CASCADE; DROP ROLE %s", quote(name), quote(name)))
	})
	u := parse(t, connection)
	u.User = url.UserPassword(name, password)
	return u.String()
}

// Exec runs one or more statements and fails the test on an error.
func Exec(t testing.TB, connection, sql string) {
	t.Helper()
	Query(t, connection, sql)
}

// Fill runs statements that make tables and rows of which every reference is known to lead to a row: none is looked up,
// which is most of the work of large tables.
func Fill(t testing.TB, connection, sql string) {
	t.Helper()
	Query(t, connection, "SET session_replication_role = replica;\n"+sql)
}

// Query runs one or more statements and returns the rows of all of them as
// text, NULL as "\N".
func Query(t testing.TB, connection, sql string) [][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	results, err := sessions.query(ctx, connection, sql)
	if err != nil {
		t.Fatalf("%s: %v", firstLine(sql), err)
	}
	return texts(results)
}

// maintain makes or drops a database, when our own sessions of one have ended.
func maintain(t testing.TB, server, database, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sessions.close(ctx, of(database))
	if _, err := sessions.queryAgain(ctx, server, sql); err != nil {
		t.Fatalf("%s: %v", firstLine(sql), err)
	}
}

// Value runs one query and returns the first column of its first row.
func Value(t testing.TB, connection, sql string) string {
	t.Helper()
	rows := Query(t, connection, sql)
	if len(rows) == 0 {
		t.Fatalf("%s: no row", firstLine(sql))
	}
	return rows[0][0]
}

func texts(results []*pgconn.Result) [][]string {
	var rows [][]string
	for _, result := range results {
		for _, values := range result.Rows {
			row := make([]string, len(values))
			for i, v := range values {
				row[i] = string(v)
				if v == nil {
					row[i] = `\N`
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// Load runs a script with psql, which stops at the first error.
func Load(t testing.TB, connection, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	c := running(t)
	cmd := exec.CommandContext(ctx, c.bin+"/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path)
	cmd.Env = append(os.Environ(), environment(t, connection)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("psql -f %s: %v\n%s", path, err, tail(out))
	}
}

func environment(t testing.TB, connection string) []string {
	t.Helper()
	config, err := pgconn.ParseConfig(connection)
	if err != nil {
		t.Fatalf("connection string: %v", err)
	}
	return []string{
		"PGHOST=" + config.Host, fmt.Sprintf("PGPORT=%d", config.Port), "PGDATABASE=" + config.Database,
		"PGUSER=" + config.User, "PGPASSWORD=" + config.Password, "PGOPTIONS=-c client_min_messages=warning",
	}
}

func parse(t testing.TB, connection string) *url.URL {
	t.Helper()
	u, err := url.Parse(connection)
	if err != nil {
		t.Fatalf("connection string: %v", err)
	}
	return u
}

func secret() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

func firstLine(sql string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(sql), "\n")
	return line
}

func tail(out []byte) string {
	const most = 4000
	if len(out) > most {
		out = out[len(out)-most:]
	}
	return string(out)
}
