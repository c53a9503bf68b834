package subset_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// hidden are tables whose column v shows by its values alone that it holds
// personal data: the type, and the value of row n.
var hidden = map[string][2]string{
	"store":        {"hstore", `hstore('k', mail)`},
	"store_keys":   {"hstore", `hstore(mail, '1')`},
	"store_named":  {"hstore_domain", `hstore('k', mail)`},
	"markup":       {"xml", `('<p><m>' || mail || '</m></p>')::xml`},
	"attributes":   {"xml", `('<p m="+49 171 ' || 5550000 + n || '"/>')::xml`},
	"record":       {"contact", `ROW('Anna Berg', mail)::contact`},
	"records":      {"contact[]", `ARRAY[ROW('Anna Berg', mail)::contact]`},
	"strings":      {"text", `'{"m": "' || mail || '"}'`},
	"phones":       {"text", `'{"p": "+49 171 ' || 5550000 + n || '"}'`},
	"yaml":         {"text", `E'---\nwho:\n  m: ' || mail || E'\n'`},
	"php":          {"text", `'a:1:{s:1:"m";s:' || length(mail) || ':"' || mail || '";}'`},
	"json_named":   {"json_domain", `jsonb_build_object('m', mail)`},
	"text_named":   {"text_domain", `mail`},
	"folded":       {"citext[]", `ARRAY[mail]::citext[]`},
	"json_list":    {"jsonb[]", `ARRAY[jsonb_build_object('m', mail)]`},
	"json_keys":    {"jsonb", `jsonb_build_object(mail, 1)`},
	"json_bare":    {"json", `json_build_array(mail)`},
	"json_members": {"jsonb", `jsonb_build_object('firstName', 'Xq', 'lastName', 'Zz' || n)`},
	"bytes":        {"bytea", `convert_to(mail, 'UTF8')`},
	"named":        {"name", `mail::name`},
	"words":        {"tsvector", `to_tsvector('simple', mail)`},
	"padded":       {"char(60)", `mail`},
	"digits":       {"bigint", `491511234000 + n`},
	"decimals":     {"numeric(14)", `12025550000 + n`},
	"late":         {"text", `repeat('lorem ipsum ', 20000) || mail`},
	"late_json":    {"jsonb", `jsonb_build_object('a', repeat('x', 300000), 'z', mail)`},
	"rare":         {"text", `CASE WHEN n % 40 = 0 THEN 'from ' || mail ELSE 'hello there' END`},
	"behind":       {"text", `CASE WHEN n > 2900 THEN mail END`},
	"fifth":        {"text", `CASE WHEN n % 5 = 0 THEN mail ELSE 'none ' || n END`},
	"two":          {"text", `CASE n WHEN 7 THEN mail WHEN 9 THEN mail END`},
	"list_of_two":  {"text[]", `ARRAY['x', '+1 202 555 ' || 1000 + n]`},
	"prose":        {"text", `'please call +49 171 ' || 5550000 + n || ' after noon'`},
}

// harmless are columns of the same kinds that hold nobody.
var harmless = map[string][2]string{
	"store":    {"hstore", `hstore('colour', 'red')`},
	"markup":   {"xml", `('<p n="' || n || '">done</p>')::xml`},
	"document": {"jsonb", `jsonb_build_object('n', n, 'state', 'done', 'tags', jsonb_build_array('a', 'b'))`},
	"bytes":    {"bytea", `sha256(n::text::bytea)`},
	"millis":   {"bigint", `1700000000000 + n * 1000`},
	"numbers":  {"bigint", `n * 7919`},
	"articles": {"bigint", `4006381333931`},
	"state":    {"text", `(ARRAY['new', 'open', 'done'])[1 + n % 3]`},
	"months":   {"text", `trim(to_char(make_date(2020, 1 + n % 12, 1), 'Month'))`},
	"words":    {"tsvector", `to_tsvector('english', 'green bricks')`},
	"nothing":  {"text", `NULL`},
	"samples":  {"text", `'user' || n || '@example.com is an address'`},
	"list":     {"text[]", `ARRAY['red', 'blue']`},
}

// valuesSQL has the types and one table for each of them.
func valuesSQL() string {
	var b strings.Builder
	b.WriteString(`CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TYPE contact AS (who text, how text);
		CREATE DOMAIN hstore_domain AS hstore; CREATE DOMAIN json_domain AS jsonb; CREATE DOMAIN text_domain AS text;`)
	for schema, tables := range map[string]map[string][2]string{"hidden": hidden, "open": harmless} {
		fmt.Fprintf(&b, "CREATE SCHEMA %s;", schema)
		for name, of := range tables {
			fmt.Fprintf(&b, `CREATE TABLE %s.%s (id int PRIMARY KEY, v %s);
				INSERT INTO %[1]s.%[2]s SELECT n, %[4]s FROM generate_series(1, %[5]d) AS n,
					LATERAL (SELECT 'p' || n || '@corp.test' AS mail) AS m;`, schema, name, of[0], of[1], rowsOf(name))
		}
	}
	return b.String() + "ANALYZE"
}

func rowsOf(table string) int {
	switch {
	case strings.HasPrefix(table, "late"):
		return 30
	case table == "behind" || table == "rare":
		return 3000
	}
	return 200
}

func TestPlan_StrictLooksAtValuesBeforeTheFirstScan(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, valuesSQL())
	spec := plan.Spec{URL: url, Curve: plan.DefaultCurve}
	spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("k")}
	_, err := planOf(t, spec)
	var refused *subset.SensitiveError
	if !errors.As(err, &refused) || !errors.Is(err, hint.ErrUsage) {
		t.Fatalf("got %v", err)
	}
	var got, want []string
	for _, f := range refused.Findings {
		got = append(got, f.Column())
	}
	for name := range hidden {
		want = append(want, "hidden."+name+".v")
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "corp.test") || !strings.Contains(err.Error(), "hidden.two.v") {
		t.Errorf("%v", err)
	}
	spec.Masking.Scanned = map[string][]string{"hidden.two": {"id", "v"}}
	if _, err := planOf(t, spec); !errors.As(err, &refused) ||
		!strings.Contains(err.Error(), "hidden.bytes.v: appeared since the last scan") ||
		strings.Contains(err.Error(), "hidden.two.v") {
		t.Errorf("after a scan: %v", err)
	}
}
