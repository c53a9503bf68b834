package bench_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// wideSQL makes 300,000 rows of 20 columns, of which five are a person's.
var wideSQL = fmt.Sprintf(`
	CREATE TABLE wide (id int PRIMARY KEY, email text, first_name text, last_name text, phone text, note text, %s);
	INSERT INTO wide SELECT n, 'user' || n || '@corp.test', 'First' || n, 'Last' || n, '+49 171 ' || 5550000 + n, 'said on day ' || n, %s
	  FROM generate_series(1, 300000) AS n;
	VACUUM ANALYZE wide;`, each("c%d text"), each("'value %d of row ' || n"))

func each(format string) string {
	parts := make([]string, 14)
	for i := range parts {
		parts[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(parts, ", ")
}

var wideRules = []mask.Rule{
	{Column: "*.email", As: "email"},
	{Column: "*.first_name", As: "first_name"},
	{Column: "*.last_name", As: "last_name"},
	{Column: "*.phone", As: "phone"},
	{Column: "*.note", As: "text"},
}

// BenchmarkMasking copies the same rows as they are and masked, in turns. Five
// masked columns of 20 may at most double the time.
func BenchmarkMasking(b *testing.B) {
	server := newServer(b)
	url := server.empty(b)
	for statement := range strings.SplitSeq(wideSQL, ";\n") {
		pgtest.Exec(b, url, statement)
	}
	var plain, masked []float64
	for range b.N {
		for range 3 {
			plain = append(plain, copyWide(b, url, nil))
			masked = append(masked, copyWide(b, url, wideRules))
		}
	}
	slices.Sort(plain)
	slices.Sort(masked)
	without, with := plain[len(plain)/2], masked[len(masked)/2]
	say("masking: 300,000 rows of 20 columns take %.1f s, with five columns masked %.1f s", without, with)
	b.ReportMetric(without/with, "throughput")
	if with > 2*without {
		b.Errorf("five masked columns of 20 leave %.2f of the throughput, not half", without/with)
	}
	server.drop(b, url)
}

func copyWide(b *testing.B, url string, rules []mask.Rule) float64 {
	b.Helper()
	spec := plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.wide": {All: true}}}
	spec.Masking = mask.Masking{Rules: rules, Key: mask.NewKey("a key for the benchmark")}
	source, err := subset.Open(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	plan, err := source.Plan(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	to, err := sink.Open(filepath.Join(b.TempDir(), "wide.sql"), sink.Options{})
	if err != nil {
		b.Fatal(err)
	}
	report, err := source.Run(b.Context(), plan, to, nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := source.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	return report.Seconds
}
