package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// A shop of 1.3 million rows: skewed, as shops are.
const benchmarkShop = `
CREATE TABLE tenants (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE products (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, name text NOT NULL);
CREATE TABLE customers (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, name text NOT NULL, email text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, made timestamptz NOT NULL);
CREATE TABLE lines (order_id int REFERENCES orders, line int, product_id int NOT NULL REFERENCES products, quantity int NOT NULL, PRIMARY KEY (order_id, line));
INSERT INTO tenants SELECT n, 'tenant ' || n FROM generate_series(1, 200) n;
INSERT INTO products SELECT n, 1 + n % 200, 'product ' || n FROM generate_series(1, 10000) n;
INSERT INTO customers SELECT n, 1 + (200 * power(hash_int(n), 2))::int % 200, 'customer ' || n, n || '@example.com' FROM generate_series(1, 60000) n;
INSERT INTO orders SELECT n, 1 + (60000 * power(hash_int(n), 3))::int % 60000, timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 300000) n;
INSERT INTO lines SELECT 1 + n / 3, n % 3, 1 + (10000 * power(hash_int(n), 3))::int % 10000, 1 + n % 5 FROM generate_series(0, 899999) n;
CREATE INDEX ON products (tenant_id);
CREATE INDEX ON customers (tenant_id);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON lines (product_id);
ANALYZE`

// hashInt is a number from 0 to 1 that follows from n and looks like chance.
const hashInt = `CREATE FUNCTION hash_int(n int) RETURNS float8 IMMUTABLE LANGUAGE sql
	AS $$ SELECT (hashint4(n)::bigint + 2147483648) / 4294967296.0 $$`

// BenchmarkSubset measures a subset beside two yardsticks, turn by turn in one
// run: one sequential scan of every table, and a pg_dump of the whole database.
func BenchmarkSubset(b *testing.B) {
	source := pgtest.New(b)
	pgtest.Exec(b, source, hashInt)
	for statement := range strings.SplitSeq(benchmarkShop, ";\n") {
		pgtest.Exec(b, source, statement)
	}
	var scan, dump, script, database time.Duration
	var rows, target int64
	for b.Loop() {
		scan += timed(func() {
			for _, table := range []string{"tenants", "products", "customers", "orders", "lines"} {
				pgtest.Exec(b, source, "SET max_parallel_workers_per_gather = 0; SELECT count(*) FROM "+table)
			}
		})
		dump += timed(func() { wholeDump(b, source) })
		script += timed(func() { subsetTo(b, source, filepath.Join(b.TempDir(), "shop.sql.zst")) })
		into := pgtest.New(b)
		database += timed(func() {
			report := subsetTo(b, source, into)
			rows, target = report.Rows, report.Target
		})
	}
	each := func(d time.Duration) float64 { return d.Seconds() / float64(b.N) }
	b.ReportMetric(each(scan), "s-scan")
	b.ReportMetric(each(dump), "s-dump")
	b.ReportMetric(each(script), "s-script")
	b.ReportMetric(each(database), "s-database")
	b.ReportMetric(script.Seconds()/dump.Seconds(), "script/dump")
	b.ReportMetric(database.Seconds()/dump.Seconds(), "database/dump")
	b.ReportMetric(float64(rows)/float64(target), "rows/target")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func wholeDump(b *testing.B, source string) {
	b.Helper()
	dump := exec.CommandContext(b.Context(), "pg_dump", "--format=custom", "--compress=0", "--dbname="+source)
	dump.Stdout = io.Discard
	if err := dump.Run(); err != nil {
		b.Fatal(err)
	}
}

func subsetTo(b *testing.B, url, to string) *subset.Report {
	b.Helper()
	source, err := subset.Open(b.Context(), subset.Spec{URL: url})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = source.Close(b.Context()) }()
	plan, err := source.Plan(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	target, err := sink.Open(to, sink.Options{})
	if err != nil {
		b.Fatal(err)
	}
	report, err := source.Run(b.Context(), plan, target, nil)
	if err != nil {
		b.Fatal(err)
	}
	if report.Dangling() > 0 {
		b.Fatalf("%d rows dangle", report.Dangling())
	}
	return report
}
