package seed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/seed"
	"example.com/shop/internal/shoptest"
)

// key is a foreign key as PostgreSQL knows it.
type key struct {
	Name, Child, Parent string
	Columns, Refers     []string
	Full, Nullable      bool
}

func foreignKeys(t *testing.T, conn *pgx.Conn) []key {
	t.Helper()
	rows, err := conn.Query(t.Context(),
		`SELECT conname AS name, conrelid::regclass::text AS child, confrelid::regclass::text AS parent,
		(SELECT array_agg(quote_ident(attname) ORDER BY n) FROM unnest(conkey) WITH ORDINALITY k (attnum, n) JOIN pg_attribute a USING (attnum) WHERE attrelid = conrelid) AS columns,
		(SELECT array_agg(quote_ident(attname) ORDER BY n) FROM unnest(confkey) WITH ORDINALITY k (attnum, n) JOIN pg_attribute a USING (attnum) WHERE attrelid = confrelid) AS refers,
		confmatchtype = 'f' AS full, (SELECT bool_or(NOT attnotnull) FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)) AS nullable
		FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 ORDER BY 2, 1`)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByName[key])
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// set is the condition that the key applies to a row of the child.
func (k key) set() string {
	var all []string
	for _, c := range k.Columns {
		all = append(all, "c."+c+" IS NOT NULL")
	}
	return strings.Join(all, " AND ")
}

// lost is the number of rows whose parent does not exist.
func (k key) lost() string {
	var equal []string
	for i := range k.Columns {
		equal = append(equal, fmt.Sprintf("p.%s = c.%s", k.Refers[i], k.Columns[i]))
	}
	return fmt.Sprintf(`SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)`, k.Child,
		k.set(), k.Parent, strings.Join(equal, " AND "))
}

func TestFill_OnlyTheOldModeratorDangles(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Shared(t, schema.PullRequest))
	keys := foreignKeys(t, conn)
	if len(keys) < 27 {
		t.Errorf("%d foreign keys", len(keys))
	}
	for _, k := range keys {
		want := 0
		if k.Name == "reviews_moderated_by_fkey" {
			want = 1
		}
		if got := shoptest.Value[int](t, conn, k.lost()); got != want {
			t.Errorf("%s of %s: %d rows dangle, want %d", k.Name, k.Child, got, want)
		}
	}
}

// A key that no row uses, or that every row uses, proves nothing to a tool
// that follows keys.
func TestFill_EveryKeyIsUsedAndEveryOptionalOneIsSometimesNull(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Shared(t, schema.Production))
	for _, k := range foreignKeys(t, conn) {
		if shoptest.Value[int](t, conn, fmt.Sprintf(`SELECT count(*) FROM %s c WHERE %s`, k.Child, k.set())) == 0 {
			t.Errorf("%s of %s is never used", k.Name, k.Child)
		}
		if k.Nullable &&
			shoptest.Value[int](t, conn,
				fmt.Sprintf(`SELECT count(*) FROM %s c WHERE NOT (%s)`, k.Child, k.set())) == 0 {
			t.Errorf("%s of %s is never NULL", k.Name, k.Child)
		}
	}
}

func TestFill_CompositeKeysAreHalfEmptyOnlyWhereTheyMay(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Shared(t, schema.Production))
	composite := 0
	for _, k := range foreignKeys(t, conn) {
		if len(k.Columns) < 2 {
			continue
		}
		composite++
		half := shoptest.Value[int](t, conn,
			fmt.Sprintf(`SELECT count(*) FROM %s c WHERE num_nulls(%s) BETWEEN 1 AND %d`,
				k.Child, strings.Join(k.Columns, ", "), len(k.Columns)-1))
		if (half > 0) == k.Full {
			t.Errorf("%s (MATCH FULL: %v) is half empty in %d rows", k.Name, k.Full, half)
		}
	}
	if composite != 2 {
		t.Errorf("%d composite keys, want 2", composite)
	}
}

func TestFill_BothSelfReferencesAndTheCycleCanBeFollowed(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Shared(t, schema.Production))
	for name, sql := range map[string]string{
		"managers of managers": `SELECT count(*) FROM employees a JOIN employees b ON b.id = a.manager_id JOIN employees c ON c.id = b.manager_id`,
		"mentors in chains":    `SELECT count(*) FROM employees a JOIN employees b ON b.id = a.mentor_id JOIN employees c ON c.id = b.mentor_id`,
		"mentor not manager":   `SELECT count(*) FROM employees WHERE mentor_id <> manager_id`,
		"lead to team to lead": `SELECT count(*) FROM teams t JOIN employees e ON e.id = t.lead_id AND e.team_id = t.id`,
		"friends of friends":   `SELECT count(*) FROM crm.customers a JOIN crm.customers b ON b.id = a.referred_by WHERE b.referred_by IS NOT NULL`,
		"gifts elsewhere":      `SELECT count(*) FROM orders WHERE deliver_address_no > 1`,
		"a free unique key":    `SELECT count(*) FROM order_lines l JOIN products p ON p.sku = l.product_sku AND p.id = l.product_id`,
	} {
		if shoptest.Value[int](t, conn, sql) == 0 {
			t.Errorf("no %s", name)
		}
	}
}

