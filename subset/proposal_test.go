package subset_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// boundSQL is columns whose constraints the first transformer that comes to
// mind cannot keep, and two that none can.
const boundSQL = `
	CREATE EXTENSION btree_gist;
	CREATE DOMAIN hex AS text CHECK (VALUE ~ '^[0-9a-f]+$');
	CREATE TABLE idp (id int PRIMARY KEY, token_url text CHECK (token_url LIKE 'https://%'), secret text CHECK (secret LIKE 'https://%'), pin hex NOT NULL);
	INSERT INTO idp SELECT n, 'https://idp' || n || '.corp.test/token', 'https://idp' || n || '.corp.test/x', md5(n::text) FROM generate_series(1, 60) AS n;
	CREATE TABLE grants (id int PRIMARY KEY, token bytea NOT NULL UNIQUE, long bytea UNIQUE);
	INSERT INTO grants SELECT n, sha256(n::text::bytea), convert_to(repeat('p' || n || '@corp.test ', 20), 'UTF8') FROM generate_series(1, 60) AS n;
	CREATE TABLE member (id int PRIMARY KEY, email text, mail text NOT NULL CHECK (mail LIKE '%@corp.test'), phone text, username varchar(40),
		EXCLUDE USING btree (email WITH =), room int, during int4range, EXCLUDE USING gist (room WITH =, during WITH &&));
	CREATE UNIQUE INDEX ON member (lower(btrim(mail)));
	CREATE UNIQUE INDEX ON member (md5(phone));
	CREATE UNIQUE INDEX ON member (COALESCE(upper(username), ''::text));
	INSERT INTO member SELECT n, 'a' || n || '@corp.test', 'b' || n || '@corp.test', '+49 171 555' || 1000 + n, 'member' || n, n, int4range(n, n + 2) FROM generate_series(1, 60) AS n;
	CREATE TABLE letter (id int PRIMARY KEY, email text REFERENCES key_of, contact_name text NOT NULL CHECK (contact_name IN ('Ann', 'Bob')), salary int NOT NULL);
	CREATE UNIQUE INDEX ON letter ((salary % 1000));
	INSERT INTO letter SELECT n, 'k' || n || '@corp.test', 'Ann', 10000 + n * 37 FROM generate_series(1, 60) AS n;
	ANALYZE;`

const keyOfSQL = `CREATE TABLE key_of (email text PRIMARY KEY CHECK (email LIKE 'k%'));
	INSERT INTO key_of SELECT 'k' || n || '@corp.test' FROM generate_series(1, 60) AS n;`

func TestScan_ProposesWhatASubsetAccepts(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, keyOfSQL+boundSQL)
	spec := plan.Spec{URL: url, Curve: plan.DefaultCurve}
	spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("k")}
	scan, err := open(t, spec).Scan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range scan.Findings {
		got[f.Column()] = f.Suggest.String()
		if f.Suggest.As == "" {
			got[f.Column()] = "none"
			if f.Unfit == "" {
				t.Errorf("it does not say why nothing fits %s", f)
			}
			continue
		}
		spec.Masking.Rules = append(spec.Masking.Rules, f.Suggest)
	}
	want := map[string]string{
		"public.idp.token_url": "url", "public.idp.secret": "url", "public.idp.pin": "hash",
		"public.grants.token": "token", "public.grants.long": "token",
		"public.member.email": "email", "public.member.mail": "email, keep domain", "public.member.phone": "token",
		"public.member.username": "username",
		"public.key_of.email":    "none", "public.letter.email": "none", "public.letter.contact_name": "none",
		"public.letter.salary": "none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = planOf(t, spec)
	var refused *subset.SensitiveError
	if !errors.As(err, &refused) || len(refused.Findings) != 4 {
		t.Fatalf("got %v", err)
	}
	for _, f := range refused.Findings {
		if want[f.Column()] != "none" || !strings.Contains(f.String(), "no transformer fits: ") {
			t.Errorf("%s", f)
		}
		spec.Masking.Rules = append(spec.Masking.Rules, mask.Rule{Column: f.Column(), As: "keep"})
	}
	for value := range strings.SplitSeq("p1@ ann@corp", " ") {
		if strings.Contains(err.Error(), value) {
			t.Errorf("it says %s", value)
		}
	}
	if _, err := planOf(t, spec); err != nil {
		t.Error(err)
	}
}

const bornSQL = `
	CREATE TABLE person (id int PRIMARY KEY, year_of_birth int NOT NULL, month_of_birth smallint CHECK (month_of_birth BETWEEN 1 AND 12), day_of_birth int);
	INSERT INTO person SELECT n, 1930 + n % 80, 1 + n % 12, 1 + n % 28 FROM generate_series(1, 2000) AS n;
	UPDATE person SET day_of_birth = NULL WHERE id % 10 = 0;
	UPDATE person SET month_of_birth = NULL WHERE id % 20 = 0;
	CREATE TABLE voter (id int PRIMARY KEY, birth_year int);
	INSERT INTO voter SELECT n, 1930 + n % 80 FROM generate_series(1, 300) AS n;
	ANALYZE;`

func TestScan_ProposesThatPartsOfADateStayOne(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, bornSQL)
	spec := everything(t, url)
	spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("k")}
	scan, err := open(t, spec).Scan(t.Context())
	if err != nil || len(scan.Findings) != 4 {
		t.Fatalf("%+v, %v", scan, err)
	}
	for _, f := range scan.Findings {
		if f.Suggest.As != "shift" {
			t.Errorf("%s: %s", f.Column(), f.Suggest)
		}
		spec.Masking.Rules = append(spec.Masking.Rules, f.Suggest)
	}
	var sink memory
	take(t, spec, &sink)
	before := map[string]string{}
	const dates = "SELECT id, format('%s-%s-%s', year_of_birth, month_of_birth, day_of_birth) FROM person"
	for _, row := range pgtest.Query(t, url, dates) {
		before[row[0]] = row[1]
	}
	for line := range strings.Lines(strings.ReplaceAll(sink.rows["public.person"], `\N`, "")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		date := strings.Join(f[1:], "-")
		missing := strings.Count(date, "--") + strings.Count(date+"|", "-|")
		form := []string{"2006-1-2", "2006-1-", "2006--"}[missing]
		if _, err := time.Parse(form, date); err != nil || date == before[f[0]] || f[1] < "1925" || f[1] > "2014" {
			t.Fatalf("%s became %s: %v", before[f[0]], date, err)
		}
	}
	for line := range strings.Lines(sink.rows["public.voter"]) {
		id, year, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		n, _ := strconv.Atoi(id)
		if got, err := strconv.Atoi(year); err != nil || got == 1930+n%80 || got < 1920 || got > 2020 {
			t.Fatalf("%s: %s", id, year)
		}
	}
}
