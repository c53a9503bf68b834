package subset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// fedSQL has columns that are computed of an address: a key, a short one, one
// that is unique, and one that has to be a number.
const fedSQL = `
	CREATE TABLE site (host text PRIMARY KEY);
	INSERT INTO site SELECT 'corp' || n || '.test' FROM generate_series(1, 40) AS n;
	CREATE TABLE member (id int PRIMARY KEY, email text, host text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED REFERENCES site);
	INSERT INTO member (id, email) SELECT n, 'u' || n || '@corp' || 1 + n % 40 || '.test' FROM generate_series(1, 300) AS n;
	CREATE TABLE room (code text, parity text GENERATED ALWAYS AS (upper(code)) STORED UNIQUE);
	INSERT INTO room (code) SELECT 'r' || n FROM generate_series(1, 40) AS n;
	CREATE TABLE guest (id int PRIMARY KEY, room text REFERENCES room (parity));
	CREATE TABLE staff (id int PRIMARY KEY, email text, short varchar(9) GENERATED ALWAYS AS (email) STORED);
	INSERT INTO staff (id, email) SELECT n, 'a' || n || '@b.test' FROM generate_series(1, 9) AS n;
	CREATE TABLE owner (id int PRIMARY KEY, email text, folded text GENERATED ALWAYS AS (lower(email)) STORED UNIQUE);
	INSERT INTO owner (id, email) SELECT n, 'A' || n || '@b.test' FROM generate_series(1, 9) AS n;
	CREATE TABLE desk (id int PRIMARY KEY, phone text, number int GENERATED ALWAYS AS (right(phone, 3)::int) STORED NOT NULL);
	INSERT INTO desk (id, phone) SELECT n, '+49 171 5550' || 100 + n FROM generate_series(1, 9) AS n;
	ANALYZE;`

func TestPlan_RefusesMasksThatColumnsAreComputedOf(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, fedSQL)
	for _, c := range []struct {
		rule mask.Rule
		want string // empty where it is fine
	}{
		{
			mask.Rule{Column: "public.member.email", As: "email"},
			"email changes the generated column host, which is a foreign key",
		},
		{mask.Rule{Column: "public.member.email", As: "email", Keep: "domain"}, ""},
		{
			mask.Rule{Column: "public.member.email", As: "url", Keep: "host"},
			"url changes the generated column host, which is a foreign key",
		},
		{mask.Rule{Column: "public.member.email", As: "null"}, ""},
		{
			mask.Rule{Column: "public.room.code", As: "token"},
			"token changes the generated column parity, which is a foreign key",
		},
		{
			mask.Rule{Column: "public.staff.email", As: "email"},
			"email gives values of which the generated column short cannot be computed",
		},
		{mask.Rule{Column: "public.staff.email", As: "text"}, ""},
		{mask.Rule{Column: "public.owner.email", As: "email"}, ""},
		{mask.Rule{Column: "public.owner.email", As: "text"}, "text may not keep the index owner_folded_key unique"},
		{mask.Rule{Column: "public.owner.email", As: "name"}, "name cannot keep the index owner_folded_key unique"},
		{
			mask.Rule{Column: "public.desk.phone", As: "hash"},
			"hash gives values of which the generated column number cannot be computed",
		},
		{mask.Rule{Column: "public.desk.phone", As: "phone"}, ""},
		{
			mask.Rule{Column: "public.desk.phone", As: "null"},
			"null gives values of which the generated column number cannot be computed",
		},
	} {
		spec := plan.Spec{URL: url, Curve: plan.DefaultCurve}
		c.rule.Where = "offshoot.yaml:2"
		spec.Masking = mask.Masking{Privacy: mask.PrivacyOff, Key: mask.NewKey("k"), Rules: []mask.Rule{c.rule}}
		_, err := planOf(t, spec)
		if c.want == "" && err != nil {
			t.Errorf("%s %s: %v", c.rule.Column, c.rule, err)
		}
		if c.want != "" && (!errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %s: got %v\nwant %s", c.rule.Column, c.rule, err, c.want)
		}
	}
}