func TestFill_EveryMonthHasItsPartition(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Shared(t, schema.Production))
	rows, err := conn.Query(t.Context(),
		`SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		n := shoptest.Value[int](t, conn, `SELECT count(*) FROM `+part)
		if (n == 0) != (part == "events_other") {
			t.Errorf("%s has %d events", part, n)
		}
	}
	busy := shoptest.Value[bool](t, conn,
		`SELECT (SELECT count(*) FROM events_2026_05) > (SELECT count(*) FROM events_2026_01)`)
	if len(parts) != 13 || !busy {
		t.Errorf("%d partitions; May is busier than January: %v", len(parts), busy)
	}
}

func TestFill_FanOutIsSkewed(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Shared(t, schema.Production))
	for name, groups := range map[string]string{
		"orders of a customer":   `SELECT (SELECT count(*) FROM orders WHERE customer_id = c.id) AS n FROM crm.customers c`,
		"lines of a product":     `SELECT (SELECT count(*) FROM order_lines WHERE product_id = p.id) AS n FROM products p`,
		"reviews of a product":   `SELECT (SELECT count(*) FROM reviews WHERE product_id = p.id) AS n FROM products p`,
		"views of a product":     `SELECT (SELECT count(*) FROM events WHERE product_id = p.id) AS n FROM products p`,
		"friends of a customer":  `SELECT (SELECT count(*) FROM crm.customers x WHERE x.referred_by = c.id) AS n FROM crm.customers c`,
		"products of a category": `SELECT (SELECT count(*) FROM products WHERE category_id = c.id) AS n FROM categories c`,
	} {
		if !shoptest.Value[bool](t, conn, `SELECT min(n) = 0 AND max(n) > 2 * avg(n) FROM (`+groups+`) x`) {
			t.Errorf("%s: nobody without, or no favourite", name)
		}
	}
}

// A run that dies half-way must be repeatable.
func TestFill_LeavesNothingWhenItFails(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Migrated(t, schema.Production))
	if _, err := conn.Exec(t.Context(), `ALTER TABLE search_log RENAME TO searches`); err != nil {
		t.Fatal(err)
	}
	_, err := seed.Fill(t.Context(), conn, seed.Options{Scale: 0.01})
	if err == nil || !strings.Contains(err.Error(), `copy "public"."search_log"`) {
		t.Fatalf("got %v, want the table's name", err)
	}
	other, err := pgx.ConnectConfig(t.Context(), conn.Config())
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := seed.Fill(cancelled, other, seed.Options{Scale: 0.01}); err == nil {
		t.Error("a cancelled run filled the database")
	}
	for _, table := range []string{"countries", "products", "crm.customers", "orders", "events"} {
		if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM `+table); n != 0 {
			t.Errorf("%s kept %d rows", table, n)
		}
	}
	if !shoptest.Value[bool](t, conn, `SELECT tgenabled = 'O' FROM pg_trigger WHERE tgname = 'total_orders'`) {
		t.Error("the trigger stayed off")
	}
	if _, err := conn.Exec(t.Context(), `ALTER TABLE searches RENAME TO search_log`); err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Fill(t.Context(), conn, seed.Options{Scale: 0.01}); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

func TestFill_ReportsEveryTableOnce(t *testing.T) {
	conn, counts := filled(t, seed.Options{Scale: 0.01, Seed: 4})
	var tables []string
	for _, c := range counts {
		tables = append(tables, c.Table)
		if n := shoptest.Value[int64](t, conn, `SELECT count(*) FROM `+c.Table); n != c.Rows {
			t.Errorf("%s has %d rows, reported %d", c.Table, n, c.Rows)
		}
	}
	if n := shoptest.Value[float64](t, conn, `SELECT reltuples FROM pg_class WHERE oid = 'orders'::regclass`); n <= 0 {
		t.Error("statistics are missing")
	}
	slices.Sort(tables)
	rows, err := conn.Query(t.Context(),
		`SELECT format('"%s"."%s"', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname IN ('public', 'crm') AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'goose_db_version' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[string])
	slices.Sort(want)
	if err != nil || !slices.Equal(tables, want) {
		t.Errorf("reported %v, want %v (%v)", tables, want, err)
	}
}

func TestFill_TheSmallestShopWorks(t *testing.T) {
	conn, _ := filled(t, seed.Options{Scale: 1e-9, Seed: 1})
	if n := shoptest.Value[int](t, conn,
		`SELECT count(*) FROM products JOIN product_stats ON product_id = id`); n != 3 {
		t.Errorf("%d products with statistics, want 3", n)
	}
	for _, k := range foreignKeys(t, conn) {
		if got := shoptest.Value[int](t, conn, k.lost()); got > 1 {
			t.Errorf("%s: %d rows dangle", k.Name, got)
		}
	}
}
