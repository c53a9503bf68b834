package subset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// tenantShop is a database of 50 tenants and 120,000 rows that tests share and none
// may change. Cross is the share of its references that leave their tenant.
func tenantShop(t *testing.T, cross float64) string {
	t.Helper()
	return pgtest.Shared(t, fmt.Sprintf("shop %g", cross), func(url string) {
		made, err := filepath.Abs("../testdata/bench/shop.sql")
		if err != nil {
			t.Fatal(err)
		}
		script := filepath.Join(t.TempDir(), "shop.sql")
		text := fmt.Sprintf("\\set scale 0.01\n\\set tenants 50\n\\set cross %g\n\\i %s\n", cross, made)
		if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		pgtest.Load(t, url, script)
	})
}

// Where rows of a tenant reference only their own, and where they reference
// any tenant's, the curve holds for the whole and no table starves.
func TestRun_IsBalancedOverTenants(t *testing.T) {
	t.Parallel()
	for name, cross := range map[string]float64{"within tenants": 0, "across tenants": 1} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				report, target := takeRows(t, plan.Spec{URL: tenantShop(t, cross), Seed: seed})
				t.Log(balance(report))
				wantBalance(t, report)
				wantExplained(t, report)
				wantWhole(t, target)
			})
		}
	}
}

// balance is what was kept of each table, for people.
func balance(report *subset.Report) string {
	var b strings.Builder
	line := func(name string, source, target, rows, sampled int64, by []subset.Force) {
		fmt.Fprintf(&b, "%-13s %7d %6d %6d %6.2f  sampled %-6d %v\n", name, source, target, rows,
			shareOf(rows, target), sampled, by)
	}
	fmt.Fprintf(&b, "\n%-13s %7s %6s %6s %6s\n", "table", "source", "target", "kept", "share")
	for _, r := range report.Tables {
		line(r.Name, r.Source, r.Target, r.Rows, r.Sampled, r.ForcedBy)
	}
	line("all", report.SourceRows, report.Target, report.Rows, 0, nil)
	return b.String()
}

func shareOf(rows, target int64) float64 {
	if target == 0 {
		return 1
	}
	return float64(rows) / float64(target)
}

// wantExplained holds every row above a table's target against the foreign
// keys that the report names for it.
func wantExplained(t *testing.T, report *subset.Report) {
	t.Helper()
	for _, r := range report.Tables {
		explained := forcedRows(r)
		if above := r.Rows - r.Target; above > explained {
			t.Errorf("%s has %d rows above its target, keys explain %d", r.Name, above, explained)
		}
		if explained != r.Forced {
			t.Errorf("%s has %d forced rows, keys explain %d", r.Name, r.Forced, explained)
		}
	}
}

func forcedRows(r subset.TableReport) (rows int64) {
	for _, by := range r.ForcedBy {
		rows += by.Rows
	}
	return rows
}

func wantWhole(t *testing.T, url string) {
	t.Helper()
	dangling, err := score.Verify(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dangling {
		t.Errorf("%d rows dangle below %s", d.Rows, d.Key)
	}
}

// Refunds hang below order lines, which hang below orders and products, and
// below users: rows of two sampled parents that never met would leave none.
func TestRun_KeepsGrandchildrenOfTwoSampledParents(t *testing.T) {
	t.Parallel()
	for _, cross := range []float64{0, 1} {
		report, target := takeRows(t, plan.Spec{URL: tenantShop(t, cross), Seed: 7})
		for _, r := range report.Tables {
			if r.Name == "refunds" && shareOf(r.Rows, r.Target) < 0.5 {
				t.Errorf("cross %g: %d refunds, target %d", cross, r.Rows, r.Target)
			}
		}
		complete := pgtest.Value(t, target, `SELECT count(*) FROM refunds JOIN order_lines USING (order_id, line_no)
			JOIN orders ON orders.id = order_id JOIN products ON products.id = product_id JOIN users ON users.id = user_id`)
		if all := pgtest.Value(t, target, "SELECT count(*) FROM refunds"); complete != all {
			t.Errorf("cross %g: %s of %s refunds have all that they need", cross, complete, all)
		}
	}
}
