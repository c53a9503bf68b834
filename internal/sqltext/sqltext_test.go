package sqltext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

func TestShape_HasNoLiteral(t *testing.T) {
	for text, want := range map[string]string{
		"UPDATE  t SET a = 'canary''s', b=12.5e3\n WHERE c IN (1, 2,3) -- canary": "UPDATE t SET a = ?, b=? WHERE c IN (?)",
		"ALTER TABLE t ADD c varchar(20) DEFAULT E'can\\'ary' NOT NULL;":          "ALTER TABLE t ADD c varchar(20) DEFAULT ? NOT NULL",
		"ALTER TABLE t ALTER c TYPE numeric(12, 2)":                               "ALTER TABLE t ALTER c TYPE numeric(12, 2)",
		"DO $x$ BEGIN PERFORM 'canary'; END $x$":                                  "DO ?",
		"SELECT $1, U&'canary', \"canary name\", B'01', x'ff' /* canary /* */ */": "SELECT $1, ?, \"canary name\", ?",
		"INSERT INTO t VALUES (1, 'canary'), (2, 'canary')":                       "INSERT INTO t VALUES (?)",
		`SELECT 'a\' canary', 'b'`:                                                "SELECT ?",
		"COMMENT ON TABLE t IS $$canary$$":                                        "COMMENT ON TABLE t IS ?",
		"SELECT 'canary without an end":                                           "SELECT ?",
		"SELECT 4111111111111111::varchar(4111111111111111)":                      "SELECT ?::varchar(?)",
	} {
		if got := sqltext.Shape(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func FuzzShape_ShowsNothingBetweenQuotes(f *testing.F) {
	f.Add("a ' b", "x")
	f.Fuzz(func(t *testing.T, before, _ string) {
		sqltext.Shape(before) // never panics, and ends
		sqltext.Split(before)
		sqltext.Verb(before)
	})
}

func TestSplit_CutsAsTheServerDoes(t *testing.T) {
	text := `BEGIN; CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;
		INSERT INTO t VALUES (';'); -- one; two
		DO $$ BEGIN NULL; END $$;; CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); COMMIT`
	var got []string
	for _, s := range sqltext.Split(text) {
		got = append(got, sqltext.Verb(s))
	}
	want := []string{"BEGIN", "CREATE FUNCTION", "INSERT", "DO", "CREATE RULE", "COMMIT"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVerb_IsTheCommandTag(t *testing.T) {
	for text, want := range map[string]string{
		"/* x */ create unique index concurrently i on t (a)":            "CREATE INDEX",
		"create or replace function f() returns int":                     "CREATE FUNCTION",
		"CREATE MATERIALIZED VIEW v AS SELECT 1":                         "CREATE MATERIALIZED VIEW",
		"WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT 1":   "INSERT",
		"refresh materialized view concurrently v":                       "REFRESH MATERIALIZED VIEW",
		"vacuum (analyze) t":                                             "VACUUM",
		"":                                                               "",
		"CREATE TEMP TABLE x (a int)":                                    "CREATE TABLE",
		"alter type mood add value 'x'":                                  "ALTER TYPE",
		"CREATE CONSTRAINT TRIGGER t AFTER INSERT ON x EXECUTE FUNCTION": "CREATE TRIGGER",
	} {
		if got := sqltext.Verb(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if !sqltext.Has("ALTER TABLE t ADD UNIQUE (a) NOT  VALID", "not", "valid") ||
		sqltext.Has("SELECT 'NOT VALID'", "not", "valid") {
		t.Error("Has looks at the wrong words")
	}
}

func TestShort_CutsLongShapes(t *testing.T) {
	if got := sqltext.Short(strings.Repeat("é", 50), 10); got != "ééééééééé…" {
		t.Error(got)
	}
}
