package worker_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
	"example.com/shop/internal/worker"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

func TestRound_CountsNewRowsOnce(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	ctx := t.Context()
	if n, err := worker.Round(ctx, conn); err != nil || n != 0 {
		t.Fatalf("a quiet shop: %d products changed, %v", n, err)
	}
	before := shoptest.Value[int64](t, conn, `SELECT views FROM product_stats WHERE product_id = 1`)
	if _, err := conn.Exec(ctx,
		`INSERT INTO events (kind, product_id) VALUES ('view', 1), ('view', 1), ('wish', 1)`); err != nil {
		t.Fatal(err)
	}
	if n, err := worker.Round(ctx, conn); err != nil || n != 1 {
		t.Fatalf("%d products changed, %v; want 1", n, err)
	}
	if after := shoptest.Value[int64](t, conn,
		`SELECT views FROM product_stats WHERE product_id = 1`); after != before+2 {
		t.Errorf("views went from %d to %d, want two more", before, after)
	}
}

func TestRound_AveragesRatings(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest))
	ctx := t.Context()
	if _, err := conn.Exec(ctx, `DELETE FROM reviews WHERE product_id = 2`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx,
		`INSERT INTO reviews (product_id, rating, title, body) VALUES (2, 5, 'a', 'b'), (2, 2, 'a', 'b')`); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.Round(ctx, conn); err != nil {
		t.Fatal(err)
	}
	if got := shoptest.Value[float64](t, conn,
		`SELECT rating_average::float8 FROM product_stats WHERE product_id = 2`); got != 3.5 {
		t.Errorf("average is %v, want 3.5", got)
	}
}

// failing counts the rounds tried against a database that is not there.
type failing struct{ rounds chan struct{} }

func (f failing) Exec(ctx context.Context, _ string, _ ...any) (pgconn.CommandTag, error) {
	select {
	case f.rounds <- struct{}{}:
	case <-ctx.Done():
	}
	return pgconn.CommandTag{}, errors.New("no database")
}

func TestRun_OutlivesFailuresAndStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	db := failing{rounds: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		done <- worker.Run(ctx, db, time.Millisecond, slog.New(slog.NewTextHandler(io.Discard, nil)))
	}()
	for range 3 {
		<-db.rounds
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatalf("got %v, want a clean end", err)
	}
}
