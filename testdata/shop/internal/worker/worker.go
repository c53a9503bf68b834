// Package worker keeps product_stats and best_sellers up to date.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// aggregate writes only rows that changed, so that a quiet shop stays quiet.
const aggregate = `
INSERT INTO product_stats AS s (product_id, views, units_sold, ratings, rating_average)
SELECT p.id, coalesce(e.views, 0), coalesce(l.units, 0), coalesce(r.ratings, 0), r.average
FROM products p
LEFT JOIN (SELECT product_id, count(*) AS views FROM events WHERE kind = 'view' GROUP BY 1) e
    ON e.product_id = p.id
LEFT JOIN (SELECT product_sku, sum(quantity) AS units FROM order_lines GROUP BY 1) l
    ON l.product_sku = p.sku
LEFT JOIN (SELECT product_id, count(*) AS ratings, round(avg(rating), 2) AS average FROM reviews GROUP BY 1) r
    ON r.product_id = p.id
ON CONFLICT (product_id) DO UPDATE
SET views = excluded.views, units_sold = excluded.units_sold, ratings = excluded.ratings,
    rating_average = excluded.rating_average, updated_at = now()
WHERE (s.views, s.units_sold, s.ratings, s.rating_average)
    IS DISTINCT FROM (excluded.views, excluded.units_sold, excluded.ratings, excluded.rating_average)`

const refresh = `REFRESH MATERIALIZED VIEW best_sellers`

// Database is what a round needs of a connection or a pool.
type Database interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

// Round brings the statistics up to date once and returns how many products
// changed.
func Round(ctx context.Context, db Database) (int64, error) {
	tag, err := db.Exec(ctx, aggregate)
	if err != nil {
		return 0, fmt.Errorf("aggregate: %w", err)
	}
	if _, err := db.Exec(ctx, refresh); err != nil {
		return 0, fmt.Errorf("refresh best sellers: %w", err)
	}
	return tag.RowsAffected(), nil
}

// Run does a round now and then one every interval until ctx ends, which is
// not an error. A failed round is logged and tried again: the database may
// not be migrated yet.
func Run(ctx context.Context, db Database, every time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		changed, err := Round(ctx, db)
		switch {
		case ctx.Err() != nil:
			log.Info("stopped")
			return nil
		case err != nil:
			log.Warn("round", "error", err)
		default:
			log.Info("round", "products_changed", changed)
		}
		select {
		case <-ctx.Done():
			log.Info("stopped")
			return nil
		case <-tick.C:
		}
	}
}
