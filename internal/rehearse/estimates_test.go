package rehearse_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// estimated are kinds of work, in the order of a migration.
var estimated = []string{
	"ALTER TABLE orders ADD c timestamptz DEFAULT clock_timestamp()",
	"ALTER TABLE orders ALTER n TYPE bigint",
	"ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0)",
	"ALTER TABLE orders ALTER note SET NOT NULL",
	"ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers",
	"CREATE INDEX orders_n ON orders (n)",
	"CREATE INDEX orders_note ON orders (note)",
	"ALTER TABLE orders ADD CONSTRAINT once UNIQUE (customer, id)",
	"UPDATE orders SET n = n + 1 WHERE n % 4 = 0",
	"UPDATE orders SET note = note || '!'",
	"DELETE FROM orders WHERE n % 10 = 0",
	"ALTER TABLE orders SET UNLOGGED",
}

// madeOf are the tables of a production with so many orders, or of a subset of it: one order in every so many.
func madeOf(rows, every int) string {
	return fmt.Sprintf(`CREATE TABLE customers (id int PRIMARY KEY, name text);
INSERT INTO customers SELECT n, md5(n::text) FROM generate_series(%[2]d, %[1]d / 10, %[2]d) AS n;
CREATE TABLE orders (id int PRIMARY KEY, customer int, n int, note text, made timestamptz);
INSERT INTO orders SELECT n, (n / %[2]d %% (%[1]d / 10 / %[2]d) + 1) * %[2]d, n::bigint * 7919 %% 100003,
  md5(n::text) || md5((n + 1)::text), now() FROM generate_series(%[2]d, %[1]d, %[2]d) AS n; ANALYZE; CHECKPOINT`, rows, every)
}

// BenchmarkForetell foretells, on a subset of one row in twenty, how long each kind of work takes in production, and
// takes the time there. It is a server of the same computer, and nobody else uses it.
func BenchmarkForetell(b *testing.B) {
	for b.Loop() {
		production, clone := fresh(b, madeOf(200_000, 1)), fresh(b, madeOf(200_000, 20))
		s := server(b)
		r := watched(b, clone, func() { sendEach(b, clone) })
		r.Foretell(b.Context(), s, databaseOf(b, clone), factsOf(b, production))
		truth := sendEach(b, production)
		twice, thrice, held := 0, 0, 0
		var said strings.Builder
		for i, sql := range estimated {
			f := r.Statements[i].Production
			if f == nil {
				b.Fatalf("%s: not foretold, %v", sql, r.Unknown)
			}
			off := math.Max(f.Seconds/truth[i], truth[i]/f.Seconds)
			fmt.Fprintf(&said, "%.2f s, foretold %.2f s (%.2f to %.2f), ×%.2f: %s\n",
				truth[i], f.Seconds, f.Low, f.High, off, sql)
			twice, thrice = twice+within(off, 2), thrice+within(off, 3)
			if f.Low <= truth[i] && truth[i] <= f.High {
				held++
			}
		}
		b.Log("\n" + said.String())
		b.ReportMetric(float64(twice), "within-×2")
		b.ReportMetric(float64(thrice), "within-×3")
		b.ReportMetric(float64(held), "in-the-interval")
		b.ReportMetric(float64(len(estimated)), "kinds")
	}
	b.ReportMetric(0, "ns/op")
}

func within(off, most float64) int {
	if off <= most {
		return 1
	}
	return 0
}

// sendEach sends the statements, and returns what each took.
func sendEach(b *testing.B, connection string) []float64 {
	conn, err := server(b).Connect(context.WithoutCancel(b.Context()), databaseOf(b, connection))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var took []float64
	for _, sql := range estimated {
		began := time.Now()
		if _, err := conn.Query(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began).Seconds())
	}
	return took
}

// factsOf are the sizes of the tables, as a subset tells them.
func factsOf(b *testing.B, connection string) *facts.Facts {
	major := pgtest.Major(b)
	f := &facts.Facts{Format: facts.Format, Server: major * 10000}
	for _, row := range pgtest.Query(b, connection, `SELECT relname, reltuples::bigint, relpages, pg_relation_size(oid)
		FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`) {
		number := func(i int) int64 { n, _ := strconv.ParseInt(row[i], 10, 64); return n }
		f.Tables = append(f.Tables, facts.Table{
			Schema: "public", Name: row[0], Kind: "r", Rows: float64(number(1)), Pages: number(2), Bytes: number(3),
		})
	}
	return f
}
