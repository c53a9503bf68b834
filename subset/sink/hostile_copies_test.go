package sink_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// copiedSQL has people whose names and addresses are kept in other columns
// too, under names that say nothing.
const copiedSQL = `
	CREATE TABLE people (
		id int PRIMARY KEY, email text NOT NULL UNIQUE, first_name text, last_name text, birthday date, phone text,
		c1 text, c2 text, c3 bytea, c4 text, c5 text, c6 text, c7 daterange NOT NULL, c8 text, c9 text, c10 text, c11 jsonb, c12 text, c13 char(32), c14 text[],
		w tsvector, w2 tsvector NOT NULL,
		state text, score int, created timestamptz, ref uuid, title text, w3 tsvector GENERATED ALWAYS AS (to_tsvector('simple', first_name)) STORED);
	INSERT INTO people SELECT n, lower(f || '.' || l) || n || '@corp.test', f || substr(md5('f' || n), 1, 3), l || substr(md5('l' || n), 1, 4), '1950-01-01'::date + n * 31, '+49 171 ' || 6660000 + n * 13,
		NULL, NULL, NULL, NULL, NULL, NULL, 'empty', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '',
		(ARRAY['new', 'done', 'open'])[1 + n % 3], n * 7, now() - n * interval '1 hour', gen_random_uuid(), 'Order number ' || n
	FROM generate_series(1, 120) AS n, LATERAL (SELECT (ARRAY['Ann', 'Bob', 'Cleo', 'Dora', 'Emil'])[1 + n % 5] AS f, (ARRAY['Lee', 'Miller', 'Nowak', 'Olsen'])[1 + n % 4] AS l) AS x;
	UPDATE people SET c1 = md5(email), c2 = upper(email), c3 = sha256(convert_to(lower(email), 'UTF8')), c4 = last_name || ', ' || first_name,
		c5 = 'https://gravatar.test/' || md5(lower(email)) || '?s=80', c6 = lower(last_name) || '-' || lower(first_name) || '-' || id,
		c7 = daterange(birthday, birthday + 1), c8 = reverse(email), c9 = split_part(email, '@', 1), c10 = to_char(birthday, 'DD.MM.YYYY'),
		c11 = jsonb_build_object('x', email), c12 = encode(sha512(convert_to(email, 'UTF8')), 'base64'), c13 = md5(phone), c14 = ARRAY[first_name || ' ' || last_name],
		w = to_tsvector('simple', first_name || ' ' || last_name), w2 = to_tsvector('simple', email);
	UPDATE people SET c12 = replace(c12, E'\n', '');
	CREATE TABLE films (id int PRIMARY KEY, title text, words tsvector);
	INSERT INTO films SELECT n, 'Film ' || n, to_tsvector('Film ' || n) FROM generate_series(1, 60) AS n;
	ANALYZE;`

var givenAway = []string{
	"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "w",
	"w2",
}

func copied(t *testing.T) plan.Spec {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url, copiedSQL)
	return plan.Spec{
		URL: url, Curve: plan.DefaultCurve,
		Masking: mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("key of a test")},
	}
}

func scan(t *testing.T, spec plan.Spec) *subset.Scan {
	t.Helper()
	source, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close(t.Context()) }()
	found, err := source.Scan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The rules that the scan suggests are enough, and hit nothing else.
func TestHostile_ACopyByValueLeadsBackToEverybody(t *testing.T) {
	t.Parallel()
	spec := copied(t)
	found := scan(t, spec)
	var names []string
	for _, f := range found.Findings {
		names = append(names, f.Name)
		if f.Suggest.As == "" {
			t.Errorf("no rule for %s", f)
		}
		spec.Masking.Rules = append(spec.Masking.Rules, f.Suggest)
		if f.Name == "c1" &&
			(!strings.Contains(f.String(), "a copy of email") || !strings.Contains(f.String(), "digest")) {
			t.Errorf("%s", f)
		}
	}
	slices.Sort(names)
	want := slices.Concat(givenAway, []string{"birthday", "email", "first_name", "last_name", "phone"})
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("found  %q\nwanted %q", names, want)
	}
	secrets := []string{"@corp.test"}
	for _, row := range pgtest.Query(t, spec.URL,
		`SELECT md5(email), encode(sha256(convert_to(lower(email), 'UTF8')), 'hex'), lower(first_name), first_name, reverse(email), c12, c13 FROM people`) {
		secrets = append(secrets, row...)
	}
	wantNone(t, spec, secrets)
}

func TestHostile_StrictStopsAtACopyOfWhatIsMasked(t *testing.T) {
	t.Parallel()
	spec := copied(t)
	spec.Masking.Rules = maskRules("*.email: email", "*.first_name: first_name", "*.last_name: last_name",
		"*.phone: phone", "*.birthday: null", "*.w: null")
	spec.Masking.Scanned = scan(t, spec).Seen
	_, err := planOf(t, spec)
	var refused *subset.SensitiveError
	if !errors.As(err, &refused) || len(refused.Findings) != 1 || refused.Findings[0].Name != "w2" {
		t.Errorf("by the type alone: %v", err)
	}
	spec.Masking.Rules = append(spec.Masking.Rules, mask.Rule{Column: "*.w2", As: "constant"},
		mask.Rule{Column: "*.c1", As: "keep"})
	_, err = planOf(t, spec)
	if !errors.As(err, &refused) {
		t.Fatalf("got %v", err)
	}
	var names []string
	for _, f := range refused.Findings {
		names = append(names, f.Name)
	}
	want := slices.DeleteFunc(slices.Clone(givenAway),
		func(n string) bool { return slices.Contains([]string{"c1", "w", "w2"}, n) })
	if !slices.Equal(names, want) {
		t.Errorf("found  %q\nwanted %q", names, want)
	}
	if strings.Contains(err.Error(), "corp.test") {
		t.Error("it shows a value")
	}
}

// keptSQL keeps people in keys of documents, in what a trigger fills, and in
// columns whose names are short.
const keptSQL = `
	CREATE EXTENSION IF NOT EXISTS hstore;
	CREATE TABLE plans (id int PRIMARY KEY, seats jsonb, flags hstore);
	INSERT INTO plans SELECT n, jsonb_build_object('team', jsonb_build_object('ann.lee' || n || '@corp.test', n)), hstore('joe' || n || '@corp.test', 'x') FROM generate_series(1, 60) AS n;
	CREATE TABLE addresses (id int PRIMARY KEY, line1 text, line_2 text);
	INSERT INTO addresses SELECT n, 'Secret Lane ' || n, 'c/o Quartermain ' || n FROM generate_series(1, 60) AS n;
	CREATE TABLE people (id int PRIMARY KEY, last_name text, words tsvector);
	CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('words', 'pg_catalog.simple', 'last_name');
	INSERT INTO people SELECT n, 'Quartermain' || n FROM generate_series(1, 60) AS n;
	ANALYZE;`

func TestHostile_KeysWordsAndLinesKeepPeople(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Exec(t, url, keptSQL)
	spec := plan.Spec{
		URL: url, Curve: plan.DefaultCurve,
		Masking: mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("key of a test")},
	}
	for _, f := range scan(t, spec).Findings {
		spec.Masking.Rules = append(spec.Masking.Rules, f.Suggest)
	}
	wantNone(t, spec, []string{"corp.test", "Secret Lane", "uartermain"})
}
