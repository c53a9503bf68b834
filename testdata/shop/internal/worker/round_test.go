package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
	"example.com/shop/internal/worker"
)

// wrong is the number of products whose statistics differ from a count of the
// rows, done one product at a time and not as the worker does it.
const wrong = `SELECT count(*) FROM products p LEFT JOIN product_stats s ON s.product_id = p.id
	WHERE (s.views, s.units_sold, s.ratings, s.rating_average) IS DISTINCT FROM (
		(SELECT count(*) FROM events e WHERE e.product_id = p.id AND e.kind = 'view'),
		(SELECT coalesce(sum(quantity), 0) FROM order_lines l WHERE l.product_sku = p.sku),
		(SELECT count(*) FROM reviews r WHERE r.product_id = p.id),
		(SELECT round(avg(rating), 2) FROM reviews r WHERE r.product_id = p.id)::numeric(3, 2))`

// stale is the number of best sellers that differ from a count of the lines.
const stale = `SELECT count(*) FROM (
	SELECT product_id, units, revenue FROM best_sellers
	EXCEPT SELECT p.id, sum(quantity), sum(quantity * unit_price) FROM products p JOIN order_lines l ON l.product_id = p.id WHERE NOT discontinued GROUP BY 1) x`

func round(t *testing.T, conn *pgx.Conn, want int64) {
	t.Helper()
	changed, err := worker.Round(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if changed != want {
		t.Errorf("%d products changed, want %d", changed, want)
	}
	if n := shoptest.Value[int](t, conn, wrong); n != 0 {
		t.Errorf("%d products have wrong statistics", n)
	}
	if n := shoptest.Value[int](t, conn, stale); n != 0 {
		t.Errorf("%d best sellers are stale", n)
	}
}

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestRound_CountsEverythingFromNothing(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest))
	products := shoptest.Value[int64](t, conn, `SELECT count(*) FROM products`)
	exec(t, conn, `TRUNCATE product_stats`)
	round(t, conn, products)
	round(t, conn, 0)
	exec(t, conn, `UPDATE product_stats SET views = views + 5 WHERE product_id IN (1, 2, 3)`)
	round(t, conn, 3)
	exec(t, conn, `DELETE FROM product_stats WHERE product_id = 4`)
	round(t, conn, 1)
}

func TestRound_FollowsOrdersReturnsAndDeletions(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	exec(t, conn, `INSERT INTO orders (id, customer_id) VALUES (900001, 1)`)
	exec(t, conn, `INSERT INTO order_lines (order_id, line_no, product_sku, product_id, quantity, unit_price)
		SELECT 900001, id, sku, id, 1000, 100 FROM products WHERE id IN (5, 6)`)
	exec(t, conn, `UPDATE products SET discontinued = (id = 6) WHERE id IN (5, 6)`)
	round(t, conn, 2)
	if best := shoptest.Value[int64](t, conn,
		`SELECT product_id FROM best_sellers ORDER BY units DESC LIMIT 1`); best != 5 {
		t.Errorf("product %d sells best, want 5", best)
	}
	if shoptest.Value[bool](t, conn, `SELECT EXISTS (SELECT FROM best_sellers WHERE product_id = 6)`) {
		t.Error("a discontinued product is a best seller")
	}
	exec(t, conn, `DELETE FROM orders WHERE id = 900001`)
	round(t, conn, 2)
	rated := shoptest.Value[int64](t, conn, `SELECT count(*) FROM product_stats WHERE ratings > 0`)
	exec(t, conn, `DELETE FROM reviews`)
	round(t, conn, rated)
	if n := shoptest.Value[int](t, conn,
		`SELECT count(*) FROM product_stats WHERE rating_average IS NOT NULL`); n != 0 {
		t.Errorf("%d products have an average of nothing", n)
	}
}

func TestRound_LeavesQuietRowsAsTheyWere(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	const versions = `SELECT count(*) FROM product_stats WHERE updated_at > '2026-06-30 18:00:00+00'`
	round(t, conn, 0)
	if n := shoptest.Value[int](t, conn, versions); n != 0 {
		t.Errorf("%d quiet rows were touched", n)
	}
	exec(t, conn, `INSERT INTO events (kind, product_id) VALUES ('view', 3), ('search', NULL), ('basket', 4)`)
	round(t, conn, 1)
	if id := shoptest.Value[int64](t, conn,
		`SELECT product_id FROM product_stats WHERE updated_at <> '2026-06-30 18:00:00+00'`); id != 3 {
		t.Errorf("product %d was touched, want 3", id)
	}
}

func TestRound_OfAnEmptyShopChangesNothing(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Migrated(t, schema.Production))
	round(t, conn, 0)
}

