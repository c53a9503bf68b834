package sink_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// hiddenSQL has people in the rarer places of a schema.
const hiddenSQL = `
	CREATE TABLE people (id int PRIMARY KEY, email text, state text);
	CREATE AGGREGATE said(text) (SFUNC = textcat, STYPE = text, INITCOND = 'ann.lee@corp.test');
	CREATE AGGREGATE moved(text) (SFUNC = textcat, STYPE = text, MSFUNC = textcat, MINVFUNC = textcat, MSTYPE = text, MINITCOND = 'ann.lee@corp.test');
	CREATE FOREIGN DATA WRAPPER w OPTIONS (admin 'ann.lee@corp.test');
	CREATE SERVER s TYPE 'ann.lee@corp.test' VERSION 'of joe@corp.test' FOREIGN DATA WRAPPER w;
	CREATE SERVER s2 FOREIGN DATA WRAPPER w OPTIONS (host '85.214.132.117', admin 'ann.lee@corp.test');
	CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (login 'ann.lee@corp.test');
	CREATE FOREIGN TABLE f (a text OPTIONS (was 'ann.lee@corp.test')) SERVER s OPTIONS (place 'joe@corp.test');
	CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, accept = 'true');
	CREATE STATISTICS st ON (email = 'ann.lee@corp.test'), state FROM people;
	CREATE RULE r AS ON UPDATE TO people WHERE NEW.email = 'ann.lee@corp.test' DO ALSO SELECT 'joe@corp.test';
	COMMENT ON RULE r ON people IS 'for ann.lee@corp.test';
	INSERT INTO people SELECT n, 'p' || n || '@corp.test', 'new' FROM generate_series(1, 60) AS n; ANALYZE;`

var hiddenPlaces = []string{
	"aggregate public.said(text)", "aggregate public.moved(text)", "options of foreign data wrapper w",
	"options of server s:", "options of server s2",
	"options of foreign column public.f.a", "options of foreign table public.f", "statistics public.st",
	"rule r of public.people", "comment on rule r",
}

func hidden(t *testing.T) plan.Spec {
	t.Helper()
	if pgtest.Major(t) < 14 {
		t.Skip("statistics of expressions are of PostgreSQL 14")
	}
	url := pgtest.New(t)
	pgtest.Exec(t, url, hiddenSQL)
	return plan.Spec{URL: url, Curve: plan.DefaultCurve, Masking: mask.Masking{
		Privacy: mask.PrivacyStrict, Key: mask.NewKey("key of a test"), Rules: maskRules("*.email: email"),
	}}
}

func TestHostile_ASchemaHidesPeopleWhereNobodyLooks(t *testing.T) {
	t.Parallel()
	spec := hidden(t)
	_, err := planOf(t, spec)
	for _, place := range hiddenPlaces {
		if err == nil || !strings.Contains(err.Error(), "\n  "+place) {
			t.Errorf("%s is not in\n%v", place, err)
		}
	}
	spec.Masking.Schema = []mask.LiteralRule{{Place: "*", As: "scrub"}}
	wantNone(t, spec, []string{"ann.lee", "joe@corp", "85.214"})
}

func TestHostile_APartitionKeyNamesSomebody(t *testing.T) {
	t.Parallel()
	spec := hidden(t)
	pgtest.Exec(t, spec.URL,
		`CREATE TABLE parted (id int, email text) PARTITION BY LIST ((CASE email WHEN 'ann.lee@corp.test' THEN 1 ELSE 2 END));
		CREATE TYPE mood AS ENUM ('joe@corp.test')`)
	spec.Masking.Schema = []mask.LiteralRule{{Place: "*", As: "scrub"}}
	_, err := planOf(t, spec)
	for _, place := range []string{"partition key of public.parted: holds", "enum public.mood: holds"} {
		if err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("a pattern that cannot scrub it decides about it: %s is not in %v", place, err)
		}
	}
	spec.Masking.Schema = []mask.LiteralRule{
		{Place: "partition key of public.parted", As: "scrub"},
		{Place: "*", As: "scrub"},
	}
	if _, err := planOf(t, spec); err == nil || !strings.Contains(err.Error(), "rows depend on it") {
		t.Errorf("got %v", err)
	}
}
