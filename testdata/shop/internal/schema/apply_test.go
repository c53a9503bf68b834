package schema_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

func TestApply_TwoAtOnceApplyEachMigrationOnce(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Empty(t))
	type outcome struct {
		applied []string
		err     error
	}
	done := make(chan outcome)
	const runs = 3
	for range runs {
		go func() {
			applied, err := schema.Apply(t.Context(), conn.Config(), schema.PullRequest)
			done <- outcome{applied, err}
		}()
	}
	var all []string
	for range runs {
		got := <-done
		if got.err != nil {
			t.Errorf("one of %d at once: %v", runs, got.err)
		}
		all = append(all, got.applied...)
	}
	slices.Sort(all)
	if len(all) != 9 || len(slices.Compact(all)) != 9 {
		t.Errorf("together they applied %v", all)
	}
	if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM goose_db_version WHERE version_id > 0`); n != 9 {
		t.Errorf("the ledger has %d entries, want 9", n)
	}
	if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'`); n != 0 {
		t.Errorf("%d locks are left", n)
	}
}

func TestApply_GivesUpWhenAsked(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Empty(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	applied, err := schema.Apply(ctx, conn.Config(), schema.Production)
	if !errors.Is(err, context.Canceled) || len(applied) != 0 {
		t.Errorf("applied %v, %v; want nothing and context canceled", applied, err)
	}
	if n := shoptest.Value[int](t, conn,
		`SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'crm')`); n != 0 {
		t.Errorf("%d tables were made", n)
	}
}

func TestApply_BrokenFailsTheSameEachTimeAndCanBeMended(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Migrated(t, schema.Production))
	applied, err := schema.Apply(t.Context(), conn.Config(), schema.Broken)
	if !slices.Equal(applied, []string{"0007_care_levels.sql", "0008_wishlists.sql", "0009_tracking.sql"}) {
		t.Errorf("applied %v before it failed", applied)
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "42703" {
		t.Fatalf("got %v, want PostgreSQL's error inside", err)
	}
	if n := strings.Count(err.Error(), "0010_broken.sql"); n != 1 {
		t.Errorf("%q names the migration %d times", err, n)
	}
	again, second := schema.Apply(t.Context(), conn.Config(), schema.Broken)
	if len(again) != 0 || second == nil || second.Error() != err.Error() {
		t.Errorf("the second time: %v, %v", again, second)
	}
	if applied, err := schema.Apply(t.Context(), conn.Config(), schema.PullRequest); err != nil || len(applied) != 0 {
		t.Errorf("without the broken one: %v, %v", applied, err)
	}
	if _, err := conn.Exec(t.Context(), `ALTER TABLE products ADD COLUMN waterings_per_month integer`); err != nil {
		t.Fatal(err)
	}
	if applied, err := schema.Apply(t.Context(), conn.Config(), schema.Broken); err != nil || len(applied) != 1 {
		t.Errorf("mended: %v, %v", applied, err)
	}
}

func TestApply_ErrorsHoldNoPassword(t *testing.T) {
	config, err := pgx.ParseConfig("host=" + t.TempDir() + " user=shop dbname=shop password=hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := schema.Apply(t.Context(), config, schema.Production); err == nil ||
		strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "migrate: ") {
		t.Errorf("got %v", err)
	}
}

// objects is everything that migrations make, by name.
func objects(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(),
		`SELECT 'table ' || c.oid::regclass || ' ' || coalesce((SELECT string_agg(attname || ' ' || atttypid::regtype || attnotnull, ',' ORDER BY attname)
			FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), '') FROM pg_class c WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'crm'))
			AND relname NOT LIKE 'goose%'
		UNION ALL SELECT 'type ' || oid::regtype FROM pg_type WHERE typtype IN ('d', 'e') AND typnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'crm'))
		UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'crm'))
			AND conname NOT LIKE 'goose%'
		UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
		UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'crm' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// down undoes every migration with the tool's own reader of the files.
func down(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	folder := t.TempDir()
	for _, set := range []string{"production", "pullrequest"} {
		if err := os.CopyFS(folder+"/"+set, os.DirFS(set)); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(folder + "/" + set)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Rename(folder+"/"+set+"/"+f.Name(), folder+"/"+f.Name()); err != nil {
				t.Fatal(err)
			}
		}
	}
	db := stdlib.OpenDB(*conn.Config())
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

func TestMigrations_DownLeavesNothingAndUpMakesTheSameAgain(t *testing.T) {
	for name, conn := range map[string]*pgx.Conn{
		"empty":  shoptest.Connect(t, shoptest.Migrated(t, schema.PullRequest)),
		"seeded": shoptest.Connect(t, shoptest.Seeded(t, schema.PullRequest)),
	} {
		before := objects(t, conn)
		if len(before) < 100 {
			t.Errorf("%s: only %d objects", name, len(before))
		}
		down(t, conn)
		if left := objects(t, conn); len(left) != 0 {
			t.Errorf("%s: after going down there are %v", name, left)
		}
		if _, err := schema.Apply(t.Context(), conn.Config(), schema.PullRequest); err != nil {
			t.Fatal(err)
		}
		if after := objects(t, conn); !slices.Equal(before, after) {
			t.Errorf("%s: the second time up makes other objects", name)
		}
	}
}

func TestApply_PullRequestKeepsEveryRowOfProduction(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Seeded(t, schema.Production))
	count := func() (text string) {
		for _, table := range []string{
			"products", "orders", "order_lines", "reviews", "events", "crm.customers",
			`crm."NewsletterSignups"`,
		} {
			text += fmt.Sprintf("%s %d ", table, shoptest.Value[int](t, conn, `SELECT count(*) FROM `+table))
		}
		return text
	}
	before := count()
	if _, err := schema.Apply(t.Context(), conn.Config(), schema.PullRequest); err != nil {
		t.Fatal(err)
	}
	if after := count(); after != before {
		t.Errorf("rows went from %s to %s", before, after)
	}
	for form, want := range map[string]int{"cactus": 1, "succulent": 1, "fern": 3} {
		if got := shoptest.Value[bool](t, conn, `SELECT bool_and(care_level_id = $2) FROM products WHERE form = $1`,
			form, want); !got {
			t.Errorf("not every %s has care level %d", form, want)
		}
	}
}
