package seed_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/seed"
	"example.com/shop/internal/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// fingerprints is a hash of the rows of each table.
func fingerprints(t *testing.T, conn *pgx.Conn, counts []seed.Count) map[string]string {
	t.Helper()
	prints := map[string]string{}
	for _, c := range counts {
		prints[c.Table] = shoptest.Value[string](t, conn,
			fmt.Sprintf(`SELECT md5(coalesce(string_agg(r::text, '|' ORDER BY r::text), '')) FROM %s r`, c.Table))
	}
	return prints
}

func filled(t *testing.T, o seed.Options) (*pgx.Conn, []seed.Count) {
	t.Helper()
	conn := shoptest.Connect(t, shoptest.Migrated(t, schema.Production))
	counts, err := seed.Fill(t.Context(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	return conn, counts
}

func TestFill_SameSeedSameRows(t *testing.T) {
	o := seed.Options{Scale: 0.02, Seed: 42}
	first, counts := filled(t, o)
	second, _ := filled(t, o)
	a, b := fingerprints(t, first, counts), fingerprints(t, second, counts)
	for table, print := range a {
		if b[table] != print {
			t.Errorf("%s differs between two runs of one seed", table)
		}
	}
}

func TestFill_RefusesDatabaseWithRows(t *testing.T) {
	for _, sql := range []string{
		`INSERT INTO countries VALUES ('XX', 'Nowhere', '+0')`,
		`INSERT INTO crm.customers (email, first_name, last_name) VALUES ('a@b.example', 'A', 'B')`,
	} {
		conn := shoptest.Connect(t, shoptest.Migrated(t, schema.Production))
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		if _, err := seed.Fill(t.Context(), conn, seed.Options{Scale: 0.01}); !errors.Is(err, seed.ErrNotEmpty) {
			t.Errorf("got %v, want ErrNotEmpty", err)
		}
	}
}

func TestFill_WithoutSchemaSaysSo(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Empty(t))
	if _, err := seed.Fill(t.Context(), conn, seed.Options{Scale: 0.01}); err == nil {
		t.Fatal("filled a database without tables")
	}
}

func TestFill_RowsAreLikeProduction(t *testing.T) {
	conn, _ := filled(t, seed.Options{Scale: 0.2, Seed: 3})
	for name, sql := range map[string]string{
		"customers without orders":     `SELECT avg((NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id))::int) BETWEEN 0.3 AND 0.5 FROM crm.customers c`,
		"products nobody bought":       `SELECT count(*) > 5 FROM products p WHERE NOT EXISTS (SELECT FROM order_lines l WHERE l.product_sku = p.sku)`,
		"a long tail of orders":        `SELECT max(n) > 8 * avg(n) FROM (SELECT count(*) AS n FROM orders GROUP BY customer_id) x`,
		"popular products":             `SELECT max(n) > 4 * avg(n) FROM (SELECT count(*) AS n FROM order_lines GROUP BY product_sku) x`,
		"seasons":                      `SELECT count(*) FILTER (WHERE extract(month FROM placed_at) IN (4, 5)) > 1.5 * count(*) FILTER (WHERE extract(month FROM placed_at) IN (1, 2)) FROM orders`,
		"orders carry their total":     `SELECT bool_and(o.total = (SELECT sum(l.line_total) FROM order_lines l WHERE l.order_id = o.id)) FROM orders o`,
		"numbers follow time":          `SELECT bool_and(ok) FROM (SELECT placed_at >= lag(placed_at, 1, placed_at) OVER (ORDER BY number) AS ok FROM orders) x`,
		"orders after their customer":  `SELECT bool_and(o.placed_at >= c.created_at) FROM orders o JOIN crm.customers c ON c.id = o.customer_id`,
		"click and collect":            `SELECT count(*) > 0 FROM orders WHERE deliver_customer_id IS NULL AND deliver_address_no IS NULL`,
		"a half-empty composite key":   `SELECT count(*) > 0 FROM order_lines WHERE pot_cm IS NULL`,
		"anonymous reviews":            `SELECT count(*) > 0 FROM reviews WHERE customer_id IS NULL`,
		"every month has events":       `SELECT count(DISTINCT tableoid) = 12 FROM events`,
		"empty categories":             `SELECT count(*) >= 2 FROM categories c WHERE NOT EXISTS (SELECT FROM products p WHERE p.category_id = c.id) AND NOT EXISTS (SELECT FROM categories x WHERE x.parent_id = c.id)`,
		"three levels of categories":   `SELECT count(*) > 0 FROM categories a JOIN categories b ON b.id = a.parent_id JOIN categories c ON c.id = b.parent_id`,
		"attachments of three kinds":   `SELECT count(DISTINCT record_type) = 3 FROM attachments`,
		"attachments find their order": `SELECT bool_and(EXISTS (SELECT FROM orders o WHERE o.id = a.record_id)) FROM attachments a WHERE record_type = 'Order'`,
		"one dangling moderator":       `SELECT count(*) = 1 FROM reviews r WHERE moderated_by IS NOT NULL AND NOT EXISTS (SELECT FROM employees e WHERE e.id = r.moderated_by)`,
		"its key is NOT VALID":         `SELECT NOT convalidated FROM pg_constraint WHERE conname = 'reviews_moderated_by_fkey'`,
		"nobody mentors themselves":    `SELECT count(*) = 0 FROM employees WHERE mentor_id = id OR manager_id = id`,
		"a team without a lead":        `SELECT count(*) = 1 FROM teams WHERE lead_id IS NULL`,
		"best sellers are fresh":       `SELECT count(*) > 0 FROM best_sellers`,
		"the trigger is back":          `SELECT tgenabled = 'O' FROM pg_trigger WHERE tgname = 'total_orders'`,
	} {
		t.Run(name, func(t *testing.T) {
			if !shoptest.Value[bool](t, conn, sql) {
				t.Error("not so")
			}
		})
	}
}

func TestFill_SequencesContinueAfterRows(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	id := shoptest.Value[int64](t, conn,
		`INSERT INTO orders (customer_id) VALUES (1) RETURNING number - (SELECT max(number) FROM orders)`)
	if id != 1 {
		t.Errorf("the next order number is %d past the last, want 1", id)
	}
	for _, sql := range []string{
		`INSERT INTO suppliers (name, country_code, email) VALUES ('x', 'NL', 'a@b.example') RETURNING id::bigint`,
		`INSERT INTO crm."NewsletterSignups" ("Email") VALUES ('a@b.example') RETURNING "Id"`,
		`INSERT INTO events (kind) VALUES ('view') RETURNING id`,
		`INSERT INTO reviews (product_id, rating, title, body) VALUES (1, 5, 'x', 'y') RETURNING id`,
	} {
		shoptest.Value[int64](t, conn, sql)
	}
}
