package subset_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// tracesSQL is what anything that writes, to a table or to disk only, leaves
// behind in a database: the next transaction's number (in 64 bits), the
// relations and their files, the changed rows of each table, temporary files.
// Not those of the tables that all databases share: others write there too, and
// sessions that wait report it later (whoever writes takes a transaction).
const tracesSQL = `
SELECT 'next transaction', (txid_snapshot_xmax(txid_current_snapshot()) + 0 * length(%s::text))::text
UNION ALL SELECT 'temporary files', temp_files || ' of ' || temp_bytes FROM pg_stat_database WHERE datname = current_database()
UNION ALL SELECT 'relation ' || oid::regclass, relfilenode || ' of ' || pg_relation_size(oid) FROM pg_class WHERE relkind IN ('r', 'i', 't', 'S', 'm')
UNION ALL SELECT 'written to ' || relid::regclass, concat_ws(' ', n_tup_ins, n_tup_upd, n_tup_del, last_analyze, last_vacuum) FROM pg_stat_all_tables
	WHERE relid NOT IN (SELECT oid FROM pg_class WHERE relisshared)
UNION ALL SELECT 'sequence ' || s.seqrelid::regclass, pg_sequence_last_value(s.seqrelid)::text FROM pg_sequence AS s
UNION ALL SELECT 'statistics', count(*) || md5(string_agg(s::text, '' ORDER BY s::text)) FROM pg_stats AS s
ORDER BY 1`

// flushed is an expression after which statistics are what they are: before
// version 15 they came half a second late.
func flushed(t *testing.T) string {
	t.Helper()
	if pgtest.Major(t) < 15 {
		return "pg_sleep(1)"
	}
	return "pg_stat_force_next_flush()"
}

// noSession waits until the server has noticed that ours are closed.
func noSession(t *testing.T, url string) {
	t.Helper()
	const ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'offshoot' AND datname = " +
		"current_database()"
	for deadline := time.Now().Add(time.Minute); pgtest.Value(t, url, ours) != "0"; {
		if time.Now().After(deadline) {
			t.Fatal("our sessions do not end")
		}
	}
}

func traces(t *testing.T, url string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, row := range pgtest.Query(t, url, fmt.Sprintf(tracesSQL, flushed(t))) {
		found[row[0]] = row[1]
	}
	return found
}

func TestRun_LeavesNoTraceInTheSource(t *testing.T) {
	source := pgtest.Clone(t, shop(t))
	for _, c := range []struct {
		name, prepare string
		spec          plan.Spec
	}{
		{"as it is", "", plan.Spec{}},
		{"with all rules", "", plan.Spec{
			References: []string{"public.log.id -> public.orders.id"},
			Tables: map[string]plan.Rule{
				"public.tenant": {All: true}, "public.customer": {Share: 0.5}, "public.orders": {Where: "id % 3 = 0"},
				"public.event": {None: true},
			},
		}},
		{"with statistics of all tables", "ANALYZE", plan.Spec{}},
		{
			"with indexes",
			"CREATE INDEX ON line (product); CREATE INDEX ON event (customer); CREATE INDEX ON event (tenant)",
			plan.Spec{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			pgtest.Exec(t, source, c.prepare)
			before := traces(t, source)
			c.spec.URL = source
			t.Run("take", func(t *testing.T) { take(t, c.spec, &memory{}) }) // and close: servers count at the end
			noSession(t, source)
			if diff := cmp.Diff(before, traces(t, source)); diff != "" {
				t.Errorf("the source changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestTraces_AreSeen keeps the test above honest.
func TestTraces_AreSeen(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE a (n int); CREATE SEQUENCE s")
	for what, sql := range map[string]string{
		"temporary file": "SET work_mem = 64; SELECT count(*) FROM (SELECT i FROM generate_series(1, 20000) AS i " +
			"ORDER BY -i) AS x",
		"temporary table": "CREATE TEMPORARY TABLE t (n int)",
		"transaction":     "SELECT txid_current()",
		"sequence":        "SELECT nextval('s')",
		"statistics":      "ANALYZE a",
	} {
		before := traces(t, source)
		pgtest.Exec(t, source, sql)
		noSession(t, source) // servers count at the end of one
		if cmp.Equal(before, traces(t, source)) {
			t.Errorf("%s leaves no trace", what)
		}
	}
}
