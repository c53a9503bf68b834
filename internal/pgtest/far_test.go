package pgtest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

const aWay = 40 * time.Millisecond

// linger is a connection that is told to wait for nothing but its answers.
func linger(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c
}

func TestFar_CountsEachAnswerThatWasWaitedFor(t *testing.T) {
	far := pgtest.NewFar(t, pgtest.Server(t), aWay)
	c := linger(t, far.URL)
	before, depth, began := len(far.Turns()), far.Depth(), time.Now()
	for _, sql := range []string{"SELECT 1", "SELECT\n  2"} {
		if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 2*aWay {
		t.Errorf("two answers took %s", took)
	}
	var said [][]string
	for _, turn := range far.Turns()[before:] {
		said = append(said, turn.Said)
	}
	if diff := cmp.Diff([][]string{{"SELECT 1"}, {"SELECT 2"}}, said); diff != "" {
		t.Error(diff)
	}
	if n := far.Depth() - depth; n < 1.9 || n > 2.01 {
		t.Errorf("depth %.2f", n)
	}
}

func TestFar_CountsWhatGoesTogetherOnce(t *testing.T) {
	far := pgtest.NewFar(t, pgtest.Server(t), aWay)
	c := linger(t, far.URL)
	before, depth := len(far.Turns()), far.Depth()
	batch := &pgconn.Batch{}
	for _, sql := range []string{"SELECT 1", "SELECT 2", "SELECT 3"} {
		batch.ExecParams(sql, nil, nil, nil, nil)
	}
	if _, err := c.ExecBatch(t.Context(), batch).ReadAll(); err != nil {
		t.Fatal(err)
	}
	turns := far.Turns()[before:]
	if len(turns) != 1 || !slices.Contains(turns[0].Said, "SELECT 3") {
		t.Errorf("%v", turns)
	}
	if n := far.Depth() - depth; n > 1.01 {
		t.Errorf("depth %.2f", n)
	}
}

func TestFar_HoldsNothingBack(t *testing.T) {
	far := pgtest.NewFar(t, pgtest.Server(t), aWay)
	c := linger(t, far.URL)
	before := len(far.Turns())
	const rows = 100_000 // of 100 bytes
	results, err := c.Exec(t.Context(), "SELECT repeat('x', 100) FROM generate_series(1, 100000)").ReadAll()
	if err != nil || len(results[0].Rows) != rows {
		t.Fatalf("%d rows, %v", len(results[0].Rows), err)
	}
	if turns := far.Turns()[before:]; len(turns) != 1 {
		t.Errorf("%v", turns)
	}
}
