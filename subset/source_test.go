package subset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// shopSQL makes a shop whose order lines reference products at random, in
// tables too large to be candidates as a whole. Some keys have no index, one
// table has no statistics, one no key.
const shopSQL = `
CREATE TABLE tenant (id int PRIMARY KEY, name text);
CREATE TABLE customer (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, name text);
CREATE TABLE product (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer, note text);
CREATE TABLE line (orders int REFERENCES orders, n int, product int NOT NULL REFERENCES product, PRIMARY KEY (orders, n));
CREATE TABLE refund (id int PRIMARY KEY, orders int, n int, FOREIGN KEY (orders, n) REFERENCES line);
CREATE TABLE event (tenant int REFERENCES tenant, customer int REFERENCES customer, what text);
CREATE TABLE log (id int, what text);
INSERT INTO tenant SELECT i, 'tenant ' || i FROM generate_series(1, 100) AS i;
INSERT INTO customer SELECT i, 1 + i * i % 97, 'customer ' || i FROM generate_series(1, 6000) AS i;
INSERT INTO product SELECT i, 1 + i % 100, 'product ' || i FROM generate_series(1, 3000) AS i;
INSERT INTO orders SELECT i, 1 + i * 7919 % 6000, 'note' FROM generate_series(1, 30000) AS i;
INSERT INTO line SELECT i, n, 1 + (i * 31 + n * 1009) % 3000 FROM generate_series(1, 30000) AS i, generate_series(1, 1 + i % 5) AS n;
INSERT INTO refund SELECT row_number() OVER (), orders, n FROM line WHERE (orders * 7 + n) % 6 = 0;
INSERT INTO event SELECT CASE WHEN i % 3 > 0 THEN 1 + i % 100 END, CASE WHEN i % 2 > 0 THEN 1 + i % 6000 END, repeat('event', 20) FROM generate_series(1, 60000) AS i;
INSERT INTO log SELECT i, 'log' FROM generate_series(1, 40000) AS i;
CREATE INDEX ON orders (customer);
CREATE INDEX ON customer (tenant);
ANALYZE tenant, customer, product, orders, line, refund, log;
`

func shop(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t, "shop", func(url string) { pgtest.Fill(t, url, shopSQL) })
}

func TestRun_HoldsTheCurveOnLargeTables(t *testing.T) {
	t.Parallel()
	source := shop(t)
	for seed := range uint64(3) {
		into := takeRows
		if seed == 0 {
			into = takeInto
		}
		report, target := into(t, plan.Spec{URL: source, Seed: seed})
		wantComplete(t, source, target, report)
		wantBalance(t, report)
	}
}

