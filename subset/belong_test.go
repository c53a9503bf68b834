package subset_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// A market of 40 tenants, whose orders reference products of any tenant.
const bazaarSQL = `
	CREATE TABLE tenants (id int PRIMARY KEY, name text NOT NULL);
	CREATE TABLE products (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenants);
	CREATE TABLE orders (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenants, replaces int REFERENCES orders);
	CREATE TABLE lines ("order" int NOT NULL REFERENCES orders, line int, product int REFERENCES products, PRIMARY KEY ("order", line));
	CREATE TABLE notes (id int PRIMARY KEY, "order" int, line int, text text, FOREIGN KEY ("order", line) REFERENCES lines);
	CREATE TABLE remarks (id int PRIMARY KEY, kind text NOT NULL, record int NOT NULL);
	CREATE TABLE log (tenant int NOT NULL REFERENCES tenants, at int);
	INSERT INTO tenants SELECT n, 'tenant ' || n FROM generate_series(1, 40) AS n;
	INSERT INTO products SELECT n, 1 + n % 40 FROM generate_series(1, 2000) AS n;
	INSERT INTO orders SELECT n, 1 + n % 40, CASE WHEN n > 40 AND n % 9 = 0 THEN n - 40 END FROM generate_series(1, 30000) AS n;
	INSERT INTO lines SELECT o, l, 1 + (o * 7 + l) % 2000 FROM generate_series(1, 30000) AS o, generate_series(1, 3) AS l WHERE l <= 1 + o % 3;
	INSERT INTO notes SELECT n, n * 3, 1, 'note' FROM generate_series(1, 9000) AS n;
	INSERT INTO remarks SELECT n, CASE WHEN n % 2 = 0 THEN 'order' ELSE 'other' END, n FROM generate_series(1, 3000) AS n;
	INSERT INTO log SELECT 1 + n % 40, n FROM generate_series(1, 4000) AS n;
	CREATE INDEX ON orders (tenant); CREATE INDEX ON orders (replaces); CREATE INDEX ON notes ("order", line); CREATE INDEX ON products (tenant);
	ANALYZE`

func bazaar(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t, "bazaar", func(url string) { pgtest.Fill(t, url, bazaarSQL) })
}

func count(t *testing.T, url, sql string) string {
	t.Helper()
	return pgtest.Query(t, url, "SELECT count(*) FROM "+sql)[0][0]
}

func TestRun_KeepsARootWithAllThatBelongsToIt(t *testing.T) {
	spec := plan.Spec{
		URL: bazaar(t), Seed: 1,
		Roots:      []plan.Root{{Table: "public.tenants", Where: "id = 7"}},
		References: []string{"public.remarks.record -> public.orders.id when kind = 'order'"},
		Tables:     map[string]plan.Rule{"public.log": {None: true}},
	}
	report, target := takeRows(t, spec)
	wantComplete(t, spec.URL, target, report)
	for _, what := range []string{
		"products WHERE tenant = 7",
		"orders WHERE tenant = 7",
		"orders JOIN lines ON \"order\" = id WHERE tenant = 7",
		"orders JOIN lines ON \"order\" = id JOIN notes USING (\"order\", line) WHERE tenant = 7",
		"orders AS o JOIN orders AS r ON r.replaces = o.id WHERE o.tenant = 7",
		"products AS p JOIN lines AS l ON p.id = l.product WHERE tenant = 7",
		"orders AS o JOIN remarks AS r ON r.record = o.id AND kind = 'order' WHERE o.tenant = 7",
	} {
		if got, want := count(t, target, what), count(t, spec.URL, what); got != want || want == "0" {
			t.Errorf("%s: %s of %s rows", what, got, want)
		}
	}
	if n := count(t, target, "log"); n != "0" {
		t.Errorf("%s rows of a table with the rule none", n)
	}
	if n := count(t, target, "tenants"); n == "40" {
		t.Error("every tenant is kept")
	}
}

