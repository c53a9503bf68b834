package subset_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestPlan_ForetellsWhatIsKept(t *testing.T) {
	t.Parallel()
	for name := range samples {
		t.Run(name, func(t *testing.T) {
			url := loadSample(t, name)
			pgtest.Exec(t, url, "ANALYZE")
			wantForetold(t, plan.Spec{URL: url})
		})
	}
	t.Run("shop", func(t *testing.T) { wantForetold(t, plan.Spec{URL: shop(t)}) })
}

// A row of a fact brings along a row of each dimension: more at once than sets of them can be tried.
func TestPlan_ForetellsAFactWithManyDimensions(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Fill(t, url, `
		DO $$ DECLARE columns text := ''; names text := ''; BEGIN
			FOR i IN 1..10 LOOP
				EXECUTE format('CREATE TABLE dimension_%s (id int PRIMARY KEY)', i);
				EXECUTE format('INSERT INTO dimension_%s SELECT generate_series(1, 8000)', i);
				columns := columns || format(', d%s int REFERENCES dimension_%s', i, i);
				names := names || format(', 1 + (hashint4(g * 12 + %s) & 4095)', i);
			END LOOP;
			EXECUTE 'CREATE TABLE fact (id int PRIMARY KEY' || columns || ')';
			EXECUTE 'INSERT INTO fact SELECT g' || names || ' FROM generate_series(1, 60000) AS g';
		END $$; ANALYZE`)
	wantForetoldWithin(t, plan.Spec{URL: url}, 1.3)
}

// What a condition lets through the planner knows, from what ANALYZE saw.
func TestPlan_ForetellsWhatConditionsLetThrough(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Fill(t, url, `
		CREATE TABLE tenant (id int PRIMARY KEY);
		CREATE TABLE task (id int PRIMARY KEY, tenant int REFERENCES tenant, state text, day date) PARTITION BY RANGE (id);
		CREATE TABLE task_1 PARTITION OF task FOR VALUES FROM (1) TO (20001);
		CREATE TABLE task_2 PARTITION OF task FOR VALUES FROM (20001) TO (50001);
		CREATE TABLE step (id int PRIMARY KEY, task int REFERENCES task, about text, about_id int);
		INSERT INTO tenant SELECT generate_series(1, 500);
		INSERT INTO task SELECT i, 1 + (hashint4(i) & 1048575) % 500, CASE WHEN i % 200 = 0 THEN 'open' ELSE 'done' END FROM generate_series(1, 50000) AS i;
		INSERT INTO step SELECT i, 1 + i % 50000, CASE WHEN i % 25 = 0 THEN 'tenant' ELSE 'other' END, 1 + i % 500 FROM generate_series(1, 60000) AS i;
		CREATE INDEX ON task (tenant); CREATE INDEX ON step (task);
		ANALYZE`)
	for name, spec := range map[string]plan.Spec{
		"of a rule": {Tables: map[string]plan.Rule{
			"public.task": {Where: "state = 'open' -- and nothing else", Rows: 2000}, "public.step": {None: true},
		}},
		"of a root": {Roots: []plan.Root{{Table: "public.tenant", Where: "id BETWEEN 5 AND 24"}}},
		"of a reference": {References: []string{
			"public.step.about_id -> public.tenant.id when about = 'tenant'",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			spec.URL = url
			wantForetoldWithin(t, spec, 1.15)
		})
	}
}

// wantForetold runs a plan and compares what it expected with what came.
func wantForetold(t *testing.T, spec plan.Spec) {
	t.Helper()
	wantForetoldWithin(t, spec, 1.2)
}

func wantForetoldWithin(t *testing.T, spec plan.Spec, inAll float64) {
	t.Helper()
	const each, few = 2.0, 50
	s := open(t, spec)
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Run(t.Context(), p, &memory{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows of %d, %d bytes of %d, %.1f seconds of %.1f", p.Expected.Rows, report.Rows,
		p.Expected.Bytes, report.Bytes, p.Expected.Seconds, report.Seconds)
	if off := apart(p.Expected.Rows, report.Rows); off > inAll {
		t.Errorf("expected %d rows, kept %d: %.2f times", p.Expected.Rows, report.Rows, off)
	}
	for i := range p.Tables {
		expected, kept := p.Tables[i].Expected.Rows, report.Tables[i].Rows
		if off := apart(expected, kept); off > each && max(expected, kept) > few {
			t.Errorf("%s.%s: expected %d rows, kept %d: %.2f times",
				p.Tables[i].Schema, p.Tables[i].Name, expected, kept, off)
		}
	}
}

// apart is how many times the larger number is the smaller one.
func apart(a, b int64) float64 {
	if a == b {
		return 1
	}
	return float64(max(a, b)) / float64(max(min(a, b), 1))
}

// Where each parent has one child, the forecast leaves nothing to chance: a pass
// that only the walk or only the forecast made would show.
func TestPlan_ForetellsExactlyWhereReferencesAreOneToOne(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{300, 30_000} { // every row a candidate, children of sampled parents
		t.Run(strconv.Itoa(rows), func(t *testing.T) {
			url := pgtest.New(t)
			pgtest.Exec(t, url, fmt.Sprintf(`
				CREATE TABLE person (id int PRIMARY KEY);
				CREATE TABLE passport (id int PRIMARY KEY REFERENCES person);
				CREATE TABLE visa (id int PRIMARY KEY REFERENCES passport);
				INSERT INTO person SELECT generate_series(1, %d);
				INSERT INTO passport SELECT id FROM person;
				INSERT INTO visa SELECT id FROM passport;
				ANALYZE`, rows))
			s := open(t, plan.Spec{URL: url})
			p, err := s.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			report, err := s.Run(t.Context(), p, &memory{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range report.Tables {
				if want := p.Tables[i].Expected; got.Rows != want.Rows || got.Forced != want.Forced {
					t.Errorf("%s: %d rows, %d forced; expected %d and %d",
						got.Name, got.Rows, got.Forced, want.Rows, want.Forced)
				}
			}
		})
	}
}
