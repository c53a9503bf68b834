package subset_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// everything keeps all rows of all tables.
func everything(t *testing.T, url string) plan.Spec {
	t.Helper()
	spec := plan.Spec{URL: url, Tables: map[string]plan.Rule{}}
	for _, table := range open(t, plan.Spec{URL: url}).Catalog().Tables {
		spec.Tables[table.Name.Schema+"."+table.Name.Name] = plan.Rule{All: true}
	}
	return spec
}

// contents is every row of a table as text, sorted.
func contents(t *testing.T, url string, table *catalog.Table) []string {
	t.Helper()
	from := table.Name.String()
	if !table.Partitioned {
		from = "ONLY " + from
	}
	var rows []string
	for _, row := range pgtest.Query(t, url, "SELECT t::text FROM "+from+" AS t") {
		rows = append(rows, row...)
	}
	slices.Sort(rows)
	return rows
}

func TestRun_CopiesEveryValueAsItIs(t *testing.T) {
	for _, schema := range []string{"keys.sql", "partitions.sql", "names.sql"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			source := fixture(t, schema)
			report, target := takeInto(t, everything(t, source))
			if report.Rows != report.SourceRows || report.Target != report.SourceRows {
				t.Errorf("%d of %d rows, target %d", report.Rows, report.SourceRows, report.Target)
			}
			for _, table := range open(t, plan.Spec{URL: source}).Catalog().Tables {
				if diff := cmp.Diff(contents(t, source, table), contents(t, target, table)); diff != "" {
					t.Errorf("%s (-source +target):\n%s", table.Name, diff)
				}
			}
		})
	}
}

func TestRun_CopiesValuesTheSameWhateverTheRolesSettings(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, `
		CREATE TABLE v (id int PRIMARY KEY, at timestamptz, span interval, real4 real, real8 double precision, bytes bytea, money_ numeric, arr text[], doc jsonb);
		INSERT INTO v VALUES (1, '2024-02-29 12:34:56.789+05:30', '1 year -2 days 03:04:05.6', 1.1, 0.1::float8 + 0.2::float8, '\x00ff5c', 12345678901234567890.123456789,
			ARRAY['a"b', 'c\d', NULL, E'tab\t', E'line\n'], '{"k": "\u00e9\\"}')`)
	hostile := pgtest.Role(t, source, "hostile_reader", "")
	pgtest.Exec(t, source, `GRANT SELECT ON v TO hostile_reader;
		ALTER ROLE hostile_reader SET datestyle = 'German, DMY';
		ALTER ROLE hostile_reader SET intervalstyle = 'sql_standard';
		ALTER ROLE hostile_reader SET extra_float_digits = -5;
		ALTER ROLE hostile_reader SET bytea_output = 'escape';
		ALTER ROLE hostile_reader SET timezone = 'Asia/Kolkata';
		ALTER ROLE hostile_reader SET client_encoding = 'LATIN1';
		ALTER ROLE hostile_reader SET search_path = 'nowhere';
		ALTER ROLE hostile_reader SET default_transaction_isolation = 'serializable'`)
	plain, strange := &memory{}, &memory{}
	take(t, plan.Spec{URL: source}, plain)
	take(t, plan.Spec{URL: hostile}, strange)
	if diff := cmp.Diff(plain.rows, strange.rows); diff != "" {
		t.Errorf("the role's settings changed values:\n%s", diff)
	}
	want := "1\t2024-02-29 07:04:56.789+00\t1 year -2 days " +
		"+03:04:05.6\t1.1\t0.30000000000000004\t\\\\x00ff5c\t12345678901234567890.123456789\t" +
		`{"a\\"b","c\\\\d",NULL,"tab\t","line\n"}` + "\t" + `{"k": "é\\\\"}` + "\n"
	if diff := cmp.Diff(want, plain.rows["public.v"]); diff != "" {
		t.Error(diff)
	}
}

