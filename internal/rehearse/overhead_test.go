package rehearse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// measured are migrations whose time is taken with and without somebody who watches.
var measured = map[string]string{
	"ThousandsOfRows": `ALTER TABLE orders ADD c timestamptz DEFAULT clock_timestamp(); UPDATE orders SET note = 'x' WHERE id % 2 = 0;
CREATE INDEX ON orders (note); ALTER TABLE orders ADD CHECK (id > 0); ALTER TABLE orders ALTER note TYPE varchar(50);`,
	"HundredsOfStatements": hundreds(),
}

func hundreds() string {
	var b strings.Builder
	for n := range 150 {
		fmt.Fprintf(&b, "CREATE TABLE m%[1]d (id int PRIMARY KEY, note text); ALTER TABLE m%[1]d ADD c int; "+
			"INSERT INTO m%[1]d SELECT generate_series(1, 10);\n", n)
	}
	return b.String()
}

// BenchmarkWatch says how many times longer a migration takes while it is rehearsed, the median of all rounds: one
// without and one with somebody who watches, in turn.
func BenchmarkWatch(b *testing.B) {
	for name, script := range measured {
		b.Run(name, func(b *testing.B) {
			var times, each []float64
			for b.Loop() {
				plain, seen := rows(b), rows(b)
				began := time.Now()
				psql(b, plain, script)
				without := time.Since(began)
				var with time.Duration
				watched(b, seen, func() {
					began := time.Now()
					psql(b, seen, script)
					with = time.Since(began)
				})
				times = append(times, with.Seconds()/without.Seconds())
				each = append(each, (with-without).Seconds()*1000/float64(strings.Count(script, ";")))
			}
			slices.Sort(times)
			slices.Sort(each)
			b.ReportMetric(times[len(times)/2], "times")
			b.ReportMetric(each[len(each)/2], "ms-more/statement")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func rows(b *testing.B) string {
	return fresh(b, "CREATE TABLE orders (id int PRIMARY KEY, note text); "+
		"INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 300000) AS n; ANALYZE orders")
}
