package score_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// marketSQL is a small market: 1,000 customers with 0 to 9 orders each, of 4
// states, a tenth of them without a coupon.
const marketSQL = `
	CREATE TABLE coupon (code text PRIMARY KEY);
	CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);
	CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer, coupon text REFERENCES coupon,
		state text NOT NULL);
	INSERT INTO coupon SELECT 'c' || i FROM generate_series(0, 9) AS i;
	INSERT INTO customer SELECT i, 'Customer ' || i FROM generate_series(1, 1000) AS i;
	INSERT INTO orders SELECT c * 10 + i, c, CASE WHEN (c + i) % 10 > 0 THEN 'c' || (c + i) % 10 END,
	         (ARRAY['new', 'paid', 'sent', 'lost'])[1 + (c + i) % 4]
	  FROM generate_series(1, 1000) AS c, generate_series(1, c % 10) AS i;
	ANALYZE`

// quarter keeps a quarter of every table, by a curve of slope 1.
var quarter = plan.Curve{From: plan.Point{Source: 100, Kept: 25}, To: plan.Point{Source: 10_000, Kept: 2500}}

// market is the source, and a copy of it to spoil.
func market(t *testing.T) (plan.Spec, string) {
	t.Helper()
	source := pgtest.Shared(t, "score", func(url string) { pgtest.Exec(t, url, marketSQL) })
	return plan.Spec{URL: source, Curve: quarter}, pgtest.Clone(t, source)
}

// good is what a subset without a defect keeps: ten of forty customers with all
// their orders, and every coupon.
const good = `
	DELETE FROM orders WHERE customer % 40 >= 10;
	DELETE FROM customer WHERE id % 40 >= 10;`

func byName[T any](list []T, name func(T) string) map[string]T {
	found := map[string]T{}
	for _, e := range list {
		found[name(e)] = e
	}
	return found
}

func keyScores(s *score.Score) map[string]score.Key {
	return byName(s.Keys, func(k score.Key) string { return strings.TrimPrefix(k.Name, "public.orders.orders_") })
}

func tableScores(s *score.Score) map[string]score.Table {
	return byName(s.Tables, func(t score.Table) string { return t.Name })
}

func columnScores(s *score.Score) map[string]score.Column {
	return byName(s.Columns,
		func(c score.Column) string { return strings.TrimPrefix(c.Table, "public.") + "." + c.Column })
}

func TestScore_OfTheSourceItselfIsZero(t *testing.T) {
	spec, copied := market(t)
	spec.Curve = plan.Curve{From: plan.Point{Source: 1, Kept: 1}, To: plan.Point{Source: 10, Kept: 10}}
	s := scored(t, spec, copied)
	want := score.Summary{
		SourceRows: 5510, Target: 5510, Rows: 5510, Covered: 1, CoverExpected: 1,
		Fanout: score.Extremes{Measured: 2}, Shape: score.Extremes{Measured: 2},
		PositionBias: score.Extremes{Measured: 3},
	}
	if diff := cmp.Diff(want, s.Summary); diff != "" {
		t.Error(diff)
	}
	if c := columnScores(s)["orders.coupon"]; c.Nulls.Source != c.Nulls.Subset || c.Nulls.Source < 0.08 ||
		c.Nulls.Source > 0.12 {
		t.Errorf("%+v", *c.Nulls)
	}
	// With a curve that keeps less, only what depends on it differs.
	spec.Curve = quarter
	s = scored(t, spec, copied)
	if s.Summary.Shape.Beyond != 0 || s.Summary.Shape.Median != 0 || s.Summary.PositionBias.Median != 0 ||
		s.Summary.Overflow == 0 {
		t.Errorf("%+v", s.Summary)
	}
}

func TestScore_FindsNoFaultWithAGoodSubset(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, good)
	s := scored(t, spec, target)
	tables := tableScores(s)
	if c, o := tables["customer"], tables["orders"]; c.Rows != 250 || c.Error != 0 || o.Target != 1125 ||
		o.Rows != 1125 {
		t.Errorf("customer %+v, orders %+v", c, o)
	}
	k := keyScores(s)["customer_fkey"]
	if k.Fanout.Value > k.Fanout.Chance || k.Childless.Source != 0.1 || k.Childless.Subset != 0.1 ||
		k.Mean.Source != 4.5 {
		t.Errorf("%+v, fan-out %+v", k, *k.Fanout)
	}
	if s.Summary.PositionBias.Beyond != 0 || s.Summary.Broken != 0 || s.Summary.Dangling != 0 {
		t.Errorf("%+v", s.Summary)
	}
}

