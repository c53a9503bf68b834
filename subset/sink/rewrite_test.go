package sink_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// chattySQL is a schema in which people wrote about people, in every place
// that a schema has for it.
const chattySQL = `
	CREATE DOMAIN contact AS text DEFAULT 'ann.lee@corp.test' CHECK (VALUE <> 'bob@corp.test');
	CREATE TABLE tickets (
		id int PRIMARY KEY, owner contact, email text DEFAULT 'ann.lee@corp.test', phone text DEFAULT '+49 171 5550199', state text,
		CONSTRAINT not_him CHECK (email <> 'joe@corp.test'), label text GENERATED ALWAYS AS (state || ' of ann.lee@corp.test') STORED);
	COMMENT ON TABLE tickets IS 'ask John Miller''s team, or ann.lee@corp.test';
	COMMENT ON COLUMN tickets.state IS 'new or done';
	CREATE INDEX tickets_hers ON tickets (state) WHERE email = 'ann.lee@corp.test';
	CREATE VIEW hers AS SELECT id FROM tickets WHERE email = 'ann.lee@corp.test';
	CREATE MATERIALIZED VIEW his AS SELECT id, 'joe@corp.test' AS who FROM tickets;
	CREATE FUNCTION notify(who text DEFAULT 'joe@corp.test') RETURNS text LANGUAGE sql AS $$ SELECT 'mail ann.lee@corp.test, IBAN DE89370400440532013000' $$;
	CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 'card 4111 1111 1111 1111'; RETURN NEW; END $$;
	CREATE TRIGGER telling AFTER INSERT ON tickets FOR EACH ROW WHEN (NEW.email = 'joe@corp.test') EXECUTE FUNCTION tell('ann.lee@corp.test');
	CREATE POLICY own ON tickets USING (email = 'ann.lee@corp.test' OR CURRENT_USER = 'joe@corp.test');
	INSERT INTO tickets (id, owner, email, phone, state) SELECT n, 'p' || n || '@x.test', 'p' || n || '@corp.test', '+49 171 ' || 6660000 + n, 'new' FROM generate_series(1, 60) AS n;
	REFRESH MATERIALIZED VIEW his; ANALYZE;`

func chatty(t *testing.T) plan.Spec {
	url := pgtest.New(t)
	pgtest.Exec(t, url, chattySQL)
	spec := plan.Spec{URL: url, Curve: plan.DefaultCurve}
	spec.Masking = mask.Masking{
		Privacy: mask.PrivacyStrict, Key: mask.NewKey("key of a test"),
		Rules:  maskRules("*.owner: email", "*.email: email", "*.phone: phone"),
		Schema: []mask.LiteralRule{{Place: "comment on *", As: "drop"}, {Place: "*", As: "scrub"}},
	}
	return spec
}

func TestRewrite_LeavesNobodyInTheSchema(t *testing.T) {
	spec := chatty(t)
	target := wantNone(t, spec,
		[]string{"ann.lee@", "joe@corp", "bob@corp", "John Miller", "5550199", "DE8937", "4111 1111", "corp.test"})
	if n := pgtest.Value(t, target, "SELECT count(*) FROM pg_description WHERE objoid >= 16384"); n != "0" {
		t.Errorf("%s comments are left", n)
	}
	for what, sql := range map[string]string{
		"a default": "SELECT column_default FROM information_schema.columns WHERE table_name = 'tickets' AND " +
			"column_name = 'email'",
		"a function":    "SELECT notify()",
		"a partial key": "SELECT indexdef FROM pg_indexes WHERE indexname = 'tickets_hers'",
	} {
		if got := pgtest.Value(t, target, sql); !strings.Contains(got, "@example.") {
			t.Errorf("%s became %q", what, got)
		}
	}
}

func TestRun_StopsAtWhatTheSchemaSaysOfPeople(t *testing.T) {
	spec := chatty(t)
	spec.Masking.Schema = []mask.LiteralRule{{Place: "view public.hers", As: "keep"}}
	_, err := planOf(t, spec)
	for _, place := range []string{
		"default of public.tickets.email: holds an email address", "default of domain public.contact",
		"constraint not_him of public.tickets",
		"constraint contact_check of domain public.contact", "default of public.tickets.label",
		"comment on table public.tickets: holds an email address, a name",
		"index public.tickets_hers", "materialized view public.his",
		"function public.notify(who text): holds an email address, a bank account",
		"function public.tell(): holds a card number", "trigger telling of public.tickets",
		"policy own of public.tickets", "default of public.tickets.phone: holds a phone number",
	} {
		if err == nil || !strings.Contains(err.Error(), "\n  "+place) {
			t.Errorf("%s is not in\n%v", place, err)
		}
	}
	for _, not := range []string{"view public.hers", "ann.lee", "Miller", "4111", "5550199"} {
		if err != nil && strings.Contains(strings.ReplaceAll(err.Error(), "materialized view", ""), not) {
			t.Errorf("%s is in\n%v", not, err)
		}
	}
}

func TestRun_RefusesRulesForTheSchemaThatCannotBeKept(t *testing.T) {
	spec := chatty(t)
	spec.Masking.Privacy = mask.PrivacyOff
	spec.Masking.Schema = []mask.LiteralRule{
		{Place: "view public.his", As: "keep", Where: "offshoot.yaml:1"},
		{Place: "view public.hers", As: "drop", Where: "offshoot.yaml:2"},
		{Place: "enum *", As: "scrub", Where: "offshoot.yaml:3"},
		{Place: "view public.hers", As: "mask", Where: "offshoot.yaml:4"},
	}
	_, err := planOf(t, spec)
	for _, want := range []string{
		"offshoot.yaml:1: schema: view public.his: the source has no such place",
		"offshoot.yaml:2: schema: view public.hers: only comments can be dropped",
		"offshoot.yaml:3: schema: enum *: rows depend on it",
		`offshoot.yaml:4: schema: view public.hers: nothing is called "mask"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in\n%v", want, err)
		}
	}
}

func planOf(t *testing.T, spec plan.Spec) (*plan.Plan, error) {
	t.Helper()
	source, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close(t.Context()) }()
	return source.Plan(t.Context())
}
