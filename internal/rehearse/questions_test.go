package rehearse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

const askedTables = `CREATE SCHEMA "S s"; CREATE TABLE "S s"."P""p" (id int PRIMARY KEY, code text);
CREATE TABLE t (id int PRIMARY KEY, "Pa rent" int, note text, n int, old int NOT NULL UNIQUE);
CREATE TABLE filled (id int, x int); CREATE TABLE list (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE list_1 PARTITION OF list FOR VALUES FROM (0) TO (100000);
INSERT INTO "S s"."P""p" SELECT n, n FROM generate_series(1, 10) AS n;
INSERT INTO t SELECT n, n, n, n, n FROM generate_series(1, 10) AS n; INSERT INTO filled SELECT n, n FROM generate_series(1, 10) AS n;
INSERT INTO list SELECT generate_series(1, 10);`

const asking = `ALTER TABLE t ALTER note SET NOT NULL; ALTER TABLE t ADD CONSTRAINT u UNIQUE (n, note);
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY ("Pa rent") REFERENCES "S s"."P""p";
ALTER TABLE t ADD CONSTRAINT unproved FOREIGN KEY (n) REFERENCES "S s"."P""p" NOT VALID;
CREATE UNIQUE INDEX partly ON t (n) WHERE n > 5; CREATE UNIQUE INDEX lowered ON t (lower(note));
ALTER TABLE t ADD fresh int; CREATE UNIQUE INDEX new_column ON t (fresh); ALTER TABLE t ALTER old DROP NOT NULL;
CREATE TABLE made (id int PRIMARY KEY REFERENCES t); CREATE UNIQUE INDEX of_parts ON list (id);
UPDATE filled SET x = 0 WHERE x IS NULL OR id = 1; ALTER TABLE filled ALTER x SET NOT NULL`

func TestQuestions_AreWhatOnlyProductionCanAnswer(t *testing.T) {
	url, production := fresh(t, askedTables), fresh(t, askedTables)
	report := watched(t, url, func() { psql(t, url, asking) })
	pgtest.Exec(t, production, `INSERT INTO t VALUES (11, 77, NULL, 1, 11), (12, 78, '1', 1, 12), (13, NULL, NULL, 1, 13);
		INSERT INTO filled VALUES (1)`)
	var got []string
	for _, q := range report.Questions {
		q.Asked = true
		if _, err := fmt.Sscan(pgtest.Value(t, production, q.SQL()), &q.Rows); err != nil {
			t.Fatal(err)
		}
		got = append(got, q.String())
	}
	want := []string{
		"in production 1 row violates NOT NULL of filled (x) by now; the migration changes rows of that table first",
		"2 rows violate NOT NULL of t (note)",
		"2 rows violate FOREIGN KEY of t (Pa rent)",
		"1 value that is there more than once violates UNIQUE of t (n, note)",
		"production has been asked: UNIQUE of list (id) holds",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := report.Headline(), "would fail in production: 2 rows violate NOT NULL of t (note)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	limits := rehearse.Limits{FailOn: []string{rehearse.FailViolation}}
	if got := limits.Exceeded(report); len(got) != 1 || got[0] != report.Headline() {
		t.Errorf("beyond the limits: %q", got)
	}
}

func TestQuestion_CountsAThousandAtMost(t *testing.T) {
	url := fresh(t, `CREATE TABLE t (id int); INSERT INTO t SELECT NULL FROM generate_series(1, 1500)`)
	q := rehearse.Question{Kind: "not null", Schema: "public", Table: "t", Columns: []string{"id"}, Asked: true}
	if _, err := fmt.Sscan(pgtest.Value(t, url, q.SQL()), &q.Rows); err != nil {
		t.Fatal(err)
	}
	if got, want := q.String(), "1000 rows or more violate NOT NULL of t (id)"; got != want {
		t.Errorf("got %q", got)
	}
	hostile := rehearse.Question{
		Kind: "unique", Schema: `x"; DROP TABLE t; --`, Table: `a"b`, Columns: []string{`c" OR true --`},
	}
	if sql := hostile.SQL(); !strings.Contains(sql, `"x""; DROP TABLE t; --"."a""b"`) ||
		!strings.Contains(sql, `c."c"" OR true --"`) {
		t.Errorf("names are not quoted: %s", sql)
	}
}
