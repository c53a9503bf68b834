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
	pgtest.Exec(t, url, `
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
