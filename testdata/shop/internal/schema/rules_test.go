package schema_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

// try runs statements in a transaction that is rolled back and returns the
// code of PostgreSQL's refusal, or "".
func try(t *testing.T, conn *pgx.Conn, statements ...string) string {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	for _, s := range append(statements, `SET CONSTRAINTS ALL IMMEDIATE`) {
		if _, err := tx.Exec(t.Context(), s); err != nil {
			var pg *pgconn.PgError
			if !errors.As(err, &pg) {
				t.Fatalf("%s: %v", s, err)
			}
			return pg.Code
		}
	}
	return ""
}

func TestSchema_RefusesWhatTheShopMustNotHold(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest))
	const dangling, check, missing, double = "23503", "23514", "23502", "23505"
	for _, each := range []struct {
		name, sql, want string
	}{
		{"a SKU in small letters", `UPDATE products SET sku = 'abc-12345' WHERE id = 1`, check},
		{"a negative price", `UPDATE products SET price = -1 WHERE id = 1`, check},
		{"an address that is none", `UPDATE crm.customers SET email = 'nobody' WHERE id = 1`, check},
		{"an order of no plants", `UPDATE order_lines SET quantity = 0`, check},
		{"six stars", `UPDATE reviews SET rating = 6`, check},
		{"an attachment of a team", `UPDATE attachments SET record_type = 'Team'`, check},
		{"an order of nobody", `UPDATE orders SET customer_id = 999999 WHERE id = 1`, dangling},
		{"a line of an unknown plant", `UPDATE order_lines SET product_sku = 'ZZZ-99999'`, dangling},
		{"a pot that is not made", `UPDATE order_lines SET pot_cm = 99 WHERE pot_cm = 12`, dangling},
		{
			"half an address", `UPDATE orders SET deliver_address_no = NULL WHERE deliver_customer_id IS NOT NULL`,
			dangling,
		},
		{
			"half an address the other way", `UPDATE orders SET deliver_address_no = 1 WHERE deliver_customer_id IS NULL`,
			dangling,
		},
		{"a new dangling moderator", `UPDATE reviews SET moderated_by = 9002 WHERE id = 2`, dangling},
		{
			"an employee of no team",
			`INSERT INTO employees (team_id, name, title, email, hired_on) VALUES (999, 'X', 'X', 'x@y.example', now())`, dangling,
		},
		{
			"a customer twice",
			`UPDATE crm.customers SET email = (SELECT email FROM crm.customers WHERE id = 2) WHERE id = 1`, double,
		},
		{"an order without customer", `UPDATE orders SET customer_id = NULL`, missing},
		{
			"two orders in one mail's link",
			`UPDATE orders SET tracking = (SELECT min(tracking::text)::uuid FROM orders) WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 2)`, double,
		},
		{"a plant without care", `UPDATE products SET care_level_id = NULL`, missing},
		{
			"a June event of nobody", `INSERT INTO events (at, kind, customer_id) VALUES ('2026-06-15', 'view', 999999)`,
			dangling,
		},
		{"a wish for nothing", `INSERT INTO wishlists (customer_id, product_id) VALUES (1, 999999)`, dangling},
	} {
		if got := try(t, conn, each.sql); got != each.want {
			t.Errorf("%s: refused with %q, want %q", each.name, got, each.want)
		}
	}
}

func TestSchema_AllowsWhatLooksWrong(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest))
	for name, statements := range map[string][]string{
		"a May event of nobody":        {`INSERT INTO events (at, kind, customer_id) VALUES ('2026-05-15', 'view', 999999)`},
		"an event of another year":     {`INSERT INTO events (at, kind) VALUES ('2031-01-01', 'view')`},
		"a line without a pot":         {`UPDATE order_lines SET pot_cm = NULL`},
		"a team and its lead together": {`INSERT INTO employees (id, team_id, name, title, email, hired_on) VALUES (999, 999, 'X', 'X', 'x@y.example', now())`, `INSERT INTO teams (id, name, lead_id) VALUES (999, 'New', 999)`},
		"a lead before they are hired": {
			`SET CONSTRAINTS teams_lead_id_fkey DEFERRED`,
			`INSERT INTO teams (id, name, lead_id) VALUES (999, 'New', 999)`,
			`INSERT INTO employees (id, team_id, name, title, email, hired_on) VALUES (999, 999, 'X', 'X', 'x@y.example', now())`,
		},
		"an attachment of nothing":    {`INSERT INTO attachments (record_type, record_id, file_name, content_type, byte_size) VALUES ('Order', 999999, 'x', 'y', 1)`},
		"another SKU, lines follow":   {`UPDATE products SET sku = 'NEW-99999' WHERE id = 1`},
		"the same search twice":       {`INSERT INTO search_log (at, term, hits) SELECT now(), 'fern', 1 FROM generate_series(1, 2)`},
		"a newsletter twice":          {`INSERT INTO crm."NewsletterSignups" ("Email") VALUES ('a@b.example'), ('a@b.example')`},
		"a customer sent by themself": {`UPDATE crm.customers SET referred_by = id WHERE id = 1`},
	} {
		if got := try(t, conn, statements...); got != "" {
			t.Errorf("%s: refused with %s", name, got)
		}
	}
}

func TestSchema_TriggersTotalAndTouch(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	shoptest.Value[int64](t, conn, `INSERT INTO orders (id, customer_id) VALUES (900001, 1) RETURNING id`)
	if _, err := conn.Exec(t.Context(),
		`INSERT INTO order_lines (order_id, line_no, product_sku, product_id, quantity, unit_price)
		SELECT 900001, n, sku, id, n, 100 FROM products, generate_series(1, 3) n WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	if got := shoptest.Value[int](t, conn, `SELECT total FROM orders WHERE id = 900001`); got != 600 {
		t.Errorf("three lines total %d, want 600", got)
	}
	if !shoptest.Value[bool](t, conn,
		`UPDATE products SET name = name WHERE id = 1 RETURNING updated_at > now() - interval '1 minute'`) {
		t.Error("an update does not touch the product")
	}
	summary := shoptest.Value[string](t, conn,
		`SELECT items || ' ' || total || ' ' || status FROM order_summaries WHERE id = 900001`)
	if summary != "6 600 placed" {
		t.Errorf("the summary is %q, want 6 600 placed", summary)
	}
}

func TestSchema_DeletionsGoAsFarAsTheyShould(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest))
	lines := shoptest.Value[int](t, conn, `SELECT count(*) FROM order_lines WHERE order_id = 1`)
	all := shoptest.Value[int](t, conn, `SELECT count(*) FROM order_lines`)
	if _, err := conn.Exec(t.Context(), `DELETE FROM orders WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	if left := shoptest.Value[int](t, conn, `SELECT count(*) FROM order_lines`); left != all-lines || lines == 0 {
		t.Errorf("%d of %d lines are left, want %d fewer", left, all, lines)
	}
	for name, sql := range map[string]string{
		"a customer with orders": `DELETE FROM crm.customers WHERE id IN (SELECT customer_id FROM orders)`,
		"a product with lines":   `DELETE FROM products WHERE sku IN (SELECT product_sku FROM order_lines)`,
		"a category with plants": `DELETE FROM categories WHERE id IN (SELECT category_id FROM products)`,
	} {
		if got := try(t, conn, sql); got != "23503" {
			t.Errorf("%s: got %q, want a refusal", name, got)
		}
	}
}
