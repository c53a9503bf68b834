package subset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// words is a database whose extensions bring operators, some in a schema that
// only the database's own search path names.
func words(t *testing.T) string {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE EXTENSION citext; CREATE SCHEMA tools; CREATE EXTENSION hstore SCHEMA tools;
		CREATE FUNCTION tools.odd(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN same($1 % 2, 1); END';
		CREATE FUNCTION tools.same(int, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2';
		CREATE TABLE t (id int PRIMARY KEY, h tools.hstore, c citext);
		INSERT INTO t SELECT i, tools.hstore('a', (i % 3)::text), 'X' || i FROM generate_series(1, 999) AS i;
		CREATE TABLE u (id int PRIMARY KEY, kind citext, t int);
		INSERT INTO u SELECT i, CASE WHEN i % 2 = 0 THEN 'T' ELSE 'other' END, i FROM generate_series(1, 500) AS i;
		ANALYZE`)
	pgtest.Exec(t, url, `DO $$BEGIN EXECUTE pg_catalog.format('ALTER DATABASE %I SET search_path = public, tools',
		pg_catalog.current_database()); END$$`)
	return url
}

func TestRun_ReadsConditionsAsPsqlDoes(t *testing.T) {
	url := words(t)
	for condition, want := range map[string]int{
		"c = 'x5'": 1, "h -> 'a' = '1'": 333, "odd(id) AND id < 100": 50, "id IN (SELECT id FROM t WHERE c = 'X7')": 1,
	} {
		m := &memory{}
		take(t, plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.t": {Where: condition, Rows: 999}}}, m)
		if got := strings.Count(m.rows["public.t"], "\n"); got != want {
			t.Errorf("%s: %d rows, want %d", condition, got, want)
		}
		m = &memory{}
		take(t, plan.Spec{URL: url, Roots: []plan.Root{{Table: "public.t", Where: condition}}}, m)
		if got := strings.Count(m.rows["public.t"], "\n"); got < want {
			t.Errorf("root %s: %d rows, want %d", condition, got, want)
		}
	}
}

func TestRun_ReadsConditionsOfReferencesAsPsqlDoes(t *testing.T) {
	m := &memory{}
	take(t, plan.Spec{
		URL:        words(t),
		Tables:     map[string]plan.Rule{"public.u": {All: true}, "public.t": {None: true}},
		References: []string{"public.u.t -> public.t.id when kind = 't'"},
	}, m)
	if got := strings.Count(m.rows["public.t"], "\n"); got != 250 {
		t.Errorf("%d rows, want 250", got)
	}
}

func TestScore_ReadsConditionsOfReferencesAsPsqlDoes(t *testing.T) {
	url := words(t)
	target := pgtest.Clone(t, url) // without the settings of the database
	s := open(t, plan.Spec{URL: url, References: []string{"public.u.t -> public.t.id when odd(t)"}})
	measured, err := s.Score(t.Context(), target, nil)
	if err != nil || len(measured.Keys) != 1 || measured.Keys[0].Dangling != 0 {
		t.Errorf("%+v, %v", measured, err)
	}
}

func TestRun_EvaluatesMasksAsPsqlDoes(t *testing.T) {
	m := &memory{}
	take(t, plan.Spec{
		URL: words(t), Tables: map[string]plan.Rule{"public.t": {All: true}},
		Masking: mask.Masking{Privacy: mask.PrivacyOff, Key: mask.NewKey("k"), Rules: []mask.Rule{
			{Column: "public.t.c", As: "sql", Value: "CASE WHEN c = 'x5' AND odd(id) THEN 'found' ELSE '-' END"},
		}},
	}, m)
	if got := strings.Count(m.rows["public.t"], "found"); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
}

func TestRun_ReadsConditionsByTheConnectionsOwnPath(t *testing.T) {
	url := words(t) + "&options=-csearch_path%3Dpg_catalog"
	_, err := plans(t, plan.Spec{URL: url, Tables: map[string]plan.Rule{"public.t": {Where: "odd(id)"}}})
	if err == nil || !strings.Contains(err.Error(), "odd") {
		t.Errorf("%v", err)
	}
}

func TestPlan_TakesNoSecondStatementForACondition(t *testing.T) {
	url := words(t)
	_, err := plans(t, plan.Spec{URL: url, Tables: map[string]plan.Rule{
		"public.t": {Where: "true); COMMIT; CREATE TABLE planted (); SELECT (true"},
	}})
	if !errors.Is(err, hint.ErrUsage) {
		t.Errorf("%v", err)
	}
	if n := pgtest.Value(t, url, "SELECT count(*) FROM pg_class WHERE relname = 'planted'"); n != "0" {
		t.Error("the condition has written to the source")
	}
}

// plans opens the source and makes a plan.
func plans(t *testing.T, spec plan.Spec) (*plan.Plan, error) {
	t.Helper()
	s, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	return s.Plan(t.Context())
}

func TestRun_ReadsTablesWhoseIndexesLeanOnTheSearchPath(t *testing.T) {
	t.Parallel()
	if pgtest.Major(t) >= 17 {
		t.Skip("since PostgreSQL 17 no such index can be made")
	}
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE FUNCTION public.low(v text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(v)';
		CREATE FUNCTION public.lower_still(v text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT low(v) || ''x''';
		CREATE TABLE people (id int PRIMARY KEY, nick text);
		CREATE TABLE pets (id int PRIMARY KEY, of int REFERENCES people);
		INSERT INTO people SELECT i, 'N' || i FROM generate_series(1, 400) AS i;
		INSERT INTO pets SELECT i, 1 + i % 400 FROM generate_series(1, 900) AS i;
		CREATE INDEX ON people (lower_still(nick));
		CREATE INDEX ON pets (id) WHERE lower_still(id::text) = '5x'`)
	report, target := takeRows(t, plan.Spec{URL: source})
	const dangling = "SELECT count(*) FROM pets AS p WHERE NOT EXISTS (SELECT FROM people WHERE id = of)"
	if n := pgtest.Value(t, target, dangling); n != "0" {
		t.Errorf("%s dangling references", n)
	}
	wantBalance(t, report)
}
