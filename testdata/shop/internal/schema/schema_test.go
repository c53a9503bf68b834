package schema_test

import (
	"errors"
	"strings"
	"testing"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

func TestApply_RefusesUnknownSet(t *testing.T) {
	_, err := schema.Apply(t.Context(), nil, "staging")
	if !errors.Is(err, schema.ErrSet) {
		t.Fatalf("got %v, want ErrSet", err)
	}
}

func TestApply_ProductionThenPullRequestThenNothing(t *testing.T) {
	address := shoptest.Empty(t)
	config, err := address.Config()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		set  schema.Set
		want string
	}{
		{
			schema.Production,
			"0001_base.sql 0002_people.sql 0003_orders.sql 0004_reviews.sql 0005_events.sql 0006_stats.sql",
		},
		{schema.PullRequest, "0007_care_levels.sql 0008_wishlists.sql 0009_tracking.sql"},
		{schema.PullRequest, ""},
	} {
		applied, err := schema.Apply(t.Context(), config.ConnConfig, step.set)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(applied, " "); got != step.want {
			t.Errorf("%s applied %q, want %q", step.set, got, step.want)
		}
	}
}

func TestApply_PullRequestBackfillsProduction(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest))
	if n := shoptest.Value[int](t, conn, `SELECT count(DISTINCT care_level_id) FROM products`); n != 3 {
		t.Errorf("products have %d care levels, want 3", n)
	}
	if !shoptest.Value[bool](t, conn,
		`SELECT attnotnull FROM pg_attribute WHERE attrelid = 'products'::regclass AND attname = 'care_level_id'`) {
		t.Error("care_level_id may be NULL")
	}
	wishes := shoptest.Value[int](t, conn, `SELECT count(*) FROM wishlists`)
	want := shoptest.Value[int](t, conn,
		`SELECT count(DISTINCT (customer_id, product_id)) FROM events WHERE kind = 'wish'`)
	if wishes != want || wishes == 0 {
		t.Errorf("%d wishes backfilled, want %d", wishes, want)
	}
}

func TestApply_BrokenNamesMigrationAndLeavesNothingHalfDone(t *testing.T) {
	address := shoptest.Migrated(t, schema.PullRequest)
	conn := shoptest.Connect(t, address)
	_, err := schema.Apply(t.Context(), conn.Config(), schema.Broken)
	if err == nil || !strings.Contains(err.Error(), "0010_broken.sql") ||
		!strings.Contains(err.Error(), `column "waterings_per_month" does not exist`) {
		t.Fatalf("got %v, want the migration's name and PostgreSQL's message", err)
	}
	if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM pg_attribute WHERE attname = 'watering_days'`); n != 0 {
		t.Error("the first statement of the broken migration was kept")
	}
	if v := shoptest.Value[int](t, conn, `SELECT max(version_id) FROM goose_db_version`); v != 9 {
		t.Errorf("version is %d, want 9", v)
	}
}

// The shop is a sample for tools that copy databases: it must have one of
// everything.
func TestProduction_HasEveryFeature(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Migrated(t, schema.Production))
	const key = `SELECT count(*) > 0 FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' AND k.conparentid = 0 AND `
	for name, sql := range map[string]string{
		"composite primary key": `SELECT count(*) > 2 FROM pg_constraint WHERE contype = 'p' AND cardinality(conkey) = 2`,
		"composite foreign key": key + `cardinality(k.conkey) = 2`,
		"MATCH FULL composite":  key + `k.confmatchtype = 'f' AND cardinality(k.conkey) = 2`,
		"category tree":         key + `k.conrelid = 'categories'::regclass AND k.confrelid = k.conrelid`,
		"two self references":   `SELECT count(*) = 2 FROM pg_constraint WHERE conrelid = 'employees'::regclass AND confrelid = conrelid`,
		"cycle, NOT NULL side": key +
			`k.conrelid = 'employees'::regclass AND k.confrelid = 'teams'::regclass AND k.condeferrable AND k.condeferred AND (SELECT attnotnull FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1])`,
		"cycle, other side": key +
			`k.conrelid = 'teams'::regclass AND k.confrelid = 'employees'::regclass AND k.condeferrable`,
		"partitioned table":    `SELECT count(*) = 13 FROM pg_inherits WHERE inhparent = 'events'::regclass`,
		"key on the root":      key + `c.relkind = 'p'`,
		"key on one leaf only": `SELECT count(*) = 1 FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relispartition AND k.contype = 'f' AND k.conparentid = 0`,
		"non-primary unique key": key +
			`k.confrelid = 'products'::regclass AND k.conindid = (SELECT conindid FROM pg_constraint WHERE conrelid = 'products'::regclass AND contype = 'u')`,
		"NOT VALID": `SELECT count(*) = 1 FROM pg_constraint WHERE contype = 'f' AND NOT convalidated`,
		"unindexed foreign key": key +
			`NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1])`,
		"enum":                         `SELECT count(*) >= 4 FROM pg_type WHERE typtype = 'e'`,
		"domain":                       `SELECT count(*) = 3 FROM pg_type WHERE typtype = 'd' AND typnamespace IN ('public'::regnamespace, 'crm'::regnamespace)`,
		"generated stored column":      `SELECT count(*) = 3 FROM pg_attribute WHERE attgenerated = 's'`,
		"identity ALWAYS, BY DEFAULT":  `SELECT count(DISTINCT attidentity) = 2 FROM pg_attribute WHERE attidentity <> ''`,
		"sequence of its own":          `SELECT NOT EXISTS (SELECT FROM pg_depend WHERE objid = 'order_numbers'::regclass AND deptype IN ('a', 'i'))`,
		"materialized view":            `SELECT count(*) = 1 FROM pg_matviews`,
		"view":                         `SELECT count(*) = 1 FROM pg_views WHERE schemaname = 'public'`,
		"trigger":                      `SELECT count(*) = 2 FROM pg_trigger WHERE NOT tgisinternal`,
		"mixed-case table and columns": `SELECT count(*) = 3 FROM pg_attribute WHERE attrelid = 'crm."NewsletterSignups"'::regclass AND attname IN ('Id', 'customerId', 'Signed Up')`,
		"table without a key":          `SELECT NOT EXISTS (SELECT FROM pg_index WHERE indrelid = 'search_log'::regclass AND indisunique)`,
		"array and jsonb":              `SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = 'products'::regclass AND atttypid IN ('text[]'::regtype, 'jsonb'::regtype)`,
		"two schemas": key +
			`c.relnamespace = 'public'::regnamespace AND k.confrelid = 'crm.customers'::regclass`,
	} {
		t.Run(name, func(t *testing.T) {
			if !shoptest.Value[bool](t, conn, sql) {
				t.Error("missing")
			}
		})
	}
}