func TestScore_FindsATableThatIsTooFull(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, `DELETE FROM orders WHERE customer % 40 >= 10; DELETE FROM customer WHERE id % 40 >= 30`)
	s := scored(t, spec, target)
	c := tableScores(s)["customer"]
	if c.Target != 250 || c.Rows != 750 || c.Error != 2 || c.Overflow != 500 {
		t.Errorf("%+v", c)
	}
	if s.Summary.Overflow != 507 || s.Summary.TargetError < 0.3 { // and all 10 coupons instead of 3
		t.Errorf("%+v", s.Summary)
	}
	// Too many customers have too few orders each, and the key shows it.
	k := keyScores(s)["customer_fkey"]
	if k.Mean.Subset != 1.5 || k.Fanout.Value < 0.5 {
		t.Errorf("%+v, fan-out %+v", k, *k.Fanout)
	}
}

func TestScore_FindsABrokenKey(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, good+`
		SET session_replication_role = replica; DELETE FROM customer WHERE id = 9`) // with 9 orders
	k := keyScores(scored(t, spec, target))["customer_fkey"]
	if k.Dangling != 9 || k.Before != 0 || k.Broken != 9 {
		t.Errorf("%+v", k)
	}
	// The key itself may be gone too: the source's is asked.
	pgtest.Exec(t, target, "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey")
	s := scored(t, spec, target)
	if s.Summary.Broken != 9 || s.Summary.Dangling != 9 {
		t.Errorf("%+v", s.Summary)
	}
}

// What dangles in the source may dangle in the score.
func TestScore_ForgivesWhatTheSourceBreaks(t *testing.T) {
	spec, target := market(t)
	spoil := `SET session_replication_role = replica; DELETE FROM customer WHERE id = 9`
	spec.URL = pgtest.Clone(t, spec.URL)
	pgtest.Exec(t, spec.URL, spoil)
	pgtest.Exec(t, target, good+spoil)
	k := keyScores(scored(t, spec, target))["customer_fkey"]
	if k.Dangling != 9 || k.Before != 9 || k.Broken != 0 {
		t.Errorf("%+v", k)
	}
}

func TestScore_FindsThatOnlyTheFirstRowsAreKept(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, `DELETE FROM orders WHERE customer > 40; DELETE FROM customer WHERE id > 40`)
	s := scored(t, spec, target)
	for _, name := range []string{"customer", "orders"} {
		if d := tableScores(s)[name].Position; d == nil || d.Value < 0.95 || d.Chance > 0.3 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if b := s.Summary.PositionBias; b.Beyond != 2 || b.Worst < 0.95 {
		t.Errorf("%+v", b)
	}
}

func TestScore_FindsThatChildlessParentsAreGone(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, good+`DELETE FROM customer WHERE id NOT IN (SELECT customer FROM orders)`)
	k := keyScores(scored(t, spec, target))["customer_fkey"]
	if k.Childless.Source != 0.1 || k.Childless.Subset != 0 || k.Childless.Implied != 0.1 || k.Fanout.Value < 0.099 {
		t.Errorf("%+v, fan-out %+v", k, *k.Fanout)
	}
}

func TestScore_FindsThatAllChildrenOfSomeAreGone(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, good+`DELETE FROM orders WHERE customer % 2 = 0`)
	k := keyScores(scored(t, spec, target))["customer_fkey"]
	if k.Childless.Subset < 0.49 || !(k.Fanout.Value > k.Fanout.Chance) || !(k.Shape.Value > k.Shape.Chance) {
		t.Errorf("%+v, fan-out %+v, shape %+v", k, *k.Fanout, *k.Shape)
	}
}

func TestScore_FindsValuesAndNullsThatAreGone(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, good+`DELETE FROM orders WHERE state = 'lost' OR coupon IS NULL`)
	columns := columnScores(scored(t, spec, target))
	if v := columns["orders.state"].Coverage; v == nil || v.Values != 4 || v.Found != 3 || v.Weighted > 0.8 ||
		v.Weighted < 0.7 || v.Expected != 1 {
		t.Errorf("%+v", v)
	}
	if n := columns["orders.coupon"].Nulls; n == nil || n.Source < 0.08 || n.Subset != 0 {
		t.Errorf("%+v", n)
	}
	if _, told := columns["customer.name"]; told {
		t.Error("a column with a value for each row is told")
	}
}

