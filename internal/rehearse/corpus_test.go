package rehearse_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// A sample is a migration of tables of its own, and what the manual says of it: T is the table and P its parent, both
// of 3,000 rows. Locks are the strongest on each, by the first letters of the mode.
// https://www.postgresql.org/docs/current/explicit-locking.html
type sample struct {
	sql  string
	want string
}

var corpus = []sample{
	{sql: "ALTER TABLE T ADD c int", want: "AE T"},
	{sql: "ALTER TABLE T ADD c int NOT NULL DEFAULT 7", want: "AE T"},
	{sql: "ALTER TABLE T ADD c timestamptz NOT NULL DEFAULT now()", want: "AE T"},
	{sql: "ALTER TABLE T ADD c timestamptz DEFAULT clock_timestamp()", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ADD c uuid DEFAULT gen_random_uuid()", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ADD c bigserial", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ADD c int GENERATED ALWAYS AS (id * 2) STORED", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ADD c int CHECK (c > 0)", want: "AE T, verifies T, scans T"},
	{sql: "ALTER TABLE T DROP COLUMN note", want: "AE T"},
	{sql: "ALTER TABLE T RENAME COLUMN note TO remark", want: "AE T"},
	{sql: "ALTER TABLE T ALTER id TYPE bigint", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ALTER note TYPE varchar(50)", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ALTER small TYPE varchar(50)", want: "AE T"},
	{sql: "ALTER TABLE T ALTER small TYPE text", want: "AE T"},
	{sql: "ALTER TABLE T ALTER total TYPE numeric(12, 2)", want: "AE T"},
	{sql: "ALTER TABLE T ALTER total TYPE numeric(12, 3)", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T ALTER note SET NOT NULL", want: "AE T, verifies T, scans T"},
	{
		sql: "ALTER TABLE T ADD CONSTRAINT T_n CHECK (note IS NOT NULL) NOT VALID; " +
			"ALTER TABLE T VALIDATE CONSTRAINT T_n; ALTER TABLE T ALTER note SET NOT NULL",
		want: "AE T, verifies T, scans T",
	},
	{sql: "ALTER TABLE T ALTER note SET DEFAULT 'canary'", want: "AE T"},
	{sql: "ALTER TABLE T ALTER note SET STATISTICS 500", want: "SUE T"},
	{sql: "ALTER TABLE T SET (fillfactor = 90)", want: "SUE T"},
	{sql: "ALTER TABLE T ADD CHECK (id > 0)", want: "AE T, verifies T, scans T"},
	{sql: "ALTER TABLE T ADD CHECK (id > 0) NOT VALID", want: "AE T"},
	{sql: "ALTER TABLE T ADD UNIQUE (id, note)", want: "AE T, builds T, scans T"},
	{sql: "ALTER TABLE T ADD FOREIGN KEY (parent) REFERENCES P", want: "SRE T, SRE P, keys T, scans T, scans P"},
	{sql: "ALTER TABLE T ADD FOREIGN KEY (parent) REFERENCES P NOT VALID", want: "SRE T, SRE P"},
	{sql: "ALTER TABLE T SET UNLOGGED", want: "AE T, rewrites T, builds T, scans T"},
	{sql: "ALTER TABLE T RENAME TO T_new", want: "AE T"},
	{sql: "ALTER TABLE T ENABLE ROW LEVEL SECURITY", want: "AE T"},
	{sql: "ALTER TABLE T DISABLE TRIGGER ALL", want: "SRE T"},
	{sql: "CREATE INDEX ON T (note)", want: "S T, builds T, scans T"},
	{sql: "CREATE UNIQUE INDEX ON T (id, small)", want: "S T, builds T, scans T"},
	{sql: "CREATE INDEX CONCURRENTLY ON T (note)", want: "SUE T, builds T, scans T"},
	{sql: "DROP INDEX T_small", want: "AE T"},
	{sql: "DROP INDEX CONCURRENTLY T_small", want: "SUE T, AE index of T"},
	{sql: "REINDEX TABLE T", want: "S T, AE index of T, builds T, scans T"},
	{sql: "DROP TABLE T", want: "AE T"},
	{sql: "TRUNCATE T", want: "AE T, builds T"},
	{
		sql:  "CREATE TRIGGER x BEFORE UPDATE ON T FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		want: "SRE T",
	},
	{sql: "CREATE VIEW T_v AS SELECT * FROM T", want: "AS T"},
	{sql: "CREATE MATERIALIZED VIEW T_m AS SELECT * FROM T", want: "AS T, scans T"},
	{sql: "COMMENT ON TABLE T IS 'canary'", want: "SUE T"},
	{sql: "UPDATE T SET note = 'canary' WHERE id <= 500", want: "RE T, changes 500 T"},
	{sql: "DELETE FROM T WHERE id <= 10", want: "RE T, changes 10 T"},
	{sql: "INSERT INTO T (id) SELECT n FROM generate_series(5001, 5020) AS n", want: "RE T, changes 20 T"},
	{sql: "DO $$ BEGIN ALTER TABLE T ADD c int; UPDATE T SET c = 4 WHERE id <= 7; END $$", want: "AE T, changes 7 T"},
	{sql: "BEGIN; LOCK TABLE T IN SHARE MODE; COMMIT", want: "S T"},
	{sql: "BEGIN; ALTER TABLE T ADD c int; ROLLBACK", want: "AE T"},
	{sql: "CLUSTER T USING T_small", want: "AE T, builds T, scans T"},
	{sql: "VACUUM T", want: "SUE T"},
	{sql: "VACUUM FULL T", want: "AE T, builds T, scans T"},
	{sql: "ANALYZE T", want: "SUE T"},
	{
		sql:  "ALTER TABLE T ADD c int, ADD d int DEFAULT 5, ALTER note TYPE varchar(60)",
		want: "AE T, rewrites T, builds T, scans T",
	},
}

var short = map[string]string{
	"AccessShareLock": "AS", "RowShareLock": "RS", "RowExclusiveLock": "RE", "ShareUpdateExclusiveLock": "SUE",
	"ShareLock": "S", "ShareRowExclusiveLock": "SRE", "ExclusiveLock": "E", "AccessExclusiveLock": "AE",
}

var ranks = []string{"", "AS", "RS", "RE", "SUE", "S", "SRE", "E", "AE"}

// of is the sample as the migration of tables of its own.
func (s sample) of(n int, text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		alone := (i == 0 || strings.ContainsRune(" (", rune(text[i-1]))) &&
			(i+1 == len(text) || strings.ContainsRune(" ;_,)", rune(text[i+1])))
		if alone && (c == 'T' || c == 'P') {
			fmt.Fprintf(&b, "%c%d", c+'a'-'A', n)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// tables makes those of all samples.
func tables(t *testing.T) string {
	var b strings.Builder
	for n := range corpus {
		fmt.Fprintf(&b, `CREATE TABLE p%[1]d (id int PRIMARY KEY);
			INSERT INTO p%[1]d SELECT generate_series(1, 3000);
			CREATE TABLE t%[1]d (id int PRIMARY KEY, parent int DEFAULT 1, note text NOT NULL DEFAULT 'canary',
				small varchar(20) DEFAULT 'canary', total numeric(10, 2));
			ALTER TABLE t%[1]d ALTER note DROP NOT NULL;
			INSERT INTO t%[1]d SELECT n, n, 'canary' || n, 'canary' || n, n FROM generate_series(1, 3000) AS n;
			CREATE INDEX t%[1]d_small ON t%[1]d (small);`, n)
	}
	return fresh(t, b.String()+"ANALYZE")
}

// told is what a report says of the tables of one sample, in the words of the corpus.
func told(r *rehearse.Report, n int) []string {
	ours := map[string]string{fmt.Sprintf("public.t%d", n): "T", fmt.Sprintf("public.p%d", n): "P"}
	strongest, said := map[string]int{}, map[string]bool{}
	for _, s := range r.Statements {
		for _, l := range s.Locks {
			name := ours[l.Table]
			if name != "" && l.Relation != l.Table {
				name = "index of " + name
			}
			if name != "" {
				strongest[name] = max(strongest[name], slices.Index(ranks, short[l.Mode]))
			}
		}
		add := func(what, table string) {
			if name := ours[table]; name != "" {
				said[what+" "+name] = true
			}
		}
		for _, table := range s.Rewrites {
			add("rewrites", table)
		}
		for _, scan := range s.Scans {
			if scan.Key != "" {
				add("keys", scan.Table)
			} else {
				add("verifies", scan.Table)
			}
		}
		for _, b := range s.Builds {
			add("builds", b.Table)
		}
		for _, c := range s.Changes {
			add("changes "+strconv.FormatInt(c.Rows, 10), c.Table)
		}
	}
	for name, rank := range strongest {
		said[ranks[rank]+" "+name] = true
	}
	var all []string
	for what := range said {
		all = append(all, what)
	}
	slices.Sort(all)
	return all
}

// state is what the server itself counts: files and whole reads of tables.
func state(t *testing.T, url string) map[string][2]string {
	t.Helper()
	all := map[string][2]string{}
	for _, row := range pgtest.Query(t, url, `SELECT c.oid, pg_relation_filenode(c.oid), COALESCE(pg_stat_get_tuples_returned(c.oid), 0)
		FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`) {
		all[row[0]] = [2]string{row[1], row[2]}
	}
	return all
}

// stateAfter waits until the server counts what was done to a table: before PostgreSQL 15 that takes half a second.
func stateAfter(t *testing.T, url, oid string, before map[string][2]string) map[string][2]string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		after := state(t, url)
		if after[oid][1] != before[oid][1] || time.Now().After(deadline) {
			return after
		}
	}
}

func TestWatch_TellsOfACorpusWhatTheManualAndTheServerSay(t *testing.T) {
	url := tables(t)
	oids := map[string]string{} // of tables, by the name that they had
	for _, row := range pgtest.Query(t, url, "SELECT relname, oid FROM pg_class "+
		"WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") {
		oids[row[0]] = row[1]
	}
	before := state(t, url)
	var script strings.Builder
	for n, s := range corpus {
		script.WriteString(s.of(n, s.sql) + ";\n")
	}
	r := watched(t, url, func() { psql(t, url, script.String()) })
	after := stateAfter(t, url, oids["t52"], before)
	if len(corpus) < 40 {
		t.Errorf("%d samples", len(corpus))
	}
	if !r.Audit.Complete() || r.Audit.Exclusive < 30 || r.Audit.Files < 10 {
		t.Errorf("audit: %+v", r.Audit)
	}
	for n, s := range corpus {
		got := told(r, n)
		var want []string
		for part := range strings.SplitSeq(s.want, ", ") {
			if !strings.HasPrefix(part, "scans ") {
				want = append(want, part)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", s.of(n, s.sql), diff)
		}
		oid := oids[fmt.Sprintf("t%d", n)]
		is, there := after[oid]
		if file := there && is[0] != before[oid][0]; file != rewritten(s, got) {
			t.Errorf("%s: new file: %v, told: %v", s.of(n, s.sql), file, got)
		}
		read := there && is[1] != before[oid][1]
		if must := strings.Contains(s.want, "scans T"); there && must != read && !strings.Contains(s.want, "changes") {
			t.Errorf("%s: read as a whole: %v, by the manual: %v", s.of(n, s.sql), read, must)
		}
	}
	for _, s := range r.Statements {
		if strings.Contains(s.Shape, "canary") {
			t.Errorf("a literal is told: %s", s.Shape)
		}
	}
}

// rewritten tells whether a new file was told of.
func rewritten(s sample, got []string) bool {
	verb, _, _ := strings.Cut(s.sql, " T")
	return slices.Contains(got, "rewrites T") ||
		slices.Contains([]string{"TRUNCATE", "CLUSTER", "VACUUM FULL"}, verb)
}
