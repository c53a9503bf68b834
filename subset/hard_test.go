package subset_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// scattering is a listener that sends its first connection to one server and
// all others to another, as poolers and reader endpoints do.
func scattering(t *testing.T, first, others string) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	open.Go(func() {
		to := first
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			to = others
			context.AfterFunc(ctx, func() { client.Close(); server.Close() })
			open.Go(func() { _, _ = io.Copy(server, client); server.Close() })
			open.Go(func() { _, _ = io.Copy(client, server); client.Close() })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		cancel()
		open.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port
}

func address(t *testing.T, connection string) string {
	t.Helper()
	u, err := url.Parse(connection)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestOpen_NoticesThatItsConnectionsReachDifferentServers(t *testing.T) {
	primary := fixture(t, "partitions.sql")
	standby := pgtest.NewStandby(t)
	standby.CatchUp(t)
	port := scattering(t, address(t, primary), address(t, standby.URL(t, primary)))
	_, err := subset.Open(t.Context(), plan.Spec{URL: pgtest.WithPort(t, primary, port)})
	wantOneLine(t, err, "share the snapshot between connections")
}

func TestOpen_WorksThroughAProxyThatDoesNotScatter(t *testing.T) {
	url := fixture(t, "partitions.sql")
	port := scattering(t, address(t, url), address(t, url))
	take(t, plan.Spec{URL: pgtest.WithPort(t, url, port)}, &memory{})
}

func TestRun_LeavesOutUnloggedTablesOnAStandby(t *testing.T) {
	primary := load(t, "partitions.sql")
	pgtest.Exec(t, primary, "CREATE UNLOGGED TABLE cache (id int); INSERT INTO cache VALUES (1)")
	standby := pgtest.NewStandby(t)
	standby.CatchUp(t)
	report := take(t, plan.Spec{URL: standby.URL(t, primary)}, &memory{})
	want := []catalog.Omission{{Schema: "public", Name: "cache", Reason: "unlogged, not readable on a standby"}}
	if diff := cmp.Diff(want, report.LeftOut); diff != "" {
		t.Error(diff)
	}
}

// hardCases are schemas that tempt a walk to keep too much, too little or to
// run for ever.
var hardCases = []struct {
	name, sql string
	most      int64 // rows to keep in all, at most
}{
	{"a chain of 5,000 rows", `
		CREATE TABLE version (id int PRIMARY KEY, previous int REFERENCES version);
		INSERT INTO version SELECT i, NULLIF(i - 1, 0) FROM generate_series(1, 5000) AS i`, 400},
	{"a ring that must be kept as a whole", `
		CREATE TABLE ring (id int PRIMARY KEY, next int NOT NULL);
		INSERT INTO ring SELECT i, i % 500 + 1 FROM generate_series(1, 500) AS i;
		ALTER TABLE ring ADD FOREIGN KEY (next) REFERENCES ring`, 500},
	{"one parent of all", `
		CREATE TABLE parent (id int PRIMARY KEY);
		CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent);
		INSERT INTO parent SELECT generate_series(1, 1000);
		INSERT INTO child SELECT i, 500 FROM generate_series(1, 50000) AS i;
		CREATE INDEX ON child (parent)`, 1500},
	{"tables of one row", `
		CREATE TABLE a (id int PRIMARY KEY);
		CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
		INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1)`, 2},
	{"empty tables", `
		CREATE TABLE a (id int PRIMARY KEY);
		CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a)`, 0},
	{"rows that reference themselves", `
		CREATE TABLE self (id int PRIMARY KEY, me int NOT NULL REFERENCES self);
		INSERT INTO self SELECT i, i FROM generate_series(1, 1000) AS i`, 77},
	{"a cycle of three that must be kept", `
		CREATE TABLE x (id int PRIMARY KEY, y int NOT NULL);
		CREATE TABLE y (id int PRIMARY KEY, z int NOT NULL);
		CREATE TABLE z (id int PRIMARY KEY, x int NOT NULL);
		INSERT INTO x SELECT i, 1 + i * 7 % 900 FROM generate_series(1, 900) AS i;
		INSERT INTO y SELECT i, 1 + i * 11 % 900 FROM generate_series(1, 900) AS i;
		INSERT INTO z SELECT i, 1 + i * 13 % 900 FROM generate_series(1, 900) AS i;
		ALTER TABLE x ADD FOREIGN KEY (y) REFERENCES y;
		ALTER TABLE y ADD FOREIGN KEY (z) REFERENCES z;
		ALTER TABLE z ADD FOREIGN KEY (x) REFERENCES x`, 2700},
	{"two keys over the same column", `
		CREATE TABLE base (id int PRIMARY KEY);
		CREATE TABLE extra (id int PRIMARY KEY REFERENCES base);
		CREATE TABLE more (id int PRIMARY KEY, FOREIGN KEY (id) REFERENCES base, CONSTRAINT again FOREIGN KEY (id) REFERENCES extra);
		INSERT INTO base SELECT generate_series(1, 2000);
		INSERT INTO extra SELECT generate_series(1, 1500);
		INSERT INTO more SELECT generate_series(1, 1000)`, 450},
	{"holes left by deleted rows", `
		CREATE TABLE sparse (id int PRIMARY KEY, filler text);
		INSERT INTO sparse SELECT i, repeat('x', 500) FROM generate_series(1, 30000) AS i;
		DELETE FROM sparse WHERE id % 100 > 0`, 400},
}

func TestRun_CopesWithHardCases(t *testing.T) {
	for _, c := range hardCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := pgtest.New(t)
			pgtest.Fill(t, source, c.sql)
			report, target := takeRows(t, plan.Spec{URL: source, Seed: 2})
			wantComplete(t, source, target, report)
			if report.Rows > c.most {
				t.Errorf("kept %d rows, want at most %d", report.Rows, c.most)
			}
			for _, r := range report.Tables {
				if r.Source > 0 && r.Rows == 0 {
					t.Errorf("%s is empty", r.Name)
				}
			}
		})
	}
}

