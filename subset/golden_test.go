package subset_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// wantGolden compares what is written with a file that people have read.
func wantGolden(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got), -update writes it anew:\n%s", path, diff)
	}
}

// goldenSQL has a table of each kind that a plan and a report tell apart.
const goldenSQL = `
	CREATE TABLE goose_db_version (id int PRIMARY KEY, version_id bigint, is_applied bool, tstamp timestamp);
	CREATE TABLE country (code char(2) PRIMARY KEY, name text);
	CREATE TABLE customer (id int PRIMARY KEY, country char(2) NOT NULL REFERENCES country, name text);
	CREATE TABLE team (id int PRIMARY KEY, lead int);
	CREATE TABLE member (id int PRIMARY KEY, team int NOT NULL REFERENCES team);
	ALTER TABLE team ADD FOREIGN KEY (lead) REFERENCES member;
	CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, placed date);
	CREATE TABLE "Odd | name" (id int PRIMARY KEY, record int, kind text);
	CREATE TABLE log (at int, what text);
	CREATE TABLE nothing (id int);
	INSERT INTO goose_db_version SELECT i, 20240000 + i, true, '2024-01-01' FROM generate_series(1, 40) AS i;
	INSERT INTO country SELECT 'A' || chr(64 + i), 'Country ' || i FROM generate_series(1, 20) AS i;
	INSERT INTO customer SELECT i, 'A' || chr(65 + i % 20), 'Customer ' || i FROM generate_series(1, 900) AS i;
	INSERT INTO team SELECT i, NULL FROM generate_series(1, 30) AS i;
	INSERT INTO member SELECT i, 1 + i % 30 FROM generate_series(1, 300) AS i;
	UPDATE team SET lead = id;
	INSERT INTO orders SELECT i, 1 + i * 7 % 900, date '2024-01-01' + i % 365 FROM generate_series(1, 4000) AS i;
	INSERT INTO "Odd | name" SELECT i, CASE WHEN i <= 100 THEN i ELSE -i END, CASE WHEN i % 2 = 0 THEN 'Order' ELSE 'Other' END FROM generate_series(1, 200) AS i;
	INSERT INTO log SELECT i, 'log' FROM generate_series(1, 2500) AS i;
	-- What dangles: below a key that is NOT VALID, and below one that is valid but broken.
	SET session_replication_role = replica;
	UPDATE orders SET customer = -1 WHERE id <= 400;
	RESET session_replication_role;
	ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES customer NOT VALID;
	SET session_replication_role = replica;
	DELETE FROM country WHERE code = 'AB';
	ANALYZE`

func golden(t *testing.T) plan.Spec {
	t.Helper()
	return plan.Spec{
		URL:  pgtest.Shared(t, "golden", func(url string) { pgtest.Exec(t, url, goldenSQL) }),
		Seed: 11,
		Tables: map[string]plan.Rule{
			"public.log":      {None: true},
			"public.customer": {Where: "id % 3 = 0", Rows: 60},
		},
		References: []string{"public.Odd | name.record -> public.orders.id when kind = 'Order'"},
	}
}

// goldenPlan is the plan without what differs between servers.
func goldenPlan(t *testing.T) (*subset.Source, *plan.Plan) {
	t.Helper()
	s := open(t, golden(t))
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.Database = "golden"
	p.Expected.Seconds = 0.5
	p.Pace = catalog.Pace{RoundTrip: 0.021, Apart: 2_900, Bytes: 118 << 20, Memory: 4 << 30}
	for i := range p.Tables {
		p.Tables[i].Bytes = p.Tables[i].Rows * 100
		p.Tables[i].Expected.Seconds = 0.05
	}
	return s, p
}

func TestPlan_IsWrittenAsPeopleHaveReadIt(t *testing.T) {
	_, p := goldenPlan(t)
	wantGolden(t, "plan.txt", p.WriteText)
	wantGolden(t, "plan.md", p.WriteMarkdown)
	wantGolden(t, "plan.json", p.WriteJSON)
	wantGolden(t, "plan.mmd", p.WriteMermaid)
	wantGolden(t, "plan.dot", p.WriteDOT)
}

func TestReport_IsWrittenAsPeopleHaveReadIt(t *testing.T) {
	s, p := goldenPlan(t)
	report, err := s.Run(t.Context(), p, &memory{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	report.Server, report.Seconds = 150000, 1.25
	for i := range report.Steps {
		report.Steps[i].Seconds = 0.25
	}
	for i := range report.Tables {
		report.Tables[i].Seconds = 0.125
	}
	wantGolden(t, "report.txt", report.WriteText)
	wantGolden(t, "report.md", report.WriteMarkdown)
	wantGolden(t, "report.json", report.WriteJSON)
	wantGolden(t, "report.mmd", report.WriteMermaid)
	wantGolden(t, "report.dot", report.WriteDOT)
}

func TestRun_TellsBrokenKeysFromThoseThatAreNotValid(t *testing.T) {
	report, target := takeInto(t, golden(t))
	wantComplete(t, golden(t).URL, target, report)
	keys := map[string]subset.KeyReport{}
	for _, k := range report.Keys {
		keys[k.Name] = k
	}
	broken, old := keys["public.customer.customer_country_fkey"], keys["public.orders.orders_customer_fkey"]
	configured := keys[golden(t).References[0]]
	if broken.Dangling == 0 || !broken.Validated || !broken.Declared {
		t.Errorf("%+v", broken)
	}
	if old.Dangling == 0 || old.Validated || !old.Declared {
		t.Errorf("%+v", old)
	}
	if configured.Dangling == 0 || configured.Validated || configured.Declared {
		t.Errorf("%+v", configured)
	}
	if report.Broken() != broken.Dangling || report.Dangling() != broken.Dangling+old.Dangling+configured.Dangling {
		t.Errorf("%d of %d broken", report.Broken(), report.Dangling())
	}
	// In the target neither is called valid, and every row of the history is there.
	const invalid = "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE contype = 'f' AND " +
		"NOT convalidated"
	if got := pgtest.Value(t, target, invalid); got != "customer_country_fkey orders_customer_fkey" {
		t.Errorf("not valid: %s", got)
	}
	if got := pgtest.Value(t, target, "SELECT count(*) FROM goose_db_version"); got != "40" {
		t.Errorf("%s of 40 rows of the history", got)
	}
}
