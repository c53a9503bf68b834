// Package seed fills an empty shop with a made-up production database: skewed
// like a real one, and the same rows for the same seed and scale.
//
//	words, plants ─▶ generator (one random stream per table) ─▶ COPY ─▶ statistics ─▶ ANALYZE
package seed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/worker"
)

// Options says how much to make. The zero Seed is a seed like any other.
type Options struct {
	Scale float64 // 1 is about 100,000 rows in all
	Seed  uint64
}

// Count is the number of rows a table was given.
type Count struct {
	Table string
	Rows  int64
}

// ErrNotEmpty says that the shop already holds rows.
var ErrNotEmpty = errors.New("the database already has rows: seed an empty one")

// until is the moment the made-up production database was "taken"; a fixed
// one, so that the rows never depend on the day.
var until = time.Date(2026, time.June, 30, 18, 0, 0, 0, time.UTC)

// table is one COPY.
type table struct {
	name    pgx.Identifier
	columns []string
	rows    iter.Seq[[]any]
}

// Fill makes everything in one transaction, so that a failed run leaves the
// database empty. The connection must own the tables.
func Fill(ctx context.Context, conn *pgx.Conn, o Options) ([]Count, error) {
	var counts []Count
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
		counts, err = fill(ctx, tx, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, "ANALYZE")
	return counts, err
}

func fill(ctx context.Context, tx pgx.Tx, o Options) ([]Count, error) {
	if err := checkEmpty(ctx, tx); err != nil {
		return nil, err
	}
	if err := execAll(ctx, tx, before); err != nil {
		return nil, err
	}
	var counts []Count
	for _, t := range newGenerator(o).tables() {
		n, err := copyRows(ctx, tx, t)
		if err != nil {
			return nil, fmt.Errorf("copy %s: %w", t.name.Sanitize(), err)
		}
		counts = append(counts, Count{Table: t.name.Sanitize(), Rows: n})
	}
	products, err := worker.Round(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := execAll(ctx, tx, after); err != nil {
		return nil, err
	}
	return append(counts, Count{Table: pgx.Identifier{"public", "product_stats"}.Sanitize(), Rows: products}), nil
}

func checkEmpty(ctx context.Context, tx pgx.Tx) error {
	var full bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM countries) OR EXISTS (SELECT FROM products)
		OR EXISTS (SELECT FROM crm.customers) OR EXISTS (SELECT FROM employees)`).Scan(&full)
	if err == nil && full {
		err = ErrNotEmpty
	}
	return err
}

// before lets the teams' cycle in and keeps the trigger from totalling orders
// that already carry their total. The moderators' key comes back NOT VALID, as
// the migration made it: one old review names a moderator who is gone.
var before = []string{
	`SET CONSTRAINTS ALL DEFERRED`,
	`ALTER TABLE order_lines DISABLE TRIGGER total_orders`,
	`ALTER TABLE reviews DROP CONSTRAINT reviews_moderated_by_fkey`,
}

var after = []string{
	`SET CONSTRAINTS ALL IMMEDIATE`,
	`ALTER TABLE order_lines ENABLE TRIGGER total_orders`,
	`ALTER TABLE reviews ADD CONSTRAINT reviews_moderated_by_fkey
		FOREIGN KEY (moderated_by) REFERENCES employees (id) NOT VALID`,
	`UPDATE product_stats SET updated_at = '2026-06-30 18:00:00+00'`,
	`SELECT setval('order_numbers', (SELECT max(number) FROM orders))`,
	`SELECT setval(pg_get_serial_sequence(t.name, t.col), t.top) FROM (
		SELECT 'categories' AS name, 'id' AS col, max(id) AS top FROM categories
		UNION ALL SELECT 'suppliers', 'id', max(id) FROM suppliers
		UNION ALL SELECT 'products', 'id', max(id) FROM products
		UNION ALL SELECT 'teams', 'id', max(id) FROM teams
		UNION ALL SELECT 'employees', 'id', max(id) FROM employees
		UNION ALL SELECT 'crm.customers', 'id', max(id) FROM crm.customers
		UNION ALL SELECT 'crm."NewsletterSignups"', 'Id', max("Id") FROM crm."NewsletterSignups"
		UNION ALL SELECT 'orders', 'id', max(id) FROM orders
		UNION ALL SELECT 'reviews', 'id', max(id) FROM reviews
		UNION ALL SELECT 'attachments', 'id', max(id) FROM attachments
		UNION ALL SELECT 'events', 'id', max(id) FROM events
	) t WHERE t.top IS NOT NULL`,
}

func execAll(ctx context.Context, tx pgx.Tx, statements []string) error {
	for _, s := range statements {
		if _, err := tx.Exec(ctx, s); err != nil {
			return fmt.Errorf("%.40s: %w", s, err)
		}
	}
	return nil
}

func copyRows(ctx context.Context, tx pgx.Tx, t table) (int64, error) {
	next, stop := iter.Pull(t.rows)
	defer stop()
	return tx.CopyFrom(ctx, t.name, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
		row, ok := next()
		if !ok {
			return nil, nil
		}
		return row, nil
	}))
}

// stream is a table's own source of chance, so that a change to one table
// leaves the others as they were.
func (g *generator) stream(name string) *rand.Rand {
	var hash uint64 = 14695981039346656037
	for _, b := range []byte(name) {
		hash = (hash ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(g.seed, hash))
}
