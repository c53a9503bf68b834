package subset_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

const clinicSQL = `
	CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%_@_%');
	CREATE TYPE mood AS ENUM ('good', 'bad');
	CREATE TABLE person (
		email mail PRIMARY KEY, code varchar(12) NOT NULL UNIQUE, name text NOT NULL, phone text, born date NOT NULL, mood mood,
		visits integer NOT NULL CHECK (visits > 0), notes text[], profile jsonb, shown text GENERATED ALWAYS AS (upper(name)) STORED);
	CREATE TABLE visit (
		id integer PRIMARY KEY, person mail NOT NULL REFERENCES person, referrer text, at timestamptz NOT NULL, amount numeric(8, 2), seat integer, UNIQUE NULLS NOT DISTINCT (seat, id));
	CREATE INDEX ON visit (person);
	INSERT INTO person SELECT 'p' || n || '@corp.test', 'P-' || n, 'Person Number' || n, '+1 202 555 ' || to_char(n, 'FM0000'), '1980-01-01'::date + n, 'good', n,
		ARRAY['call p' || n || '@corp.test'], jsonb_build_object('mail', 'p' || n || '@corp.test', 'n', n) FROM generate_series(1, 60) AS n;
	INSERT INTO visit (id, person, referrer, at, amount) SELECT n, 'p' || 1 + n % 60 || '@corp.test', 'p' || 1 + n % 7 || '@corp.test', '2020-01-01'::timestamptz + n * interval '1 day', n FROM generate_series(1, 300) AS n;
	ANALYZE;`

var clinicRules = []mask.Rule{
	{Column: "public.person.email", As: "email"},
	{Column: "public.person.code", As: "text"},
	{Column: "*.name", As: "name"},
	{Column: "*.phone", As: "phone"},
	{Column: "public.person.born", As: "shift", By: "email", Days: 10},
	{Column: "public.person.notes", As: "scrub"},
	{Column: "public.person.profile", As: "json", At: []mask.Rule{{Column: "$.mail", As: "email"}}},
	{Column: "public.visit.amount", As: "sql", Value: "round(amount, -1)"},
}

func clinic(t *testing.T) string {
	sql := clinicSQL
	if pgtest.Major(t) < 15 {
		sql = strings.ReplaceAll(sql, "UNIQUE NULLS NOT DISTINCT", "UNIQUE")
	}
	return pgtest.Shared(t, "clinic", func(url string) { pgtest.Exec(t, url, sql) })
}

// masking is the clinic with rules.
func masking(t *testing.T, key string, rules ...mask.Rule) plan.Spec {
	spec := everything(t, clinic(t))
	spec.References = []string{"public.visit.referrer -> public.person.email"}
	spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Rules: rules, Key: mask.NewKey(key)}
	return spec
}

func TestRun_MasksColumnsAndLeavesTheOthers(t *testing.T) {
	var sink memory
	report := take(t, masking(t, "k", clinicRules...), &sink)
	text := sink.bytes()
	for _, secret := range []string{"corp.test", "Person Number", "202 555", "P-1\t"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the subset", secret)
		}
	}
	people := map[string]bool{}
	for line := range strings.Lines(sink.rows["public.person"]) {
		people[strings.Split(line, "\t")[0]] = true
	}
	for line := range strings.Lines(sink.rows["public.visit"]) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if !people[fields[1]] || !people[fields[2]] {
			t.Fatalf("visit %s names nobody", fields[0])
		}
		if !strings.HasSuffix(fields[4], "0.00") {
			t.Fatalf("amount %s", fields[4])
		}
	}
	if len(people) != 60 {
		t.Errorf("%d people", len(people))
	}
	if got := report.Privacy; got.Level != mask.PrivacyStrict || got.Key != "given" || len(got.Masked) != 10 {
		t.Errorf("%+v", got)
	}
}

func TestRun_MasksTwoDatabasesAlikeUnderTheSameKeyOnly(t *testing.T) {
	var one, again, other memory
	take(t, masking(t, "k", clinicRules...), &one)
	elsewhere := masking(t, "k", clinicRules...)
	elsewhere.URL = pgtest.Clone(t, elsewhere.URL)
	take(t, elsewhere, &again)
	take(t, masking(t, "other", clinicRules...), &other)
	if diff := cmp.Diff(one.bytes(), again.bytes()); diff != "" {
		t.Error(diff)
	}
	if one.rows["public.person"] == other.rows["public.person"] {
		t.Error("another key gives the same people")
	}
}

