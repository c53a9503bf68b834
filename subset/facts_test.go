package subset_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestRun_HandsTheFactsOfTheSourceOn(t *testing.T) {
	spec := masking(t, "k", clinicRules...)
	var sink memory
	take(t, spec, &sink)
	f := sink.origin.Facts
	if !f.Known() || f.Server/10000 != pgtest.Major(t) {
		t.Fatalf("%+v", f)
	}
	visit := f.Table("public.visit")
	if visit == nil || visit.Rows != 300 || visit.Bytes == 0 || visit.Pages == 0 || len(visit.Indexes) != 3 ||
		visit.Indexes[0].Bytes == 0 || visit.Indexes[0].Method != "btree" || visit.Total() <= visit.Bytes {
		t.Errorf("%+v", visit)
	}
	if value, unit := f.Setting("maintenance_work_mem"); value == "" || unit != "kB" {
		t.Errorf("maintenance_work_mem is %q %q", value, unit)
	}
	if !slices.ContainsFunc(f.Missing, func(m string) bool { return strings.HasPrefix(m, "pg_stat_statements: ") }) {
		t.Errorf("missing: %q", f.Missing)
	}
}

func TestRun_TellsOfMaskedColumnsMaskedValuesAndOfScrubbedOnesNothing(t *testing.T) {
	var sink memory
	take(t, masking(t, "k", clinicRules...), &sink)
	columns := map[string]facts.Column{}
	for _, c := range sink.origin.Facts.Table("public.person").Columns {
		columns[c.Name] = c
	}
	for _, name := range []string{"notes", "profile"} { // scrub, json
		if _, there := columns[name]; there {
			t.Errorf("%s is told of", name)
		}
	}
	for name, c := range columns {
		masked := slices.Contains([]string{"email", "code", "name", "phone", "born"}, name)
		if c.Masked != masked || c.Width == 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if born := columns["born"]; len(born.Common)+len(born.Values)+len(born.Bounds) > 0 { // shifted by another column
		t.Errorf("born: %+v", born)
	}
	rows := sink.rows["public.person"] // all of them are kept
	email := columns["email"]
	if len(email.Bounds) < 2 || !slices.IsSorted(email.Bounds) {
		t.Errorf("email: %+v", email)
	}
	for _, bound := range email.Bounds {
		if !strings.Contains(rows, bound) {
			t.Errorf("%s is not a masked address of a row", bound)
		}
	}
	if mood := columns["mood"]; len(mood.Common) == 0 {
		t.Errorf("mood: %+v", mood)
	}
	if visits := columns["visits"]; visits.Distinct != -1 || visits.Correlation != 1 {
		t.Errorf("visits: %+v", visits)
	}
	lines, err := sink.origin.Facts.Comments()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"corp.test", "Person Number", "202 555", "P-1"} {
		if strings.Contains(lines, secret) {
			t.Errorf("%q is in the facts", secret)
		}
	}
}

func TestRun_TellsNothingOfOrderAndFrequencyWhereNobodyHasDecided(t *testing.T) {
	spec := masking(t, "k", mask.Rule{Column: "public.person.notes", As: "scrub"})
	spec.Masking.Privacy = mask.PrivacyWarn
	var sink memory
	take(t, spec, &sink)
	for _, c := range sink.origin.Facts.Table("public.person").Columns {
		if c.Name == "email" && (c.Correlation != 0 || len(c.Common) > 0) {
			t.Errorf("%+v", c)
		}
	}
}

// A value of a column that nobody masks is told where many rows have it.
const canariesSQL = `
	CREATE TYPE colour AS ENUM ('red', 'green');
	CREATE TABLE goods (id int PRIMARY KEY, sort text, colour colour, tags text[], words text, doc jsonb, code text,
		shape text GENERATED ALWAYS AS (lower(code)) STORED, price int);
	INSERT INTO goods (id, sort, colour, tags, words, doc, code, price) SELECT n, CASE WHEN n <= 19 THEN 'rare-canary' WHEN n <= 500 THEN 'frequent' ELSE 'sort-' || n % 3 END,
		(CASE n % 500 WHEN 1 THEN 'red' ELSE 'green' END)::colour,
		CASE WHEN n <= 19 THEN ARRAY['tag-canary'] ELSE ARRAY['tag', 'tag-' || n % 2] END,
		CASE WHEN n % 2 = 0 THEN 'words-canary in a sentence that goes on for quite a while' ELSE 'words-canary again and again and again' || n END,
		jsonb_build_object('doc', 'doc-canary'), CASE WHEN n % 4 = 0 THEN 'Code-Canary' ELSE 'Code-Canary-' || n END, n
		FROM generate_series(1, 1000) AS n;
	CREATE MATERIALIZED VIEW seen AS SELECT id, code AS copied FROM goods;
	CREATE TABLE empty_here (word text);
	INSERT INTO empty_here SELECT 'none-canary' FROM generate_series(1, 100);
	ANALYZE`