func TestRun_PassesBytesOfOtherEncodings(t *testing.T) {
	for _, c := range []struct{ encoding, insert, want string }{
		{"LATIN1", `SELECT convert_from('\xe9'::bytea, 'LATIN1')`, "é\n"},
		{"SQL_ASCII", `SELECT convert_from('\xe9'::bytea, 'SQL_ASCII')`, "\xe9\n"},
	} {
		t.Run(c.encoding, func(t *testing.T) {
			url := pgtest.NewWith(t, fmt.Sprintf("TEMPLATE template0 ENCODING '%s' LOCALE 'C'", c.encoding))
			pgtest.Exec(t, url, "CREATE TABLE t (v text); INSERT INTO t "+c.insert)
			sink := &memory{}
			take(t, plan.Spec{URL: url}, sink)
			if got := sink.rows["public.t"]; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestRun_HandsOverOneSnapshotWhileTheSourceChanges(t *testing.T) {
	url := load(t, "keys.sql")
	s := open(t, plan.Spec{URL: url})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	quiet, busy := &memory{}, &cutting{cut: func() {
		pgtest.Exec(t, url,
			`SET session_replication_role = replica; DELETE FROM city; UPDATE person SET boss = 1, mother = 2; UPDATE country SET name = 'new ' || name`)
		pgtest.Exec(t, url, "VACUUM")
	}}
	if _, err := s.Run(t.Context(), p, quiet, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), p, busy, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(quiet.rows, busy.rows); diff != "" {
		t.Error(diff)
	}
}

func TestOpen_HoldsTablesAgainstChangesOfTheirDefinition(t *testing.T) {
	url := load(t, "partitions.sql")
	open(t, plan.Spec{URL: url})
	for _, table := range []string{"tenant", "event", "event_2025_rest"} {
		got := pgtest.Value(t, url, fmt.Sprintf(`SELECT string_agg(DISTINCT mode, ',') FROM pg_locks AS l
			JOIN pg_stat_activity AS a USING (pid) WHERE a.application_name = 'offshoot' AND l.relation = '%s'::regclass`, table))
		if !strings.Contains(got, "AccessShareLock") {
			t.Errorf("%s: locks %q", table, got)
		}
	}
}

func TestRun_GivesOnlyColumnsThatCanBeWritten(t *testing.T) {
	sink := &columnar{columns: map[string][]string{}}
	take(t, plan.Spec{URL: fixture(t, "names.sql")}, sink)
	if diff := cmp.Diff([]string{"Id", "from", "street", "mood", "pair", "moods"},
		sink.columns["Ünïcödé table"]); diff != "" {
		t.Error(diff)
	}
	if got, ok := sink.columns["hollow"]; !ok || len(got) != 0 {
		t.Errorf("a table without columns: %v, %v", got, ok)
	}
}

type columnar struct {
	memory
	columns map[string][]string
}

func (c *columnar) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	c.columns[heap.Name.Name] = columns
	return c.memory.Rows(ctx, heap, columns, r)
}

// lazy is a sink that does not read to the end.
type lazy struct{ memory }

func (l *lazy) Rows(_ context.Context, _ *catalog.Heap, _ []string, r io.Reader) (int64, error) {
	n, err := io.ReadFull(r, make([]byte, 1))
	return int64(n), err
}

func TestRun_FailsWhenTheSinkLeavesRowsUnread(t *testing.T) {
	s := open(t, plan.Spec{URL: fixture(t, "partitions.sql")})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), p, &lazy{}, nil); err == nil || !strings.Contains(err.Error(), "unread") {
		t.Errorf("%v", err)
	}
}

// stubborn is a sink that cannot close.
type stubborn struct {
	memory
	err error
}

func (s *stubborn) Close(context.Context, bool) error { return s.err }

func TestRun_ReportsThatTheSinkCannotClose(t *testing.T) {
	s := open(t, plan.Spec{URL: fixture(t, "partitions.sql")})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sink := &stubborn{err: errors.New("rename failed")}
	if _, err := s.Run(t.Context(), p, sink, nil); !errors.Is(err, sink.err) {
		t.Errorf("%v", err)
	}
}

func TestRun_TellsItsProgress(t *testing.T) {
	s := open(t, plan.Spec{URL: fixture(t, "partitions.sql")})
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	walked, copied, inAll := map[string]int64{}, map[string]int64{}, map[string]int64{}
	report, err := s.Run(t.Context(), p, &memory{}, func(e subset.Event) {
		switch {
		case e.Table == "" && e.Done:
			steps = append(steps, e.Step)
			inAll[e.Step] = e.Rows
		case e.Step == subset.StepWalk && e.Done:
			walked[e.Table] = e.Rows
		case e.Step == subset.StepCopy:
			if e.Rows <= copied[e.Table] || e.Done != (e.Rows == e.Total) {
				t.Errorf("after %d rows: %+v", copied[e.Table], e)
			}
			copied[e.Table] = e.Rows
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{subset.StepWalk, subset.StepCopy, subset.StepFinish}, steps); diff != "" {
		t.Error(diff)
	}
	for _, r := range report.Tables {
		name := r.Schema + "." + r.Name
		if walked[name] != r.Rows || copied[name] != r.Rows {
			t.Errorf("%s: %d rows, walked %d, copied %d", name, r.Rows, walked[name], copied[name])
		}
	}
	if diff := cmp.Diff(map[string]int64{
		subset.StepWalk: report.Rows, subset.StepCopy: report.Rows,
		subset.StepFinish: 0,
	}, inAll); diff != "" {
		t.Error(diff)
	}
	if len(report.Steps) != 3 || report.Seconds <= 0 || report.Bytes <= 0 {
		t.Errorf("%+v", report)
	}
}

func TestRun_SetsSequencesAsTheSourceHasThem(t *testing.T) {
	sink := &memory{}
	take(t, plan.Spec{URL: fixture(t, "names.sql")}, sink)
	got := map[string]subset.SequenceValue{}
	for _, v := range sink.ending.Sequences {
		got[v.Name.Name] = v
	}
	if v := got["counted"]; v.Value != -3 || !v.Called {
		t.Errorf("%+v", v)
	}
	if v := got["never_called"]; v.Value != 50 || v.Called {
		t.Errorf("%+v", v)
	}
	if len(sink.ending.MatViews) != 2 {
		t.Errorf("%v", sink.ending.MatViews)
	}
}

func TestRun_SetsSequencesThatItMayNotReadPastTheKeptRows(t *testing.T) {
	source := load(t, "names.sql")
	reader := pgtest.Role(t, source, "names_reader", "")
	pgtest.Exec(t, source, `GRANT USAGE ON SCHEMA "weird ""Schema", "Größe" TO names_reader;
		GRANT SELECT ON ALL TABLES IN SCHEMA public, "weird ""Schema", "Größe" TO names_reader`)
	sink := &memory{}
	take(t, plan.Spec{URL: reader}, sink)
	got := map[string]int64{}
	for _, v := range sink.ending.Sequences {
		got[v.Name.Name] = v.Value
	}
	// Falling sequences go on below the kept rows; one that nobody uses begins anew.
	lowest := int64(0)
	for line := range strings.Lines(sink.rows["public.countdown"]) {
		var n int64
		if _, err := fmt.Sscan(line, &n); err != nil {
			t.Fatal(err)
		}
		lowest = min(lowest, n)
	}
	if got["counted"] != lowest || lowest == 0 {
		t.Errorf("counted %d, lowest kept %d", got["counted"], lowest)
	}
	if _, ok := got["never_called"]; ok {
		t.Error("a sequence that no row uses was set")
	}
	if len(got) != 3 {
		t.Errorf("%v", got)
	}
}
