package sink_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// source is an open snapshot of a database.
type source struct {
	url  string
	conn *pgx.Conn
	from subset.Origin
}

func open(t *testing.T, url string) *source {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if conn.PgConn().ParameterStatus("server_encoding") != "SQL_ASCII" {
		if _, err := conn.Exec(t.Context(), "SET client_encoding = 'UTF8'"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	const begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = ''"
	if _, err := conn.Exec(t.Context(), begin); err != nil {
		t.Fatal(err)
	}
	s := &source{url: url, conn: conn, from: subset.Origin{URL: url}}
	if err := conn.QueryRow(t.Context(), "SELECT pg_export_snapshot()").Scan(&s.from.Snapshot); err != nil {
		t.Fatal(err)
	}
	if s.from.Catalog, err = catalog.Read(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	return s
}

// ending is what Run would say if it had kept every row.
func (s *source) ending() subset.Ending {
	end := subset.Ending{MatViews: s.from.Catalog.MatViews}
	for _, q := range s.from.Catalog.Sequences {
		if q.Known {
			end.Sequences = append(end.Sequences,
				subset.SequenceValue{Name: q.Name, Value: q.LastValue, Called: q.Called})
		}
	}
	return end
}

// rows reads one heap, in the encoding that a sink expects.
func (s *source) rows(ctx context.Context, heap *catalog.Heap, columns []string, w io.Writer) error {
	url := s.url + "&client_encoding=UTF8"
	if s.from.Catalog.Encoding == "SQL_ASCII" {
		url = s.url + "&client_encoding=SQL_ASCII"
	}
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	_, err = conn.CopyTo(ctx, w,
		"COPY (SELECT "+strings.Join(quoted, ", ")+" FROM ONLY "+heap.Name.String()+") TO STDOUT")
	return err
}

func columns(heap *catalog.Heap) []string {
	var names []string
	for _, c := range heap.Table.Columns {
		if !c.Generated {
			names = append(names, c.Name)
		}
	}
	return names
}

// copyAll does what Run does, with every row.
func (s *source) copyAll(ctx context.Context, to sink.Sink, end subset.Ending) (err error) {
	defer func() {
		if closed := to.Close(ctx, err != nil); err == nil {
			err = closed
		}
	}()
	if err := to.Begin(ctx, s.from); err != nil {
		return err
	}
	for _, part := range s.from.Catalog.CopyOrder() {
		if err := s.copyTables(ctx, to, part); err != nil {
			return err
		}
	}
	return to.Finish(ctx, end)
}

func (s *source) copyTables(ctx context.Context, to sink.Sink, tables []*catalog.Table) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(to.Concurrency())
	for _, table := range tables {
		for _, heap := range table.Heaps {
			group.Go(func() error {
				var b bytes.Buffer
				if err := s.rows(groupCtx, heap, columns(heap), &b); err != nil {
					return err
				}
				want := int64(b.Len())
				n, err := to.Rows(groupCtx, heap, columns(heap), &b)
				if err == nil && n != want {
					return io.ErrShortWrite
				}
				return err
			})
		}
	}
	return group.Wait()
}

func (s *source) copyTo(t *testing.T, to string, o sink.Options) (sink.Sink, error) {
	t.Helper()
	target, err := sink.Open(to, o)
	if err != nil {
		return nil, err
	}
	return target, s.copyAll(t.Context(), target, s.ending())
}

func (s *source) mustCopyTo(t *testing.T, to string, o sink.Options) sink.Sink {
	t.Helper()
	target, err := s.copyTo(t, to, o)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

var perServer = regexp.MustCompile(`(?m)^(\\(un)?restrict|-- Dumped) .*\n`)

// dumps holds what is in databases that never change, by their URL.
var dumps sync.Map

// dump is all of a database as text: schema, rows in their order, sequences.
func dump(t *testing.T, url string) string {
	t.Helper()
	if !pgtest.IsShared(url) {
		return pgDump(t, url)
	}
	text, _ := dumps.LoadOrStore(url, sync.OnceValue(func() string { return pgDump(t, url) }))
	return text.(func() string)()
}

func pgDump(t *testing.T, url string, options ...string) string {
	t.Helper()
	tools, err := pgtool.Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	env, err := pgtool.Environ(url)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tools.Path("pg_dump"), append(options, "--no-owner", "--no-privileges")...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("pg_dump: %v\n%s", err, out)
	}
	return perServer.ReplaceAllString(string(out), "")
}

// fixture is a database that tests share and none may change.
func fixture(t *testing.T, name string) string {
	t.Helper()
	return pgtest.Shared(t, name, func(url string) { pgtest.Load(t, url, filepath.Join("testdata", name)) })
}

// load is a fixture that the test may change.
func load(t *testing.T, name string) string {
	t.Helper()
	return pgtest.Clone(t, fixture(t, name))
}

// same compares all of two databases: schema, rows in their order, sequences,
// large objects, and what materialized views hold.
func same(t *testing.T, source, target string) {
	t.Helper()
	if diff := cmp.Diff(materialized(t, source), materialized(t, target)); diff != "" {
		t.Errorf("materialized views differ (-source +target):\n%.4000s", diff)
	}
	// Where PostgreSQL puts a row is its own affair: a small one may find room in an earlier block.
	if diff := cmp.Diff(slices.Sorted(strings.Lines(dump(t, source))),
		slices.Sorted(strings.Lines(dump(t, target)))); diff != "" {
		t.Errorf("target differs (-source +target):\n%.4000s", diff)
	}
}

// materialized is the rows of all materialized views that have been filled.
func materialized(t *testing.T, url string) map[string][][]string {
	t.Helper()
	rows := map[string][][]string{}
	const views = `SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews WHERE ispopulated`
	for _, view := range pgtest.Query(t, url, views) {
		rows[view[0]] = pgtest.Query(t, url, "SELECT v::text FROM "+view[0]+" v ORDER BY 1")
	}
	return rows
}

func noWarnings(t *testing.T, to sink.Sink) {
	t.Helper()
	if w := to.Warnings(); len(w) > 0 {
		t.Errorf("warnings: %q", w)
	}
}

// isEmpty fails when anything is in the database.
func isEmpty(t *testing.T, url string) {
	t.Helper()
	same(t, pgtest.Shared(t, "empty", func(string) {}), url)
}

// files lists a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
