package subset_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// replay is a sink that loads the rows of a random schema into a database and
// has PostgreSQL check every key.
type replay struct {
	memory
	schema *schema
	conn   *pgx.Conn
}

func (r *replay) Begin(ctx context.Context, _ subset.Origin) error {
	_, err := r.conn.Exec(ctx, r.schema.dropSQL()+r.schema.tablesSQL())
	return err
}

func (r *replay) Rows(ctx context.Context, heap *catalog.Heap, columns []string, in io.Reader) (int64, error) {
	list := " (" + quoteAll(columns) + ")"
	if len(columns) == 0 {
		list = ""
	}
	_, err := r.conn.PgConn().CopyFrom(ctx, in, "COPY "+heap.Name.String()+list+" FROM STDIN")
	return 0, err
}

func (r *replay) Finish(ctx context.Context, _ subset.Ending) error {
	_, err := r.conn.Exec(ctx, r.schema.keysSQL())
	return err
}

// The guard of the product: whatever the schema, no foreign key dangles that
// did not dangle before.
func TestRun_LeavesNoKeyDanglingInRandomSchemas(t *testing.T) {
	t.Parallel()
	schemas := soak.Rounds(25, 220)
	for name, value := range map[string]string{
		"checks": strconv.Itoa(schemas), "shrinktime": "10s",
		"nofailfile": "true",
	} {
		if err := flag.Set("rapid."+name, value); err != nil {
			t.Fatal(err)
		}
	}
	source, target := pgtest.New(t), pgtest.New(t)
	from, to := dial(t, source), dial(t, target)
	checked, kept := 0, int64(0)
	began := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchema(t)
		for _, sql := range []string{s.dropSQL(), s.tablesSQL(), s.rowsSQL(), s.keysSQL()} {
			if _, err := from.Exec(context.Background(), sql); err != nil {
				t.Fatalf("%s\n%v", sql, err)
			}
		}
		spec := drawSpec(t, s)
		spec.URL = source
		report := runRandom(t, spec, &replay{schema: s, conn: to})
		checkComplete(t, s, report, source, target)
		checkRules(t, s, spec, report)
		checked++
		kept += report.Rows
	})
	t.Logf("%d schemas, %d rows kept, %s", checked, kept, time.Since(began).Round(time.Second))
	if checked < schemas*9/10 {
		t.Errorf("only %d schemas were checked", checked)
	}
}

func dial(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "SET client_min_messages = warning"); err != nil {
		t.Fatal(err)
	}
	return conn
}

func drawSpec(t *rapid.T, s *schema) plan.Spec {
	spec := plan.Spec{
		Seed:        rapid.Uint64().Draw(t, "seed"),
		Connections: rapid.IntRange(1, 3).Draw(t, "connections"),
		Tables:      map[string]plan.Rule{},
	}
	if rapid.Bool().Draw(t, "steep curve") {
		spec.Curve = plan.Curve{From: plan.Point{Source: 2, Kept: 1}, To: plan.Point{Source: 100, Kept: 60}}
	}
	rules := []plan.Rule{{}, {}, {}, {}, {All: true}, {None: true}, {Rows: 3}, {Share: 0.5}}
	for _, tab := range s.tables {
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		if rule == (plan.Rule{}) && len(tab.key) > 0 && rapid.IntRange(0, 5).Draw(t, "where") == 0 {
			rule = plan.Rule{Where: `"Id" % 2 = 0 -- even`}
		}
		if rule != (plan.Rule{}) {
			spec.Tables[tab.schema+"."+tab.name] = rule
		}
	}
	return spec
}

func runRandom(t *rapid.T, spec plan.Spec, sink subset.Sink) *subset.Report {
	ctx := context.Background()
	source, err := subset.Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close(ctx)
	plan, err := source.Plan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	report, err := source.Run(ctx, plan, sink, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func checkComplete(t *rapid.T, s *schema, report *subset.Report, source, target string) {
	ctx := context.Background()
	before, err := score.Verify(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	after, err := score.Verify(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range after {
		i := slices.IndexFunc(before, func(b score.Dangling) bool { return b.Key == d.Key })
		if i < 0 || before[i].Rows < d.Rows {
			t.Errorf("%s: %d rows dangle, which do not in the source\n%s", d.Key, d.Rows, s.keysSQL())
		}
	}
	for _, k := range report.Keys {
		var found int64
		for _, d := range after {
			if d.Key == k.Name {
				found = d.Rows
			}
		}
		if k.Dangling != found {
			t.Errorf("%s: %d rows reported dangling, %d are", k.Name, k.Dangling, found)
		}
	}
}

func checkRules(t *rapid.T, s *schema, spec plan.Spec, report *subset.Report) {
	for _, tab := range s.tables {
		name := tab.schema + "." + tab.name
		i := slices.IndexFunc(report.Tables, func(r subset.TableReport) bool { return r.Schema+"."+r.Name == name })
		r, rule := report.Tables[i], spec.Tables[name]
		if r.Source != int64(len(tab.rows)) {
			t.Errorf("%s: %d source rows, not %d", name, r.Source, len(tab.rows))
		}
		switch {
		case rule.All && r.Rows != r.Source:
			t.Errorf("%s: all of %d rows, but %d", name, r.Source, r.Rows)
		case rule.None && r.Sampled > 0:
			t.Errorf("%s: none, but %d rows are sampled", name, r.Sampled)
		case !rule.None && rule.Where == "" && r.Rows == 0 && r.Source > 0:
			t.Errorf("%s: %d rows, and none is kept", name, r.Source)
		}
		var forced int64
		for _, f := range r.ForcedBy {
			forced += f.Rows
		}
		if forced != r.Forced || r.Rows != r.Sampled+r.Forced {
			t.Errorf("%s: %s", name, fmt.Sprintf("%+v does not add up", r))
		}
	}
}
