package bench_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// small is the shop that tests share and none may change.
func small(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t, "small", func(url string) { mustFill(t, url, variables{scale: 0.01, cross: 0.02}) })
}

func mustFill(t *testing.T, url string, v variables) {
	t.Helper()
	if err := fill(t.Context(), url, v); err != nil {
		t.Fatal(err)
	}
}

func TestShop_HasSoManyRows(t *testing.T) {
	want := map[string]string{
		"audit_log": "2000", "categories": "20", "coupons": "0", "customers": "4000", "events": "8000",
		"orders":   "20000",
		"payments": "20000", "products": "500", "refunds": "600", "reviews": "3000", "settings": "1", "tags": "5",
		"tenants": "5",
		"users":   "2000", "warehouses": "5",
	}
	got := map[string]string{}
	for table := range want {
		got[table] = pgtest.Value(t, small(t), "SELECT count(*) FROM "+table)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// How many lines an order has is drawn for each.
	if got := pgtest.Value(t, small(t), "SELECT count(*) BETWEEN 57000 AND 63000 FROM order_lines"); got != "t" {
		t.Errorf("not 3 lines an order: %s", pgtest.Value(t, small(t), "SELECT count(*) FROM order_lines"))
	}
}

func TestShop_KeysHoldAndAreValidated(t *testing.T) {
	dangling, err := score.Verify(t.Context(), small(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(dangling) > 0 {
		t.Errorf("dangling: %v", dangling)
	}
	got := pgtest.Query(t, small(t),
		"SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0")
	if diff := cmp.Diff([][]string{{"25", "t"}}, got); diff != "" {
		t.Error(diff)
	}
}

// unindexed lists the foreign keys of which no index begins with the columns.
const unindexed = `SELECT conrelid::regclass || '.' || attname FROM pg_constraint k
	JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
	WHERE contype = 'f' AND conparentid = 0
		AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = conrelid AND i.indkey[0] = conkey[1])
	ORDER BY 1`

func TestShop_HasKeysWithoutIndex(t *testing.T) {
	got := pgtest.Query(t, small(t), unindexed)
	want := [][]string{
		{"audit_log.tenant_id"},
		{"coupons.tenant_id"},
		{"reviews.customer_id"},
		{"tenants.owner_user_id"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestShop_SameVariablesMakeTheSameRowsInTheSameOrder(t *testing.T) {
	first, second := pgtest.New(t), pgtest.New(t)
	mustFill(t, first, variables{scale: 0.002, cross: 0.5})
	mustFill(t, second, variables{scale: 0.002, cross: 0.5})
	if diff := cmp.Diff(content(t, first), content(t, second)); diff != "" {
		t.Error(diff)
	}
}

// content is a digest of every heap, its rows in their physical order.
func content(t *testing.T, url string) map[string]string {
	t.Helper()
	digests := map[string]string{}
	for _, table := range pgtest.Query(t, url,
		"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") {
		digests[table[0]] = pgtest.Value(t, url,
			fmt.Sprintf("SELECT md5(string_agg(t::text, '|' ORDER BY ctid)) FROM %s t", table[0]))
	}
	if len(digests) < 25 {
		t.Fatalf("only %d heaps", len(digests))
	}
	return digests
}

// elsewhere is the share of order lines, and of refunds, that reference a row
// of another tenant than the order's.
const elsewhere = `SELECT
	(SELECT avg((p.tenant_id <> o.tenant_id)::int) FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = product_id) %[1]s,
	(SELECT avg((u.tenant_id <> o.tenant_id)::int) FROM refunds r JOIN orders o ON o.id = r.order_id JOIN users u ON u.id = r.user_id) %[1]s,
	(SELECT avg((c.tenant_id <> o.tenant_id)::int) FROM orders o JOIN customers c ON c.id = o.customer_id) = 0`

func TestShop_CrossSaysHowManyReferencesLeaveTheirTenant(t *testing.T) {
	for cross, is := range map[float64]string{0: "= 0", 0.5: "BETWEEN 0.2 AND 0.6", 1: "> 0.7"} {
		url := pgtest.New(t)
		mustFill(t, url, variables{scale: 0.005, cross: cross, tenants: 30})
		got := pgtest.Query(t, url, fmt.Sprintf(elsewhere, is))
		if diff := cmp.Diff([][]string{{"t", "t", "t"}}, got); diff != "" {
			t.Errorf("cross %g: %s", cross, diff)
		}
	}
}

func TestShop_IsSkewed(t *testing.T) {
	for what, sql := range map[string]string{
		"the largest of 5 tenants has more than a third of the orders": `SELECT max(n) > sum(n) / 3 FROM (SELECT count(*) AS n FROM orders GROUP BY tenant_id) t`,
		"a tenth of the products make a third of the order lines": `SELECT sum(n) FILTER (WHERE place <= 0.1) > sum(n) / 3
			FROM (SELECT count(*) AS n, percent_rank() OVER (ORDER BY count(*) DESC) AS place FROM order_lines GROUP BY product_id) t`,
		"some customers never ordered": `SELECT count(*) > 50 FROM customers c WHERE NOT EXISTS (SELECT FROM orders WHERE customer_id = c.id)`,
		"some orders nobody placed":    `SELECT avg((placed_by IS NULL)::int) BETWEEN 0.6 AND 0.8 FROM orders`,
		"later orders lie further on":  `SELECT corr(id, extract(epoch FROM created_at)) > 0.99 FROM orders`,
		"each month has its events":    `SELECT count(DISTINCT tableoid) = 12 FROM events`,
	} {
		if got := pgtest.Value(t, small(t), sql); got != "t" {
			t.Errorf("not so: %s", what)
		}
	}
}

func TestShop_LeavesNoFunctionBehind(t *testing.T) {
	got := pgtest.Query(t, small(t), "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
	if len(got) > 0 {
		t.Errorf("left behind: %v", strings.Join(got[0], ", "))
	}
}