// Without statistics the first rows say which columns have few values.
func TestScore_NeedsNoStatistics(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, strings.Replace(marketSQL, "ANALYZE", "", 1))
	spec, target := market(t)
	analyzed := scored(t, spec, target)
	spec.URL = url
	if diff := cmp.Diff(columnScores(analyzed), columnScores(scored(t, spec, target))); diff != "" {
		t.Error(diff)
	}
}

func TestScore_ListsTablesOfOneSideOnly(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, `
		DROP TABLE coupon CASCADE; CREATE TABLE extra (id int); CREATE TABLE customer_copy (id int);
		ALTER TABLE orders DROP COLUMN state`)
	s := scored(t, spec, target)
	if diff := cmp.Diff([]string{"public.coupon"}, s.OnlySource); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"public.customer_copy", "public.extra"}, s.OnlySubset); diff != "" {
		t.Error(diff)
	}
	if len(s.Unscored) != 1 || s.Unscored[0].Name != "public.orders.orders_coupon_fkey" || len(s.Keys) != 1 {
		t.Errorf("%+v", s.Unscored)
	}
}

func TestScore_WorksForRolesThatOnlyRead(t *testing.T) {
	spec, target := market(t)
	whole := scored(t, spec, target)
	spec.URL = pgtest.Clone(t, spec.URL)
	for i, url := range []*string{&spec.URL, &target} {
		role := pgtest.Role(t, *url, []string{"score_source", "score_target"}[i], "")
		pgtest.Exec(t, *url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC")
		*url = role
	}
	s := scored(t, spec, target)
	if diff := cmp.Diff(whole.Summary, s.Summary); diff != "" {
		t.Error(diff)
	}
}

func TestScore_RefusesWhatItCannotReadCompletely(t *testing.T) {
	spec, target := market(t)
	role := pgtest.Role(t, target, "score_denied", "")
	pgtest.Exec(t, target, "GRANT SELECT ON orders, coupon TO score_denied")
	_, err := measure(t, spec, role)
	var denied *plan.PermissionError
	if !errors.As(err, &denied) || !strings.HasPrefix(err.Error(), "score: target: ") || len(hint.Of(err)) == 0 {
		t.Errorf("%v", err)
	}
	pgtest.Exec(t, target, "GRANT SELECT ON customer TO score_denied; ALTER TABLE customer ENABLE ROW LEVEL SECURITY")
	_, err = measure(t, spec, role)
	var secured *plan.RowSecurityError
	if !errors.As(err, &secured) {
		t.Errorf("%v", err)
	}
	if _, err := measure(t, spec, "nonsense"); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("%v", err)
	}
}

func TestScore_IsTheSameEachTimeAndPrintsNoValue(t *testing.T) {
	spec, target := market(t)
	pgtest.Exec(t, target, good)
	var first bytes.Buffer
	for i := range 2 {
		s := scored(t, spec, target)
		s.Seconds = 0
		var b bytes.Buffer
		if err := errors.Join(s.WriteJSON(&b), s.WriteText(&b), s.WriteMarkdown(&b)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
			continue
		}
		if diff := cmp.Diff(first.String(), b.String()); diff != "" {
			t.Error(diff)
		}
	}
	for _, value := range []string{"paid", "lost", "Customer 1", "c7"} {
		if strings.Contains(first.String(), value) {
			t.Errorf("%s is printed", value)
		}
	}
}

func TestScore_SurvivesJSON(t *testing.T) {
	spec, target := market(t)
	s := scored(t, spec, target)
	var b bytes.Buffer
	if err := s.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got score.Score
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*s, got); diff != "" {
		t.Error(diff)
	}
}

// Steps are told from the first to the last, however many goroutines do them.
func TestMeasure_TellsEachStepOnce(t *testing.T) {
	spec, target := market(t)
	source, err := snapshot.Open(t.Context(), snapshot.Options{URL: spec.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close(t.Context())
	var mu sync.Mutex
	told := map[int64]bool{}
	var last int64
	_, err = score.Measure(t.Context(), source, spec, target, func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if told[done] {
			t.Errorf("step %d is told twice", done)
		}
		told[done], last = true, total
	})
	if err != nil || last == 0 || int64(len(told)) != last || !told[last] {
		t.Errorf("%d of %d steps are told, %v", len(told), last, err)
	}
}