func TestRun_KeepsWhatTheRulesSay(t *testing.T) {
	source := fixture(t, "keys.sql")
	for _, c := range []struct {
		name, table  string
		rule         plan.Rule
		least, most  int64
		sampledToo   bool
		mustHoldTrue string
	}{
		{"all", "address", plan.Rule{All: true}, 3000, 3000, true, ""},
		{"none", "note", plan.Rule{None: true}, 0, 0, false, ""},
		{"none of a parent", "country", plan.Rule{None: true}, 1, 200, false, ""},
		{"rows", "address", plan.Rule{Rows: 500}, 400, 550, true, ""},
		{"more rows than there are", "note", plan.Rule{Rows: 5000}, 400, 400, true, ""},
		{"share", "address", plan.Rule{Share: 0.1}, 250, 330, true, ""},
		{"where", "address", plan.Rule{Where: "id % 2 = 0"}, 80, 200, true, "id % 2 = 0"},
		{"where and rows", "address", plan.Rule{Where: "id <= 100", Rows: 40}, 30, 40, true, "id <= 100"},
		{"where that nothing fulfils", "address", plan.Rule{Where: "false"}, 0, 0, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report, target := takeRows(t,
				plan.Spec{URL: source, Tables: map[string]plan.Rule{"public." + c.table: c.rule}})
			wantComplete(t, source, target, report)
			for _, r := range report.Tables {
				if r.Name != c.table {
					continue
				}
				if r.Rows < c.least || r.Rows > c.most || c.sampledToo != (r.Sampled > 0) {
					t.Errorf("%+v, want %d to %d rows", r, c.least, c.most)
				}
			}
			if c.mustHoldTrue != "" {
				if n := pgtest.Value(t, target,
					"SELECT count(*) FROM "+c.table+" WHERE NOT ("+c.mustHoldTrue+")"); n != "0" {
					t.Errorf("%s rows do not fulfil the condition", n)
				}
			}
		})
	}
}

func TestRun_CopesWithKeysOfTablesWithoutPartitions(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE owner (id int PRIMARY KEY);
		CREATE TABLE shelf (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE item (id int PRIMARY KEY, shelf int REFERENCES shelf, owner int NOT NULL REFERENCES owner);
		CREATE TABLE loan (id int PRIMARY KEY, item int NOT NULL REFERENCES item) PARTITION BY RANGE (id);
		INSERT INTO owner SELECT generate_series(1, 20000);
		INSERT INTO item SELECT n, NULL, 1 + n % 20000 FROM generate_series(1, 50000) AS n;
		ANALYZE`)
	report, target := takeInto(t, plan.Spec{URL: url})
	wantComplete(t, url, target, report)
	if report.Rows == 0 || report.Dangling() != 0 {
		t.Errorf("%d rows, %d dangling", report.Rows, report.Dangling())
	}
}
