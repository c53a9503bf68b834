package rehearse_test

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var tuned sync.Once

// fresh is a database on a server that is set up for rehearsals.
func fresh(t testing.TB, sql string) string {
	t.Helper()
	tuned.Do(func() { pgtest.Tune(t, rehearse.Settings...) })
	url := pgtest.New(t)
	pgtest.Exec(t, url, sql)
	return url
}

// local is the server of the tests.
type local struct {
	t    testing.TB
	mu   sync.Mutex
	open map[string]*session
}

type session struct {
	mu   sync.Mutex
	conn *pgconn.PgConn
}

func server(t testing.TB) *local {
	s := &local{t: t, open: map[string]*session{}}
	t.Cleanup(func() {
		for _, one := range s.open {
			_ = one.conn.Close(context.Background())
		}
	})
	return s
}

func (s *local) session(ctx context.Context, database string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[database] == nil {
		conn, err := pgconn.Connect(ctx, pgtest.WithDatabase(s.t, pgtest.Server(s.t), database))
		if err != nil {
			return nil, err
		}
		s.open[database] = &session{conn: conn}
	}
	return s.open[database], nil
}

func (s *local) Query(ctx context.Context, database, sql string) ([][]string, error) {
	one, err := s.session(ctx, database)
	if err != nil {
		return nil, err
	}
	return one.Query(ctx, sql)
}

func (s *session) Query(ctx context.Context, sql string) ([][]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	results, err := s.conn.Exec(context.WithoutCancel(ctx), sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, result := range results {
		for _, values := range result.Rows {
			var row []string
			for _, v := range values {
				row = append(row, string(v))
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (s *local) Connect(ctx context.Context, database string) (rehearse.Session, error) {
	conn, err := pgconn.Connect(ctx, pgtest.WithDatabase(s.t, pgtest.Server(s.t), database))
	if err != nil {
		return nil, err
	}
	return &session{conn: conn}, nil
}

func (s *session) Close() { _ = s.conn.Close(context.Background()) }

func (s *local) WAL(ctx context.Context, from, to string) (string, error) {
	tools, err := pgtool.Find(ctx, pgtest.Major(s.t))
	if err != nil {
		return "", err
	}
	dump := filepath.Join(filepath.Dir(tools.Path("pg_dump")), "pg_waldump")
	folder := filepath.Join(pgtest.SocketDir(s.t), "data", "pg_wal")
	cmd := exec.CommandContext(ctx, dump, "-s", from, "-e", to, "-p", folder)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("pg_waldump: %w", err)
	}
	return string(out), nil
}

// follow reads what is written to the log of the server from now on, until it is closed.
type follow struct {
	file   *os.File
	closed chan struct{}
}

func logOf(t testing.TB) *follow {
	t.Helper()
	pgtest.Server(t)
	file, err := os.Open(filepath.Join(pgtest.SocketDir(t), "data.log"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	return &follow{file, make(chan struct{})}
}

func (f *follow) Read(p []byte) (int, error) {
	for {
		n, err := f.file.Read(p)
		if n > 0 || err != io.EOF {
			return n, err
		}
		select {
		case <-f.closed:
			return 0, io.EOF
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (f *follow) Close() error {
	close(f.closed)
	return nil
}

// databaseOf is the name of the database that a URL leads to.
func databaseOf(t testing.TB, connection string) string {
	t.Helper()
	u, err := url.Parse(connection)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

// watched rehearses on a database.
func watched(t testing.TB, connection string, run func()) *rehearse.Report {
	t.Helper()
	database, s, log := databaseOf(t, connection), server(t), logOf(t)
	if err := rehearse.Prepare(t.Context(), s, database); err != nil {
		t.Fatal(err)
	}
	w, err := rehearse.Begin(t.Context(), s, database, log)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer log.Close()
	run()
	report, err := w.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// psql sends a script as psql does: statement by statement.
func psql(t testing.TB, connection, sql string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.sql")
	if err := os.WriteFile(path, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	pgtest.Load(t, connection, path)
}

// written is what a report writes.
func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
