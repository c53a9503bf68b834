package sink_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func maskRules(lines ...string) []mask.Rule {
	var rules []mask.Rule
	for _, l := range lines {
		column, as, _ := strings.Cut(l, ": ")
		as, country, _ := strings.Cut(as, " of ")
		rules = append(rules, mask.Rule{Column: column, As: as, Country: country})
	}
	return rules
}

// wantNone looks for secrets in every kind of target, byte by byte: in the
// files as they are, in what is compressed in them, and in what they restore.
func wantNone(t *testing.T, spec plan.Spec, secrets []string) (target string) {
	t.Helper()
	target = pgtest.New(t)
	dir := t.TempDir()
	paths := []string{
		filepath.Join(dir, "s.sql"), filepath.Join(dir, "s.sql.gz"), filepath.Join(dir, "c.dump"),
		filepath.Join(dir, "d") + "/",
	}
	for _, to := range append(paths, target) {
		if report, _ := runSpec(t, spec, to); len(report.Privacy.Masked) == 0 {
			t.Fatal("nothing is masked")
		}
	}
	texts := map[string]string{"database": dump(t, target)}
	for _, archive := range paths[2:] {
		restored, err := pgRestore(t, "--file=-", archive)
		if err != nil {
			t.Fatal(err)
		}
		texts["restored "+archive] = restored
	}
	for _, path := range filesBelow(t, dir) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(raw)
		if strings.HasSuffix(path, ".gz") {
			texts["unpacked "+path] = gunzip(t, raw)
		}
	}
	for name, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Fatalf("the %s holds %q", name, secret)
			}
		}
		if whole := strings.HasPrefix(name, "restored") ||
			strings.Contains(name, "s.sql") && text[0] == '-'; whole &&
			!strings.Contains(text, "ersonal data: privacy strict") {
			t.Errorf("the %s does not say how private it is", name)
		} else if whole && strings.Count(text, "-- offshoot facts: ") < 2 {
			t.Errorf("the %s has no facts, which were to be searched as well", name)
		}
	}
	return target
}

func filesBelow(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d files in %s: %v", len(paths), dir, err)
	}
	return paths
}

func gunzip(t *testing.T, raw []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func secretsOf(t *testing.T, url, sql string) []string {
	t.Helper()
	var secrets []string
	for _, row := range pgtest.Query(t, url, sql) {
		secrets = append(secrets, row[0])
	}
	if len(secrets) < 50 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	return secrets
}

// wantSameJoins compares the rows that joins find, in source and subset, over
// all rows.
func wantSameJoins(t *testing.T, source, target string, joins ...string) {
	t.Helper()
	for _, join := range joins {
		if a, b := pgtest.Value(t, source, "SELECT count(*) FROM "+join), pgtest.Value(t, target,
			"SELECT count(*) FROM "+join); a != b || a == "0" {
			t.Errorf("%s: %s rows, masked %s", join, a, b)
		}
	}
}

const shopSQL = `
	CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%_@_%' AND length(VALUE) <= 254);
	CREATE TABLE customers (
		id bigint PRIMARY KEY, email mail NOT NULL UNIQUE, first_name text NOT NULL, last_name text NOT NULL,
		full_name text GENERATED ALWAYS AS (first_name || ' ' || last_name) STORED, phone varchar(20) UNIQUE, birthday date, profile jsonb, tags text[]);
	CREATE UNIQUE INDEX ON customers (lower(email::text));
	CREATE TABLE addresses (customer_id bigint REFERENCES customers, no int, street text NOT NULL, city text NOT NULL, postcode text NOT NULL, country char(2) NOT NULL, PRIMARY KEY (customer_id, no));
	CREATE TABLE people (name text NOT NULL, email mail NOT NULL); CREATE TABLE staff (badge int) INHERITS (people);
	CREATE TABLE logins (at date NOT NULL, email mail NOT NULL REFERENCES customers (email), ip inet NOT NULL) PARTITION BY RANGE (at);
	CREATE TABLE logins_1 PARTITION OF logins FOR VALUES FROM ('2020-01-01') TO ('2020-06-01');
	CREATE TABLE logins_2 PARTITION OF logins DEFAULT;
	CREATE VIEW everybody AS SELECT full_name, email FROM customers;
	CREATE MATERIALIZED VIEW cached AS SELECT email, full_name, phone FROM customers;
	INSERT INTO customers (id, email, first_name, last_name, phone, birthday, profile, tags) SELECT n, 'person' || n || '@real' || n % 7 || '.test', 'Realfirst' || n, 'Reallast' || n, '+49 171 ' || 5550000 + n, '1970-01-01'::date + n,
		jsonb_build_object('contact', jsonb_build_object('mail', 'person' || n || '@real' || n % 7 || '.test')), ARRAY['call +49 171 ' || 5550000 + n] FROM generate_series(1, 200) AS n;
	INSERT INTO addresses SELECT n, 1, n || ' Reallane', 'Realtown', 10000 + n, (ARRAY['DE', 'NL', 'US'])[1 + n % 3] FROM generate_series(1, 200) AS n;
	INSERT INTO people SELECT 'Realfirst' || n || ' Reallast' || n, 'person' || n || '@real.test' FROM generate_series(1, 50) AS n;
	INSERT INTO staff SELECT 'Realfirst' || n || ' Reallast' || n, 'staff' || n || '@real.test', n FROM generate_series(1, 50) AS n;
	INSERT INTO logins SELECT '2020-01-01'::date + n::int, email, '203.0.113.1'::inet + n FROM customers, generate_series(id, id) AS n;
	REFRESH MATERIALIZED VIEW cached;
	ANALYZE;`

func TestMask_LeavesNobodyOfAShopBehind(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, shopSQL)
	spec := plan.Spec{URL: url, Curve: plan.DefaultCurve, Tables: map[string]plan.Rule{}}
	for _, name := range []string{"customers", "addresses", "people", "staff", "logins"} {
		spec.Tables["public."+name] = plan.Rule{All: true}
	}
	rules := maskRules("*.email: email", "*.first_name: first_name", "*.last_name: last_name", "*.name: name",
		"*.phone: phone", "*.street: street of country",
		"*.city: city of country", "*.postcode: postcode of country", "*.ip: ip", "public.customers.birthday: shift",
		"public.customers.tags: scrub")
	rules = append(rules,
		mask.Rule{Column: "public.customers.profile", As: "json", At: []mask.Rule{{Column: "**.mail", As: "email"}}})
	spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("key of a test"), Rules: rules}
	secrets := secretsOf(t, url,
		`SELECT email FROM customers UNION SELECT email FROM people UNION SELECT full_name FROM customers UNION SELECT first_name FROM customers
		UNION SELECT phone FROM customers UNION SELECT street FROM addresses UNION SELECT host(ip) FROM logins`)
	target := wantNone(t, spec, append(secrets, "Realtown", "Reallast"))
	wantSameJoins(t, url, target, "logins JOIN customers USING (email)", "customers JOIN cached USING (email)",
		"(SELECT DISTINCT lower(email) FROM customers) AS c",
		"customers WHERE full_name = first_name || ' ' || last_name",
		"customers WHERE profile #>> '{contact,mail}' = email")
}