func TestRun_TellsOfValuesOnlyWhatMayBeTold(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, canariesSQL)
	spec := everything(t, source)
	spec.Tables["public.empty_here"] = plan.Rule{None: true}
	spec.Masking = mask.Masking{
		Privacy: mask.PrivacyStrict, Key: mask.NewKey("k"),
		Rules: []mask.Rule{{Column: "public.goods.code", As: "text"}},
		Scanned: map[string][]string{
			"public.goods":      {"id", "sort", "colour", "tags", "words", "doc", "code", "shape", "price"},
			"public.empty_here": {"word"},
		},
	}
	var sink memory
	take(t, spec, &sink)
	lines, err := sink.origin.Facts.Comments()
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{
		"rare-canary", "tag-canary", "words-canary", "doc-canary", "Code-Canary", "code-canary", "none-canary",
	} {
		if strings.Contains(lines, canary) {
			t.Errorf("%q is in the facts", canary)
		}
	}
	told := map[string][]string{}
	for _, c := range sink.origin.Facts.Table("public.goods").Columns {
		told[c.Name], _ = c.Told()
		if c.Elements != nil {
			told[c.Name] = c.Elements.Values
		}
		if c.Name == "price" && len(c.Bounds) < 100 {
			t.Errorf("price: %+v", c)
		}
	}
	for name, want := range map[string][]string{
		"sort": {"frequent", "sort-0", "sort-1", "sort-2"}, "colour": {"green", "red"}, "tags": {"tag", "tag-0", "tag-1"},
		"words": nil, "doc": nil, "shape": nil,
	} {
		got := slices.Sorted(slices.Values(told[name]))
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if len(told["code"]) != 1 || !strings.Contains(sink.rows["public.goods"], "\t"+told["code"][0]+"\t") {
		t.Errorf("code: %q", told["code"])
	}
}

func TestRun_TellsWhereTheValuesOfAnIndexEnd(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE TABLE job (id bigint PRIMARY KEY, done timestamptz, secret int, place int, word text);
		CREATE INDEX ON job (done, secret); CREATE INDEX ON job (secret); CREATE INDEX ON job (word);
		CREATE INDEX ON job (place) WHERE place > 5;
		INSERT INTO job SELECT n, timestamptz '2024-01-01Z' + n * interval '1 hour', 31 * n % 499 + 7000, n, 'word ' || n FROM generate_series(1, 500) AS n;
		ANALYZE;
		INSERT INTO job (id, done, secret, place, word) VALUES (-7, '2023-01-01Z', 100001, 100002, 'zzz'), (9000, '2026-02-03Z', -100003, -100004, 'aaa'), (9001, NULL, NULL, NULL, NULL)`)
	spec := everything(t, source)
	spec.Masking = mask.Masking{
		Privacy: mask.PrivacyWarn, Key: mask.NewKey("k"),
		Rules: []mask.Rule{{Column: "public.job.secret", As: "token"}},
	}
	var sink memory
	take(t, spec, &sink)
	ends := map[string]string{}
	for _, c := range sink.origin.Facts.Table("public.job").Columns {
		if len(c.Bounds) > 0 {
			ends[c.Name] = c.Bounds[0] + " " + c.Bounds[len(c.Bounds)-1]
		}
	}
	for name, want := range map[string]string{
		"id": "-7 9001", "done": "2023-01-01 00:00:00+00 2026-02-03 00:00:00+00", "place": "1 500",
	} {
		if ends[name] != want {
			t.Errorf("%s: %q, want %q", name, ends[name], want)
		}
	}
	lines, err := sink.origin.Facts.Comments()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"100001", "100002", "100003", "100004", "zzz", "aaa"} {
		if strings.Contains(lines, secret) {
			t.Errorf("%s is in the facts", secret)
		}
	}
}