func TestPlan_FindsAWayToTheRowsOfEachTable(t *testing.T) {
	t.Parallel()
	p, err := planOf(t, plan.Spec{URL: shop(t), Tables: map[string]plan.Rule{
		"public.tenant":   {All: true},
		"public.product":  {None: true},
		"public.customer": {Where: "id < 100", Rows: 20},
		"public.refund":   {Share: 0.001},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, table := range p.Tables {
		got[table.Name] = fmt.Sprintf("%d: %s", table.Target, table.Strategy)
	}
	want := map[string]string{
		"tenant":   "100: every row is kept",
		"product":  "0: no row is sampled",
		"customer": "20: rows that fulfil the condition",
		"orders":   "845: children of kept rows by orders_customer_fkey; sample of blocks",
		"line":     "1833: children of kept rows by line_orders_fkey, line_product_fkey; sample of blocks",
		"refund":   "15: every row is a candidate",
		"event":    "1377: children of kept rows by event_customer_fkey; sample of blocks",
		"log":      "1035: sample of blocks",
	}
	ignoreTargets := cmpopts.IgnoreMapEntries(func(name, _ string) bool {
		return name == "event" || name == "log" || name == "line" || name == "orders"
	})
	if diff := cmp.Diff(want, got, ignoreTargets); diff != "" {
		t.Error(diff)
	}
	for name, how := range want {
		if _, strategy, _ := strings.Cut(how, ": "); !strings.HasSuffix(got[name], strategy) {
			t.Errorf("%s: %s, want %s", name, got[name], strategy)
		}
	}
	warnings := []string{
		"no index on public.event (customer)", "no index on public.line (product)",
		"never analyzed: public.event:",
	}
	if len(p.Warnings) != len(warnings) {
		t.Errorf("warnings %q", p.Warnings)
	}
	for _, want := range warnings {
		wantWarning(t, p.Warnings, want)
	}
}

func TestPlan_CountsWhereStatisticsWillNotDo(t *testing.T) {
	t.Parallel()
	p, err := planOf(t, plan.Spec{URL: shop(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range p.Tables {
		want := map[string]int64{
			"tenant": 100, "customer": 6000, "product": 3000, "orders": 30000, "line": 90000,
			"refund": 15000, "event": 60000, "log": 40000,
		}[table.Name]
		if low, high := want*9/10, want*11/10; table.Rows < low || table.Rows > high {
			t.Errorf("%s: %d rows, want about %d", table.Name, table.Rows, want)
		}
		if table.Name == "tenant" && (table.Estimated || table.Rows != want) {
			t.Errorf("a small table is not counted: %+v", table)
		}
		if table.Name == "event" && !table.Estimated {
			t.Error("a table without statistics was counted in full")
		}
	}
}

func TestPlan_PutsParentsFirst(t *testing.T) {
	p, err := planOf(t, plan.Spec{URL: fixture(t, "keys.sql")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	cycle := map[string]int{}
	for _, table := range p.Tables {
		names = append(names, table.Name)
		cycle[table.Name] = table.Cycle
	}
	for _, pair := range [][2]string{
		{"country", "city"},
		{"city", "address"},
		{"country", "flag"},
		{"old_parent", "old_child"},
	} {
		if slices.Index(names, pair[0]) > slices.Index(names, pair[1]) {
			t.Errorf("%s comes after %s", pair[0], pair[1])
		}
	}
	if cycle["shop"] == 0 || cycle["shop"] != cycle["staff"] || cycle["person"] != 0 {
		t.Errorf("cycles %v", cycle)
	}
}

func TestMakePlan_IsPure(t *testing.T) {
	s := open(t, plan.Spec{URL: fixture(t, "partitions.sql")})
	counts := catalog.Counts{}
	for _, table := range s.Catalog().Tables {
		for _, h := range table.Heaps {
			counts[h.OID] = catalog.Count{Rows: 5000, Exact: true}
		}
	}
	spec := plan.Spec{Seed: 9, References: []string{"public.measure.sensor -> public.tenant.id"}}
	var texts []string
	for range 3 {
		p, err := plan.Make(s.Catalog(), counts, spec)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := p.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, b.String())
	}
	if texts[0] != texts[1] || texts[0] != texts[2] {
		t.Error("equal arguments gave different plans")
	}
	if n := len(s.Catalog().ForeignKeys); n != 4 {
		t.Errorf("the catalog was changed: %d keys", n)
	}
}

func TestRun_GivesTheSameBytesForTheSameSeed(t *testing.T) {
	t.Parallel()
	url := shop(t)
	run := func(seed uint64, connections int) string {
		sink := &memory{}
		take(t, plan.Spec{URL: url, Seed: seed, Connections: connections}, sink)
		return sink.bytes()
	}
	first := run(5, 1)
	if run(5, 4) != first {
		t.Error("the same seed gave other bytes")
	}
	if run(6, 4) == first {
		t.Error("another seed gave the same bytes")
	}
}

func TestRun_ChangesLittleWhenTheSourceGrowsALittle(t *testing.T) {
	t.Parallel()
	url := load(t, "keys.sql")
	rows := func() map[string]bool {
		sink := &memory{}
		take(t, plan.Spec{URL: url, Seed: 1}, sink)
		set := map[string]bool{}
		for name, text := range sink.rows {
			for line := range strings.Lines(text) {
				set[name+" "+line] = true
			}
		}
		return set
	}
	before := rows()
	pgtest.Exec(t, url,
		`INSERT INTO address (city, country, street) SELECT 'City 1', 'AB', 'New ' || i FROM generate_series(1, 30) AS i`)
	after := rows()
	same := 0
	for r := range before {
		if after[r] {
			same++
		}
	}
	if jaccard := float64(same) / float64(len(before)+len(after)-same); jaccard < 0.8 {
		t.Errorf("only %.2f of the kept rows stayed", jaccard)
	}
}

func TestRun_FollowsReferencesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE TABLE users (id bigint PRIMARY KEY);
		CREATE TABLE orders (id bigint PRIMARY KEY);
		CREATE TABLE attachments (id int PRIMARY KEY, author int, record_type text, record_id bigint);
		INSERT INTO users SELECT generate_series(1, 1000);
		INSERT INTO orders SELECT generate_series(1, 1000);
		INSERT INTO attachments SELECT i, 1 + i % 1000, CASE WHEN i % 2 = 0 THEN 'Order' ELSE 'User' END, 1 + i % 500 FROM generate_series(1, 3000) AS i`)
	report, target := takeRows(t, plan.Spec{URL: source, References: []string{
		"public.attachments.author -> public.users.id",
		"public.attachments.record_id -> public.orders.id when record_type = 'Order'",
		"public.attachments.record_id -> public.users.id when record_type = 'User'",
	}})
	for what, sql := range map[string]string{
		"authors": "SELECT count(*) FROM attachments AS a WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = " +
			"a.author)",
		"orders": "SELECT count(*) FROM attachments AS a WHERE record_type = 'Order' AND NOT EXISTS (SELECT FROM " +
			"orders AS o WHERE o.id = record_id)",
		"users": "SELECT count(*) FROM attachments AS a WHERE record_type = 'User' AND NOT EXISTS (SELECT FROM " +
			"users AS u WHERE u.id = record_id)",
	} {
		if n := pgtest.Value(t, target, sql); n != "0" {
			t.Errorf("%s: %s dangling references", what, n)
		}
	}
	if len(report.Keys) != 3 || report.Keys[0].Declared {
		t.Errorf("%+v", report.Keys)
	}
	wantBalance(t, report)
}

func TestRun_WritesNothingToTheSource(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Fill(t, url, shopSQL)
	// What a transaction that writes leaves behind: an id, a table, a
	// temporary file, a changed row count.
	sql := `SELECT ` + flushed(t) + `::text || txid_snapshot_xmax(txid_current_snapshot()) || ' '
		|| (SELECT count(*) FROM pg_class) || ' ' || temp_files || ' ' || temp_bytes || ' ' || tup_inserted || ' ' || tup_updated || ' ' || tup_deleted
		FROM pg_stat_database WHERE datname = current_database()`
	settled := func() string { return pgtest.Value(t, url, sql) }
	before := settled()
	sink := &asking{t: t, url: url}
	take(t, plan.Spec{URL: url}, sink)
	if after := settled(); after != before {
		t.Errorf("the source changed: %s, was %s", after, before)
	}
	if sink.ids != "0" {
		t.Errorf("%s of our transactions have an id", sink.ids)
	}
	if sink.writable != "0" {
		t.Errorf("%s of our sessions could write", sink.writable)
	}
}

// asking is a sink that looks at the source's sessions near the end.
type asking struct {
	memory
	t             *testing.T
	url           string
	ids, writable string
}

func (a *asking) Concurrency() int {
	const ours = " FROM pg_stat_activity WHERE application_name = 'offshoot' AND datname = current_database() AND "
	a.ids = pgtest.Value(a.t, a.url, "SELECT count(*)"+ours+"backend_xid IS NOT NULL")
	a.writable = pgtest.Value(a.t, a.url, "SELECT count(*)"+ours+"xact_start IS NULL")
	return 2
}

func TestRun_FollowsReferencesToLargeNumbersThatAreWrittenAsText(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE TABLE posts (id bigint PRIMARY KEY);
		CREATE TABLE notes (id int PRIMARY KEY, of text);
		INSERT INTO posts VALUES (1095783829048041555), (9223372036854775807), (-9223372036854775808), (0), (5);
		INSERT INTO notes SELECT row_number() OVER (), o FROM unnest(ARRAY[
			'1095783829048041555', '9223372036854775807', '-9223372036854775808', '0', '5', '9223372036854775808',
			'-9223372036854775809', '99999999999999999999', '+5', ' 5', '05', '-0', '', NULL]) AS o`)
	_, target := takeRows(t, plan.Spec{
		URL: source, References: []string{"public.notes.of -> public.posts.id"},
		Tables: map[string]plan.Rule{"public.notes": {All: true}, "public.posts": {None: true}},
	})
	if n := pgtest.Value(t, target, "SELECT count(*) FROM posts"); n != "5" {
		t.Errorf("%s posts are kept", n)
	}
}

func TestRun_FollowsReferencesFromDomainsAndFixedLengths(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE DOMAIN short AS varchar(40); CREATE DOMAIN written AS short CHECK (VALUE <> '');
		CREATE DOMAIN clip_id AS uuid; CREATE DOMAIN number AS bigint;
		CREATE TABLE posts (id number PRIMARY KEY);
		CREATE TABLE clips (id clip_id PRIMARY KEY);
		CREATE TABLE marks (id int PRIMARY KEY, about text, of written, clip char(40));
		INSERT INTO posts SELECT generate_series(1, 500);
		INSERT INTO clips SELECT md5(i::text)::uuid FROM generate_series(1, 500) AS i;
		INSERT INTO marks SELECT i, CASE WHEN i % 2 = 0 THEN 'Post' ELSE 'Clip' END,
			CASE WHEN i % 2 = 0 THEN (1 + i % 500)::text ELSE md5((1 + i % 500)::text)::uuid::text END,
			md5((1 + i % 400)::text)::uuid FROM generate_series(1, 1500) AS i`)
	report, target := takeRows(t, plan.Spec{URL: source, References: []string{
		"public.marks.of -> public.posts.id when about = 'Post'",
		"public.marks.of -> public.clips.id when about = 'Clip'",
		"public.marks.clip -> public.clips.id",
	}})
	const dangling = `
		SELECT count(*) FROM marks WHERE clip::text::uuid NOT IN (SELECT id FROM clips)
			OR of::text NOT IN (SELECT id::text FROM posts UNION ALL SELECT id::text FROM clips)`
	if n := pgtest.Value(t, target, dangling); n != "0" {
		t.Errorf("%s dangling references", n)
	}
	wantBalance(t, report)
}

func TestRun_FollowsReferencesThatAreWrittenAsText(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE TABLE posts (id bigint PRIMARY KEY);
		CREATE TABLE pictures (id uuid PRIMARY KEY);
		CREATE TABLE labels (name text PRIMARY KEY);
		CREATE TABLE notes (id int PRIMARY KEY, about text, of varchar(40), label bigint);
		INSERT INTO posts SELECT generate_series(1, 1000);
		INSERT INTO pictures SELECT md5(i::text)::uuid FROM generate_series(1, 1000) AS i;
		INSERT INTO labels SELECT i::text FROM generate_series(1, 50) AS i;
		INSERT INTO notes SELECT i, (ARRAY['Post', 'Picture', 'Other'])[1 + i % 3],
			(ARRAY[(1 + i % 1000)::text, md5((1 + i % 1000)::text)::uuid::text, 'not a key'])[1 + i % 3], 1 + i % 50
		FROM generate_series(1, 3000) AS i`)
	report, target := takeRows(t, plan.Spec{URL: source, References: []string{
		"public.notes.of -> public.posts.id when about = 'Post'",
		"public.notes.of -> public.pictures.id when about = 'Picture'",
		"public.notes.label -> public.labels.name",
	}})
	const dangling = `
		SELECT count(*) FROM notes WHERE CASE about
			WHEN 'Post' THEN NOT EXISTS (SELECT FROM posts AS p WHERE p.id::text = of)
			WHEN 'Picture' THEN NOT EXISTS (SELECT FROM pictures AS p WHERE p.id::text = of) ELSE false END
			OR NOT EXISTS (SELECT FROM labels WHERE name = label::text)`
	if n := pgtest.Value(t, target, dangling); n != "0" {
		t.Errorf("%s dangling references", n)
	}
	if n := pgtest.Value(t, target, "SELECT count(DISTINCT about) FROM notes"); n != "3" {
		t.Errorf("%s kinds of notes are kept", n)
	}
	wantBalance(t, report)
}