func TestRound_NamesTheStepThatFailed(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	exec(t, conn, `DROP MATERIALIZED VIEW best_sellers`)
	_, err := worker.Round(t.Context(), conn)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !strings.HasPrefix(err.Error(), "refresh best sellers: ") {
		t.Errorf("got %v", err)
	}
	exec(t, conn, `DROP TABLE product_stats`)
	if _, err := worker.Round(t.Context(), conn); err == nil || !strings.HasPrefix(err.Error(), "aggregate: ") {
		t.Errorf("got %v", err)
	}
}

// lines is a log that tells each line to whoever waits.
type lines struct {
	sync.Mutex
	text bytes.Buffer
	each chan string
}

func (l *lines) Write(p []byte) (int, error) {
	l.Lock()
	l.text.Write(p)
	l.Unlock()
	select {
	case l.each <- string(p):
	default:
	}
	return len(p), nil
}

// await waits for a line with a text in it.
func (l *lines) await(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case line := <-l.each:
			if strings.Contains(line, want) {
				return
			}
		case <-deadline:
			t.Fatalf("no line with %q in %s", want, l.text.String())
		}
	}
}

// start runs the worker; stop ends it and returns what it returned.
func start(t *testing.T, db worker.Database, every time.Duration) (log *lines, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log = &lines{each: make(chan string, 100)}
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx, db, every, slog.New(slog.NewTextHandler(log, nil))) }()
	stop = func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(20 * time.Second):
			return errors.New("the worker does not stop")
		}
	}
	t.Cleanup(cancel)
	return log, stop
}

func TestRun_WaitsForTheMigrationAndThenCounts(t *testing.T) {
	address := shoptest.Empty(t)
	pool, err := address.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	log, stop := start(t, pool, 5*time.Millisecond)
	log.await(t, "level=WARN")
	conn := shoptest.Connect(t, address)
	if _, err := schema.Apply(t.Context(), conn.Config(), schema.Production); err != nil {
		t.Fatal(err)
	}
	log.await(t, "products_changed=0")
	exec(t, conn, `INSERT INTO categories (id, slug, name) VALUES (1, 'x', 'X')`)
	exec(t, conn,
		`INSERT INTO products (sku, category_id, name, latin, description, price, light, pet_safe, height_cm, form, picture_seed)
		VALUES ('ABC-10000', 1, 'x', 'x', 'x', 1, 'shade', true, 1, 'fern', 1)`)
	log.await(t, "products_changed=1")
	if err := stop(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM product_stats`); n != 1 {
		t.Errorf("%d statistics, want 1", n)
	}
}

// A long pause must not hold up the end of the program.
func TestRun_StopsInTheMiddleOfAPause(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	log, stop := start(t, conn, time.Hour)
	log.await(t, "msg=round")
	if err := stop(); err != nil {
		t.Errorf("got %v", err)
	}
	if text := log.text.String(); strings.Count(text, "msg=round") != 1 || !strings.Contains(text, "msg=stopped") {
		t.Errorf("the log is %s", text)
	}
}

// blocked never answers until its context ends, as a locked table would not.
type blocked struct{ entered chan struct{} }

func (b blocked) Exec(ctx context.Context, _ string, _ ...any) (pgconn.CommandTag, error) {
	close(b.entered)
	<-ctx.Done()
	return pgconn.CommandTag{}, ctx.Err()
}

func TestRun_StopsInTheMiddleOfARoundWithoutComplaint(t *testing.T) {
	db := blocked{entered: make(chan struct{})}
	log, stop := start(t, db, time.Hour)
	<-db.entered
	if err := stop(); err != nil {
		t.Errorf("got %v", err)
	}
	if text := log.text.String(); strings.Contains(text, "WARN") || !strings.Contains(text, "stopped") {
		t.Errorf("the log is %s", text)
	}
}

func TestRun_TwoWorkersAgree(t *testing.T) {
	address := shoptest.Seeded(t, schema.Production)
	one, two := shoptest.Connect(t, address), shoptest.Connect(t, address)
	exec(t, one, `INSERT INTO events (kind, product_id) SELECT 'view', id FROM products`)
	logs, stops := make([]*lines, 2), make([]func() error, 2)
	for i, conn := range []*pgx.Conn{one, two} {
		logs[i], stops[i] = start(t, conn, time.Millisecond)
	}
	for _, log := range logs {
		log.await(t, "products_changed=0")
	}
	for _, stop := range stops {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	if n := shoptest.Value[int](t, shoptest.Connect(t, address), wrong); n != 0 {
		t.Errorf("%d products have wrong statistics", n)
	}
}
