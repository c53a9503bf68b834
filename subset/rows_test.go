package subset_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// flat is a sink for a database in which a partition tree is one table, and
// which has no key: for schemas that take PostgreSQL long to make.
type flat struct {
	memory
	url  string
	conn *pgconn.PgConn
}

func (f *flat) Begin(ctx context.Context, _ subset.Origin) (err error) {
	f.conn, err = pgconn.Connect(ctx, f.url)
	return err
}

func (f *flat) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	counted := &counted{r: r}
	_, err := f.conn.CopyFrom(ctx, counted, "COPY "+heap.Table.Name.String()+" ("+quoteAll(columns)+") FROM STDIN")
	return counted.n, err
}

func (f *flat) Close(ctx context.Context, _ bool) error { return f.conn.Close(ctx) }

// counted knows how many bytes went through it.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// takeFlat takes a subset into a database whose tables ddl makes.
func takeFlat(t *testing.T, spec plan.Spec, ddl string) (*subset.Report, string) {
	t.Helper()
	target := pgtest.New(t)
	pgtest.Exec(t, target, ddl)
	return take(t, spec, &flat{url: target}), target
}

// notForEver fails when do takes as long as it would if its cost grew with
// the square of something. Seconds are what it takes; machines differ.
func notForEver(t *testing.T, do func()) {
	t.Helper()
	const most = 2 * time.Minute
	began := time.Now()
	do()
	if took := time.Since(began); took > most {
		t.Errorf("took %s, at most %s", took.Round(time.Millisecond), most)
	}
}

// wantRowsOfSource looks up every row of the target in the source, where it
// must be at least as often, in all its columns.
func wantRowsOfSource(t *testing.T, source, target string) {
	t.Helper()
	from := dial(t, source)
	for _, table := range open(t, plan.Spec{URL: target}).Catalog().Tables {
		name := table.Name.String()
		if !table.Partitioned {
			name = "ONLY " + name
		}
		kept := map[string]int{}
		for _, row := range pgtest.Query(t, target, "SELECT whole_row::text FROM "+name+" AS whole_row") {
			kept[row[0]]++
		}
		there := countTexts(t, from, name, kept)
		for text, n := range kept {
			if there[text] < n {
				t.Errorf("%s: %.200q is there %d times, %d times in the source", name, text, n, there[text])
			}
		}
	}
}

// countTexts counts the rows of a table that are one of the texts.
func countTexts(t *testing.T, conn *pgx.Conn, table string, kept map[string]int) map[string]int {
	t.Helper()
	var texts []string
	for text := range kept {
		texts = append(texts, text)
	}
	there := map[string]int{}
	// Before PostgreSQL 14, = ANY compares with one after the other.
	rows, err := conn.Query(t.Context(),
		"SELECT whole_row::text, count(*) FROM "+table+
			" AS whole_row WHERE whole_row::text IN (SELECT pg_catalog.unnest($1::text[])) GROUP BY 1", texts)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&text, &n}, func() error { there[text] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return there
}