func TestRun_KeepsTheOrderOfManyMaskedRows(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TABLE big (id integer PRIMARY KEY, name text);
		INSERT INTO big SELECT n, 'name ' || n || repeat(E'\t\\x\n', 20) FROM generate_series(1, 30000) AS n; ANALYZE`)
	spec := everything(t, url)
	var plain, masked memory
	take(t, spec, &plain)
	spec.Masking = mask.Masking{Rules: []mask.Rule{{Column: "public.big.name", As: "name"}}, Key: mask.NewKey("k")}
	take(t, spec, &masked)
	ids := func(m *memory) (list []string) {
		for line := range strings.Lines(m.rows["public.big"]) {
			id, _, _ := strings.Cut(line, "\t")
			list = append(list, id)
		}
		return list
	}
	if want, got := ids(&plain), ids(&masked); len(got) != 30000 || !slices.Equal(want, got) {
		t.Errorf("%d and %d rows, or another order", len(want), len(got))
	}
}

func TestPlan_RefusesRulesThatCannotBeKept(t *testing.T) {
	for _, c := range []struct {
		want string
		rule mask.Rule
	}{
		{"mask: public.person.nam: the source has no such column", mask.Rule{Column: "public.person.nam", As: "name"}},
		{
			`mask: public.person.name: no transformer is called "nam"`,
			mask.Rule{Column: "public.person.name", As: "nam"},
		},
		{
			"mask: public.person.name: the template knows no {x}",
			mask.Rule{Column: "public.person.name", As: "template", Value: "{x}"},
		},
		{
			"mask: public.person.code: first_name cannot keep the index person_code_key unique",
			mask.Rule{Column: "public.person.code", As: "first_name"},
		},
		{
			"mask: public.person.code: email needs 28 characters and the column holds 12",
			mask.Rule{Column: "public.person.code", As: "email"},
		},
		{"mask: public.person.name: the column is NOT NULL", mask.Rule{Column: "public.person.name", As: "null"}},
		{
			"mask: public.visit.seat: the index visit_seat_id_key takes one NULL only",
			mask.Rule{Column: "public.visit.seat", As: "null"},
		},
		{
			"mask: public.person.visits: email does not work on the type integer",
			mask.Rule{Column: "public.person.visits", As: "email"},
		},
		{"mask: public.person.visits: bucket cannot keep the CHECK constraint person_visits_check: " +
			"masked rows break it", mask.Rule{Column: "public.person.visits", As: "bucket", To: "100"}},
		{"mask: public.person.email: hash gives values that the column does not take: the constraint mail_check of " +
			"its domain refuses them (SQLSTATE 23514)", mask.Rule{Column: "public.person.email", As: "hash"}},
		{
			"mask: public.person.mood: constant gives values that the column does not take (SQLSTATE 22P02)",
			mask.Rule{Column: "public.person.mood", As: "constant", Value: "ugly"},
		},
		{
			"mask: public.person.visits: the expression is wrong: column \"visitors\" does not exist",
			mask.Rule{Column: "public.person.visits", As: "sql", Value: "visitors + 1"},
		},
		{
			"mask: public.person.shown: the server computes this column of others",
			mask.Rule{Column: "public.person.shown", As: "text"},
		},
		{
			"mask: public.person.born: public.person has no column who",
			mask.Rule{Column: "public.person.born", As: "shift", By: "who"},
		},
		{
			"mask: public.person.name: name takes no option \"days\"",
			mask.Rule{Column: "public.person.name", As: "name", Days: 3},
		},
	} {
		if strings.Contains(c.want, "one NULL only") && pgtest.Major(t) < 15 {
			continue // no index is so before
		}
		c.rule.Where = "offshoot.yaml:7"
		spec := masking(t, "k", c.rule)
		spec.Masking.Privacy = mask.PrivacyOff
		_, err := planOf(t, spec)
		if err == nil || !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "offshoot.yaml:7: ") {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

// Whatever finds a mistake, the file itself, the catalog or the source.
func TestPlan_ListsEveryBadRuleOfEveryKindInTheirOrder(t *testing.T) {
	var rules []mask.Rule
	want := []string{
		"offshoot.yaml:1: mask: public.person.emial: the source has no such column",
		"offshoot.yaml:2: mask: public.person.visits: name does not work on the type integer",
		"offshoot.yaml:3: mask: public.person.name: the template has a brace without its other half",
		"offshoot.yaml:4: mask: public.person.code: first_name cannot keep the index person_code_key unique",
		"offshoot.yaml:5: mask: public.visit.paid: constant cannot keep the CHECK constraint visit_paid_check: " +
			"masked rows break it",
		"offshoot.yaml:6: mask: public.visit.amount: bucket together with tip (bucket, to 50) cannot keep the " +
			"CHECK constraint visit_check",
		"offshoot.yaml:8: mask: public.visit.at: the expression is wrong",
	}
	for i, rule := range []mask.Rule{
		{Column: "public.person.emial", As: "email"},
		{Column: "public.person.visits", As: "name"},
		{Column: "public.person.name", As: "template", Value: "{"},
		{Column: "public.person.code", As: "first_name"},
		{Column: "public.visit.paid", As: "constant", Value: "soon"},
		{Column: "public.visit.amount", As: "bucket", To: "100"},
		{Column: "public.visit.tip", As: "bucket", To: "50"},
		{Column: "public.visit.at", As: "sql", Value: "now("},
	} {
		rule.Where = fmt.Sprintf("offshoot.yaml:%d", i+1)
		rules = append(rules, rule)
	}
	url := pgtest.Clone(t, clinic(t))
	pgtest.Exec(t, url,
		`ALTER TABLE visit ADD paid text CHECK (paid IN ('yes', 'no')), ADD tip int NOT NULL DEFAULT 1, ADD CHECK (tip < amount + 1);
		UPDATE visit SET tip = 50 WHERE amount > 51`)
	spec := masking(t, "k", rules...)
	spec.URL = url
	_, err := planOf(t, spec)
	lines := strings.Split(fmt.Sprint(err), "\n")
	for i, line := range want {
		if i >= len(lines) || !strings.HasPrefix(lines[i], line) {
			t.Errorf("line %d of\n%v\nis not\n%s", i+1, err, line)
		}
	}
	var undecided *subset.SensitiveError
	if !errors.Is(err, hint.ErrUsage) || !errors.As(err, &undecided) {
		t.Fatalf("the columns without a rule are not listed too: %v", err)
	}
	for _, f := range undecided.Findings {
		if f.Name == "visits" || f.Name == "name" || f.Name == "code" {
			t.Errorf("%s has a rule, though a bad one", f.Column())
		}
	}
}

func TestPlan_RefusesKeysThatAreMaskedOnOneSide(t *testing.T) {
	for _, rules := range [][]mask.Rule{
		{{Column: "public.person.email", As: "email"}, {Column: "public.visit.person", As: "keep"}},
		{{Column: "public.person.email", As: "email"}, {Column: "public.visit.referrer", As: "token"}},
		{{Column: "public.person.email", As: "sql", Value: "lower(email)"}},
	} {
		spec := masking(t, "k", rules...)
		spec.Masking.Privacy = mask.PrivacyOff
		if _, err := planOf(t, spec); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%v: %v", rules, err)
		}
	}
}

func TestPlan_StopsBeforeRowsAreCopiedWhenSomethingLooksSensitive(t *testing.T) {
	spec := masking(t, "k", clinicRules[:3]...)
	_, err := planOf(t, spec)
	var got *subset.SensitiveError
	if !errors.As(err, &got) || !errors.Is(err, hint.ErrUsage) {
		t.Fatalf("%v", err)
	}
	var columns []string
	for _, f := range got.Findings {
		columns = append(columns, f.Column())
	}
	want := []string{"public.person.phone", "public.person.born", "public.person.notes", "public.person.profile"}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Error(diff)
	}
	spec.Masking.Privacy = mask.PrivacyWarn
	p, err := planOf(t, spec)
	if err != nil || len(p.Privacy.Unmasked) != 4 || len(p.Warnings) < 3 {
		t.Errorf("%v: %v", err, p)
	}
}

func TestPlan_StopsAtColumnsThatCameAfterTheScan(t *testing.T) {
	spec := masking(t, "k", clinicRules...)
	spec.Masking.Scanned = map[string][]string{
		"public.person": {"email", "code", "name", "phone", "born", "mood", "visits", "notes", "profile"},
		"public.visit":  {"id", "person", "referrer", "amount", "seat"},
	}
	_, err := planOf(t, spec)
	if err == nil || !strings.Contains(err.Error(), "public.visit.at: appeared since the last scan") ||
		strings.Contains(err.Error(), "public.visit.id") {
		t.Errorf("%v", err)
	}
	spec.Masking.Rules = append(spec.Masking.Rules, mask.Rule{Column: "public.visit.at", As: "keep"})
	if _, err := planOf(t, spec); err != nil {
		t.Error(err)
	}
}
