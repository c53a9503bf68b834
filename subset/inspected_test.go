package subset_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// One row of 20,000, in none of the blocks that a trial looks at, breaks a
// constraint once it is masked.
func TestRun_NamesTheRuleWhenALateRowBreaksAConstraint(t *testing.T) {
	for name, schema := range map[string]string{
		"visits: bucket cannot keep the CHECK constraint ward_visits_check":                                 "CREATE TABLE ward (id int PRIMARY KEY, visits int CHECK (visits > 0), filler text)",
		"visits: bucket gives values that the column does not take: the constraint few_check of its domain": "CREATE DOMAIN few AS int CONSTRAINT few_check CHECK (VALUE > 0); CREATE TABLE ward (id int PRIMARY KEY, visits few, filler text)",
	} {
		url := pgtest.New(t)
		pgtest.Exec(t, url,
			schema+`; INSERT INTO ward SELECT n, 1000, repeat('x', 200) FROM generate_series(1, 20000) AS n;
			INSERT INTO ward VALUES (20001, 737, 'secret'); ANALYZE`)
		spec := plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.ward": {All: true}}}
		spec.Masking = mask.Masking{Rules: []mask.Rule{{
			Column: "public.ward.visits", As: "bucket", To: "1000",
			Where: "offshoot.yaml:7",
		}}}
		for _, to := range []string{t.TempDir() + "/ward.dump", pgtest.New(t)} {
			err := runInto(t, spec, to)
			if err == nil || !errors.Is(err, hint.ErrUsage) ||
				!strings.Contains(err.Error(), "offshoot.yaml:7: mask: public.ward."+name) {
				t.Errorf("got %v\nwant %s", err, name)
			}
			if text := fmt.Sprint(err, hint.Of(err)); strings.Contains(text, "737") ||
				strings.Contains(text, "secret") {
				t.Errorf("a row is in %s", text)
			}
		}
	}
}

// A role that reads may not call every function, and no text is a composite
// value: neither is the fault of a rule.
func TestPlan_AcceptsRulesThatTheSourceCannotJudge(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TYPE place AS (street text, no int);
		CREATE FUNCTION fine(text) RETURNS bool LANGUAGE sql AS 'SELECT true'; REVOKE EXECUTE ON FUNCTION fine FROM PUBLIC;
		CREATE TABLE ward (id int PRIMARY KEY, nurse text CHECK (fine(nurse)), home place);
		INSERT INTO ward VALUES (1, 'Ann', ROW('x', 1)); ANALYZE`)
	reader := pgtest.Role(t, url, "ward_reader", "")
	pgtest.Exec(t, url, "GRANT SELECT ON ward TO PUBLIC")
	spec := plan.Spec{URL: reader, Tables: map[string]plan.Rule{"public.ward": {All: true}}}
	spec.Masking = mask.Masking{Rules: []mask.Rule{
		{Column: "*.nurse", As: "first_name"},
		{Column: "*.home", As: "null"},
	}, Key: mask.NewKey("k")}
	var sink memory
	take(t, spec, &sink)
	if row := sink.rows["public.ward"]; strings.Contains(row, "Ann") || !strings.HasSuffix(row, "\t\\N\n") {
		t.Errorf("%q", row)
	}
}

func runInto(t *testing.T, spec plan.Spec, to string) error {
	t.Helper()
	source := open(t, spec)
	p, err := source.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	target, err := sink.Open(to, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Run(t.Context(), p, target, nil)
	return err
}

// Constraints that every name of a list fulfils need no row to be looked at.
func TestRun_LooksAtNoRowWhereAListProvesTheConstraint(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url,
		`CREATE TABLE ward (id int PRIMARY KEY, nurse text CHECK (nurse <> ''), code text CHECK (length(code) < 20), note text CHECK (note NOT LIKE '%@%'));
		INSERT INTO ward SELECT n, 'Ann', 'c' || n, repeat(E'a\t\\b\n', n % 300) FROM generate_series(1, 3000) AS n; ANALYZE`)
	spec := plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.ward": {All: true}}}
	spec.Masking = mask.Masking{Rules: []mask.Rule{
		{Column: "*.nurse", As: "first_name"},
		{Column: "*.code", As: "token"},
		{Column: "*.note", As: "text"},
	}, Key: mask.NewKey("k")}
	var sink memory
	take(t, spec, &sink)
	rows := strings.Split(strings.TrimSuffix(sink.rows["public.ward"], "\n"), "\n")
	if len(rows) != 3000 {
		t.Fatalf("%d rows", len(rows))
	}
	ids := map[string]bool{}
	for _, row := range rows {
		id, _, _ := strings.Cut(row, "\t")
		if ids[id] || strings.Count(row, "\t") != 3 {
			t.Fatalf("a row is cut: %.80q", row)
		}
		ids[id] = true
	}
}
