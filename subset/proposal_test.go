package subset_test

import (
	"errors"
	"strings"
	"testing"

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
