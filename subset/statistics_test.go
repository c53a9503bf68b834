package subset_test

import (
	"strconv"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// What statistics may be: as ANALYZE never saw, as it saw a tenth or ten
// times as many rows, or as a server of old or a restored one has them.
var statistics = map[string]string{
	"never analyzed": "UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0 WHERE " +
		"relnamespace = 'public'::regnamespace AND relkind = 'r'; DELETE FROM pg_statistic",
	"a tenth of the rows": "UPDATE pg_class SET reltuples = reltuples / 10 WHERE relnamespace = " +
		"'public'::regnamespace AND relkind = 'r'",
	"ten times the rows": "UPDATE pg_class SET reltuples = reltuples * 10 WHERE relnamespace = " +
		"'public'::regnamespace AND relkind = 'r'",
	"no rows in some pages": "UPDATE pg_class SET reltuples = 0 WHERE relnamespace = 'public'::regnamespace AND " +
		"relkind = 'r'",
	"a value that is no more": "UPDATE customer SET tenant = 2 WHERE tenant = 1; DELETE FROM event WHERE customer " +
		"IS NULL; DELETE FROM log WHERE id % 10 > 0",
}

func TestRun_IsCompleteWhateverTheStatisticsSay(t *testing.T) {
	for name, sql := range statistics {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := pgtest.Clone(t, shop(t))
			pgtest.Exec(t, source, sql)
			report, target := takeRows(t, plan.Spec{URL: source, Seed: 4})
			pgtest.Exec(t, source, "ANALYZE") // what looks at it now is to be quick
			wantComplete(t, source, target, report)
			wantRowsOfSource(t, source, target)
			wantSaneTotals(t, source, report)
		})
	}
}

// wantSaneTotals holds the report against what the source really holds. Wrong
// statistics may move the curve, by what its slope makes of a factor of ten,
// but no table may be left out or taken as a whole for it.
func wantSaneTotals(t *testing.T, source string, report *subset.Report) {
	t.Helper()
	const tenfold = 5.1 // 10 to the power of 0.7046
	for _, r := range report.Tables {
		n, err := strconv.ParseInt(pgtest.Value(t, source, "SELECT count(*) FROM "+quoteName(r.Schema, r.Name)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want := float64(plan.Curve{}.Rows(n))
		if got := float64(r.Rows); got < want/tenfold/2 || got > want*tenfold*1.5+10 {
			t.Errorf("%s: %d of %d rows are kept (%d were thought to be there), the curve says %g", r.Name, r.Rows, n,
				r.Source, want)
		}
		if r.Rows > r.Source && r.Source > 0 {
			t.Errorf("%s: %d rows of %d", r.Name, r.Rows, r.Source)
		}
	}
}
