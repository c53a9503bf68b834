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
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// samples are databases that no one on this project wrote.
var samples = map[string][]string{
	"pagila":  {"pagila.sql"},
	"sakila":  {"sakila-schema.sql", "sakila-data.sql"},
	"chinook": {"chinook.sql"},
}

func loadSample(t *testing.T, name string) string {
	t.Helper()
	var paths []string
	for _, f := range samples[name] {
		paths = append(paths, pgtest.Data(t, f))
	}
	url := pgtest.New(t)
	for _, p := range paths {
		pgtest.Load(t, url, p)
	}
	return url
}

// takeInto loads a subset into a fresh database.
func takeInto(t *testing.T, spec plan.Spec) (*subset.Report, string) {
	t.Helper()
	target := pgtest.New(t)
	s, err := sink.NewDatabase(target, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return take(t, spec, s), target
}

// takeRows loads the rows of a subset into a database that holds the source's
// schema already: cheaper than takeInto where the sink is not what is tested.
func takeRows(t *testing.T, spec plan.Spec) (*subset.Report, string) {
	t.Helper()
	s := &emptied{url: pgtest.Clone(t, spec.URL)}
	return take(t, spec, s), s.url
}

// emptied is a sink for a copy of the source.
type emptied struct {
	memory
	url string
}

func (e *emptied) Begin(ctx context.Context, from subset.Origin) error {
	var tables []string
	for _, t := range from.Catalog.Tables {
		tables = append(tables, t.Name.String())
	}
	return e.do(ctx, func(c *pgconn.PgConn) error {
		_, err := c.Exec(ctx, "TRUNCATE "+strings.Join(tables, ", ")).ReadAll()
		return err
	})
}

func (e *emptied) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (n int64, err error) {
	return n, e.do(ctx, func(c *pgconn.PgConn) error {
		_, err := c.CopyFrom(ctx, r, "COPY "+heap.Name.String()+" ("+quoteAll(columns)+") FROM STDIN")
		return err
	})
}

// do lets no trigger check what Verify will.
func (e *emptied) do(ctx context.Context, act func(*pgconn.PgConn) error) error {
	conn, err := pgconn.Connect(ctx, e.url+"&session_replication_role=replica")
	if err != nil {
		return err
	}
	return errors.Join(act(conn), conn.Close(ctx))
}

// wantComplete asks the target itself: no key dangles that did not before,
// and what the report says is there.
func wantComplete(t *testing.T, source, target string, report *subset.Report) {
	t.Helper()
	before, err := score.Verify(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	after, err := score.Verify(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range after {
		i := slices.IndexFunc(before, func(b score.Dangling) bool { return b.Key == d.Key })
		if i < 0 || before[i].Rows < d.Rows {
			t.Errorf("%s: %d rows dangle, which do not in the source", d.Key, d.Rows)
		}
	}
	want, got := map[string]string{}, map[string]string{}
	for _, r := range report.Tables {
		name := fmt.Sprintf("%q.%q", r.Schema, r.Name)
		want[name] = fmt.Sprint(r.Rows)
		got[name] = pgtest.Value(t, target,
			fmt.Sprintf("SELECT count(*) FROM %s%s", only(r.Name), quoteName(r.Schema, r.Name)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows in the target (-reported +there):\n%s", diff)
	}
}

// only leaves inheritance children out; the fixtures have two such parents.
func only(name string) string {
	if name == "animal" || name == "payment" {
		return "ONLY "
	}
	return ""
}

func quoteName(schema, name string) string {
	return quoteAll([]string{schema}) + "." + quoteAll([]string{name})
}

// wantBalance holds the subset against its curve.
func wantBalance(t *testing.T, report *subset.Report) {
	t.Helper()
	if share := float64(report.Rows) / float64(report.Target); share < 0.8 || share > 1.3 {
		t.Errorf("%d rows are %.2f of the target of %d", report.Rows, share, report.Target)
	}
	for _, r := range report.Tables {
		if float64(r.Rows) < 0.5*float64(r.Target) {
			t.Errorf("%s.%s: %d rows are less than half of the target of %d", r.Schema, r.Name, r.Rows, r.Target)
		}
		if r.Rows > r.Target && len(r.ForcedBy) == 0 {
			t.Errorf("%s.%s: %d rows above a target of %d, and no key is named for it", r.Schema, r.Name, r.Rows,
				r.Target)
		}
	}
}

func TestRun_HoldsTheCurveOnSampleDatabases(t *testing.T) {
	for name := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := loadSample(t, name)
			if name == "pagila" { // a partition root, not an inheritance parent
				pgtest.Exec(t, source, "ALTER TABLE payment RENAME TO payments")
			}
			for seed := range uint64(3) {
				report, target := takeInto(t, plan.Spec{URL: source, Seed: seed})
				wantComplete(t, source, target, report)
				wantBalance(t, report)
				if report.Dangling() != 0 {
					t.Errorf("seed %d: %d rows dangle", seed, report.Dangling())
				}
			}
		})
	}
}

func TestRun_IsCompleteOnEveryFixture(t *testing.T) {
	for _, schema := range []string{"keys.sql", "partitions.sql", "names.sql"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			source := fixture(t, schema)
			report, target := takeInto(t, plan.Spec{URL: source, Seed: 3})
			wantComplete(t, source, target, report)
		})
	}
}

func TestRun_ServesARoleThatMayOnlySelect(t *testing.T) {
	source := loadSample(t, "sakila")
	reader := pgtest.Role(t, source, "sakila_reader", "")
	pgtest.Exec(t, source, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO sakila_reader")
	report, target := takeInto(t, plan.Spec{URL: reader})
	wantComplete(t, source, target, report)
	wantBalance(t, report)
	last := pgtest.Value(t, target, "SELECT last_value FROM film_film_id_seq")
	if most := pgtest.Value(t, target, "SELECT max(film_id) FROM film"); last != most {
		t.Errorf("a sequence that may not be read stands at %s, not at the last kept number %s", last, most)
	}
}

func TestRun_ReadsAHotStandby(t *testing.T) {
	primary := loadSample(t, "chinook")
	standby := pgtest.NewStandby(t)
	standby.CatchUp(t)
	report, target := takeInto(t, plan.Spec{URL: standby.URL(t, primary)})
	wantComplete(t, primary, target, report)
	wantBalance(t, report)
}

func TestRun_AddsKeysAsNotValidThatTheSourceBreaks(t *testing.T) {
	source := load(t, "keys.sql")
	// Rows that came in past the triggers, as replication and careless
	// superusers make them.
	pgtest.Exec(t, source, `SET session_replication_role = replica; DELETE FROM country WHERE code = 'AD'`)
	report, target := takeInto(t, plan.Spec{URL: source, Tables: map[string]plan.Rule{"public.note": {All: true}}})
	wantComplete(t, source, target, report)
	const sql = "SELECT convalidated FROM pg_constraint WHERE conname = 'note_country_fkey'"
	if got := pgtest.Value(t, target, sql); got != "f" {
		t.Errorf("the broken key is validated: %s", got)
	}
	for _, k := range report.Keys {
		if k.Name == "public.note.note_country_fkey" && (k.Dangling != 300 || k.Rows != 300) {
			t.Errorf("%+v, want 300 of 300 dangling", k)
		}
	}
}