func TestRun_FollowsARootRoundACycleOnce(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE people (id int PRIMARY KEY, boss int REFERENCES people, team int);
		CREATE TABLE teams (id int PRIMARY KEY, lead int REFERENCES people);
		ALTER TABLE people ADD FOREIGN KEY (team) REFERENCES teams;
		INSERT INTO people SELECT n, NULLIF(n / 3, 0) FROM generate_series(1, 900) AS n;
		INSERT INTO teams SELECT n, n FROM generate_series(1, 90) AS n;
		UPDATE people SET team = 1 + id % 90`)
	report, target := takeRows(t, plan.Spec{URL: url, Roots: []plan.Root{{Table: "public.people", Where: "id = 1"}}})
	wantComplete(t, url, target, report)
	// Whoever has 1 above them, who is in a team that they lead, and so on: everybody from 1 up.
	if n := count(t, target, "people"); n != "900" {
		t.Errorf("%s people belong to the first one, want all 900", n)
	}
}

func TestRoot_MistakesAreExplained(t *testing.T) {
	for _, c := range []struct{ table, where, want string }{
		{"public.tenant", "id = 7", "no table public.tenant"},
		{"public.tenants", "idd = 7", "column \"idd\" does not exist"},
		{"public.tenants", "id = 700", "no row fulfils"},
		{"public.log", "at = 7", "has the rule none"},
	} {
		s := open(t, plan.Spec{
			URL: bazaar(t), Roots: []plan.Root{{Table: c.table, Where: c.where}},
			Tables: map[string]plan.Rule{"public.log": {None: true}},
		})
		p, err := s.Plan(t.Context())
		if err == nil {
			_, err = s.Run(t.Context(), p, &memory{}, nil)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || len(hint.Of(err)) == 0 {
			t.Errorf("%s: %s: got %v, hints %q", c.table, c.where, err, hint.Of(err))
		}
	}
}

func TestParseRoot_TakesATableAndACondition(t *testing.T) {
	r, err := plan.ParseRoot("public.tenants: name = 'a: b'")
	if err != nil || r.Table != "public.tenants" || r.Where != "name = 'a: b'" {
		t.Errorf("%+v %v", r, err)
	}
	for _, text := range []string{"", "public.tenants", "public.tenants:", ": id = 1", "public.tenants:  "} {
		if _, err := plan.ParseRoot(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestRun_FamiliesAreWhole(t *testing.T) {
	spec := plan.Spec{URL: bazaar(t), Seed: 3, Mode: plan.ModeFamily}
	report, target := takeRows(t, spec)
	wantComplete(t, spec.URL, target, report)
	// An order that another one replaces may be there for that reason alone.
	torn := `SELECT count(*) FROM (SELECT "order", count(*) AS n FROM lines GROUP BY 1) AS l JOIN orders AS o ON id = "order"
		WHERE n <> 1 + id % 3 AND NOT EXISTS (SELECT FROM orders AS r WHERE r.replaces = o.id)`
	if n := pgtest.Query(t, target, torn)[0][0]; n != "0" {
		t.Errorf("%s orders have some of their lines only", n)
	}
	if ratio := float64(report.Rows) / float64(report.Target); ratio < 0.5 || ratio > 2 {
		t.Errorf("%d rows for a target of %d", report.Rows, report.Target)
	}
	orders, lines := count(t, target, "orders"), count(t, target, "lines")
	t.Logf("%s orders and %s lines, %d rows of %d", orders, lines, report.Rows, report.Target)
}

func TestParseMode_KnowsTwo(t *testing.T) {
	for text, want := range map[string]plan.Mode{
		"": plan.ModeCurve, "curve": plan.ModeCurve,
		"family": plan.ModeFamily,
	} {
		if m, err := plan.ParseMode(text); err != nil || m != want {
			t.Errorf("%q: %v %v", text, m, err)
		}
	}
	if _, err := plan.ParseMode("families"); err == nil {
		t.Error("an unknown mode is taken")
	}
}

func TestMakePlan_ReservesRoomForForcedRows(t *testing.T) {
	s := open(t, plan.Spec{URL: bazaar(t)})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reserves := subset.Reserves(p)
	if got := reserves["public.notes"]; got != 1 {
		t.Errorf("nobody references notes, and %.2f of them are sampled", got)
	}
	if got := reserves["public.products"]; got != 0.5 {
		t.Errorf("lines reference any product, and %.2f of them are sampled first", got)
	}
	if got := reserves["public.orders"]; got != 1 {
		t.Errorf("lines are drawn from kept orders, and only %.2f of the orders are sampled first", got)
	}
}
