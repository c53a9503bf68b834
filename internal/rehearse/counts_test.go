package rehearse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

const countedTables = `CREATE TABLE t (id int PRIMARY KEY, note text, "Is old" boolean, n int, gone timestamptz);
CREATE TABLE u (LIKE t); CREATE TABLE v (LIKE t); CREATE VIEW w AS SELECT * FROM v;
INSERT INTO t SELECT n, NULLIF(n, 1)::text, n = 1, n, NULL FROM generate_series(1, 10) AS n; INSERT INTO u SELECT * FROM t;
INSERT INTO v SELECT * FROM t;`

func TestQuestions_AskHowManyRowsAChangeTouches(t *testing.T) {
	url, production := fresh(t, countedTables), fresh(t, countedTables)
	report := watched(t, url, func() {
		psql(t, url, `UPDATE t SET n = 0 WHERE note IS NULL OR ("Is old" AND NOT gone IS NOT NULL);
			UPDATE t SET n = 1 WHERE note IS NULL; DELETE FROM public.u AS x WHERE x."Is old" = true; DELETE FROM v;
			ALTER TABLE v ADD fresh boolean; UPDATE v SET n = 1 WHERE fresh; UPDATE w SET n = 1 WHERE note IS NULL;`)
	})
	pgtest.Exec(t, production, `INSERT INTO t SELECT n, NULL, true, 1, now() FROM generate_series(11, 12355) AS n;
		INSERT INTO u SELECT n, NULL, true, 1 FROM generate_series(11, 1000) AS n`)
	var got []string
	for _, q := range report.Questions {
		var rows int64
		if _, err := fmt.Sscan(pgtest.Value(t, production, q.SQL()), &rows); err != nil {
			t.Fatal(err)
		}
		q.Answer(rows)
		got = append(got, q.String())
	}
	report.Recount()
	want := []string{
		"production has been asked: about 12,000 rows of t statement 1 changes",
		"production has been asked: fewer than 1,000 rows of u statement 3 changes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	text := strings.Join(strings.Fields(written(t, report.WriteText)), " ")
	for _, want := range []string{
		"update of 1 row of t, about 12,000 in production", "delete of 1 row of u, fewer than 1,000 in production",
		"delete of 10 rows of v",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if got := report.Headline(); strings.Contains(got, "fail") {
		t.Errorf("%q", got)
	}
}

func TestRecount_PutsWhatIsCountedInThePlaceOfTheShare(t *testing.T) {
	s := statement(1, "RowExclusiveLock", false, false, 5)
	s.Production = &rehearse.Forecast{Seconds: 4, Low: 2, High: 8}
	s.Changes = []rehearse.Change{{Table: "public.orders", Operation: "Update", Rows: 5, There: 5000}}
	q := &rehearse.Question{Kind: "rows", Schema: "public", Table: "orders", Statement: 1}
	r := &rehearse.Report{Statements: []*rehearse.Statement{s}, Questions: []*rehearse.Question{q}}
	r.Recount()
	if s.Production.Seconds != 4 || s.Changes[0].Counted {
		t.Errorf("nobody has counted: %+v", s)
	}
	q.Answer(20_499)
	r.Recount()
	if p := s.Production; p.Seconds != 16 || p.High != 32 || s.Held.Seconds != 16 || s.Changes[0].There != 20_000 {
		t.Errorf("%+v, %+v", p, s.Changes)
	}
}

func TestHostile_AConditionWantsCountsToTellWhatIsInRows(t *testing.T) {
	url := fresh(t, countedTables)
	script := `CREATE FUNCTION spy(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
		CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);`
	for i, condition := range []string{
		"note LIKE '1%'", "id = 7 AND note IS NULL", "spy(note)", "note === note AND note IS NULL", "n > id",
		`"Is old" AND id IN (SELECT id FROM t)`, "note::varchar(1) IS NULL", "x.m IS NULL", "x IS NULL", "x.tableoid IS NULL",
	} {
		table := fmt.Sprintf("h%d", i)
		pgtest.Exec(t, url, fmt.Sprintf("CREATE TABLE %s (LIKE t); INSERT INTO %[1]s SELECT * FROM t", table))
		script += fmt.Sprintf("CREATE FUNCTION m(%s) RETURNS boolean LANGUAGE sql AS 'SELECT true'; "+
			"UPDATE %[1]s AS x SET n = 0 WHERE %[2]s;", table, condition)
	}
	report := watched(t, url, func() { psql(t, url, script) })
	for _, s := range report.Statements {
		if s.Code != "" {
			t.Errorf("%s: %s", s.Shape, s.Code)
		}
	}
	for _, q := range report.Questions {
		t.Errorf("asked: %s", q.SQL())
	}
	for n, rows := range map[int64]int64{
		0: 0, 1: 0, 999: 0, 1000: 1000, 1049: 1000, 1050: 1100, 123_456_789: 120_000_000,
	} {
		q := rehearse.Question{Kind: "rows"}
		if q.Answer(n); q.Rows != rows {
			t.Errorf("%d is told as %d", n, q.Rows)
		}
	}
}

func TestHostile_AReportWantsItsSQLRunOnTheSource(t *testing.T) {
	deep := sqltext.Condition{Column: "a"}
	for range 100 {
		deep = sqltext.Condition{Word: "NOT", Of: []sqltext.Condition{deep}}
	}
	for _, c := range []sqltext.Condition{
		{Word: "IS NULL OR pg_sleep(9) IS NULL", Column: "a"},
		{Word: "LIKE 'a%'", Column: "a"},
		{Word: "OR true OR", Of: []sqltext.Condition{{Column: "a"}, {Column: "b"}}},
		{Word: "NOT EXISTS (SELECT 1) AND", Of: []sqltext.Condition{{Column: "a"}}},
		{Word: "AND"},
		deep,
	} {
		q := rehearse.Question{Kind: "rows", Schema: "public", Table: "t", Where: &c}
		if sql := q.SQL(); sql != "" {
			t.Errorf("%+v: %s", c, sql)
		}
	}
	q := rehearse.Question{Kind: "rows", Schema: "s", Table: `t" WHERE true --`, Where: &sqltext.Condition{Column: `a" OR "b`}}
	if got, want := q.SQL(), `SELECT pg_catalog.count(*) FROM "s"."t"" WHERE true --" AS c WHERE (c."a"" OR ""b" )`; got != want {
		t.Errorf("%s", got)
	}
}
