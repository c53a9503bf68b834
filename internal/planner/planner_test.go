package planner_test

import (
	"context"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/planner"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// score is how many plans have the shape of the source's, and how many nodes about as many rows.
type score struct{ plans, shapes, nodes, rows, costs int }

func (s *score) add(t *testing.T, statement string, want, got *queryplan.Plan) {
	s.plans++
	if want.Shape() != got.Shape() {
		if os.Getenv("OFFSHOOT_TEST_PLANS") != "" {
			t.Logf("%s\nsource %s\nhere   %s", statement, want.Shape(), got.Shape())
		}
		return
	}
	s.shapes++
	if near(want.Root.Cost, got.Root.Cost) {
		s.costs++
	}
	s.compare(t, statement, &want.Root, &got.Root)
}

func (s *score) compare(t *testing.T, statement string, want, got *queryplan.Node) {
	s.nodes++
	if near(want.Rows, got.Rows) {
		s.rows++
	} else if os.Getenv("OFFSHOOT_TEST_PLANS") != "" {
		t.Logf("%s\n%s: %v rows, here %v", statement, want.Name(), want.Rows, got.Rows)
	}
	for i := range want.Children {
		s.compare(t, statement, &want.Children[i], &got.Children[i])
	}
}

// near allows for one row, or a hundredth.
func near(want, got float64) bool { return math.Abs(want-got) <= max(1, want/100) }

func (s score) shapesShare() float64 { return float64(s.shapes) / float64(s.plans) }

func (s score) rowsShare() float64 { return float64(s.rows) / float64(max(s.nodes, 1)) }

func (c *clone) scoreOf(t *testing.T, source, database string) score {
	t.Helper()
	session := c.session(t, database)
	defer session.Close()
	var s score
	for _, statement := range queries(t) {
		got, err := planner.Explain(t.Context(), session, statement, false)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		s.add(t, statement, truth(t, source, statement), got)
	}
	t.Logf("%d plans: %.1f %% of the shape, %d of the cost; %d nodes: %.1f %% of the rows", s.plans,
		100*s.shapesShare(), s.costs, s.nodes, 100*s.rowsShare())
	return s
}

// noFiles leaves files as short as they are.
type noFiles struct{ planner.Local }

func (noFiles) Write(context.Context, []planner.File) error { return nil }

func TestDress_HasThePlansOfTheSource(t *testing.T) {
	source := shop(t)
	few := plan.Curve{From: plan.Point{Source: 10, Kept: 1}, To: plan.Point{Source: 1e6, Kept: 1000}}
	c := load(t, archive(t, source, plan.Spec{Curve: few}))
	s := c.scoreOf(t, source, c.dress(t, scratch.Loaded))
	// In tables as small as these many common values are so rare that they are not told: on 12 million rows it is 0.99.
	if s.shapesShare() < 0.95 || s.rowsShare() < 0.98 {
		t.Errorf("%+v", s)
	}

	undressed := c.scoreOf(t, source, scratch.Loaded)
	short := c.copy(t, scratch.Loaded)
	if _, err := planner.Dress(t.Context(), noFiles{c.Local}, short, c.facts); err != nil {
		t.Fatal(err)
	}
	if without := c.scoreOf(t, source, short); without.shapesShare() >= 0.6 || undressed.shapesShare() >= 0.6 {
		t.Errorf("these questions can be answered without long files too: %+v, %+v", without, undressed)
	}
}

// explained is the plan of one statement in a dressed copy.
func (c *clone) explained(t *testing.T, database, statement string, generic bool) *queryplan.Plan {
	t.Helper()
	session := c.session(t, database)
	defer session.Close()
	p, err := planner.Explain(t.Context(), session, statement, generic)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return p
}

const visitsSQL = `
	CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL UNIQUE, city text, born date, note text);
	CREATE TABLE visit (id bigint PRIMARY KEY, person int NOT NULL REFERENCES person, at timestamptz, kind text, tags text[]);
	INSERT INTO person SELECT n, 'p' || n || '@corp.example', 'city ' || (n % 7) * (n % 3), date '1950-01-01' + n % 20000, repeat('x', n % 50)
		FROM generate_series(1, 30000) AS n;
	INSERT INTO visit SELECT n, 1 + (n * 7919) % 30000, timestamptz '2024-01-01' + n * interval '1 minute',
		CASE WHEN n % 10 = 0 THEN 'rare' ELSE 'usual' END, ARRAY['t' || n % 4, 'all'] FROM generate_series(1, 200000) AS n;
	CREATE INDEX ON visit (person);
	CREATE INDEX ON visit (at);
	CREATE INDEX ON person (born)`

func visits(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t, "visits", func(url string) {
		pgtest.Fill(t, url, visitsSQL)
		pgtest.Exec(t, url, "VACUUM (ANALYZE)")
	})
}

func TestDress_EstimatesMaskedValuesAsTheSourceDoesTrueOnes(t *testing.T) {
	source := visits(t)
	c := load(t, archive(t, source, plan.Spec{Masking: mask.Masking{
		Privacy: mask.PrivacyWarn, Key: mask.NewKey("k"), Rules: []mask.Rule{
			{Column: "public.person.email", As: "email"},
			{Column: "public.person.city", As: "text"},
			{Column: "public.person.born", As: "shift", Days: 3},
		},
	}}))
	database := c.dress(t, scratch.Loaded)
	for _, column := range c.facts.Table("public.person").Columns {
		if column.Name != "city" {
			continue
		}
		values, shares := column.Told()
		if len(values) < 10 {
			t.Fatalf("%+v", column)
		}
		for i, value := range values {
			got := c.explained(t, database, "SELECT * FROM person WHERE city = '"+value+"'", false).Root.Rows
			if !near(shares[i]*30000, got) {
				t.Errorf("%s: %v rows, want %v", value, got, shares[i]*30000)
			}
		}
	}
	// Days differ by three at most, so that a range has about as many rows.
	const born = "SELECT * FROM person WHERE born < '1960-01-01'"
	want, got := truth(t, source, born), c.explained(t, database, born, false)
	if want.Shape() != got.Shape() || math.Abs(want.Root.Rows-got.Root.Rows) > want.Root.Rows/50 {
		t.Errorf("%s, %v rows; want %s, %v", got.Shape(), got.Root.Rows, want.Shape(), want.Root.Rows)
	}
	const elements = "SELECT * FROM visit WHERE tags @> ARRAY['t1']"
	want, got = truth(t, source, elements), c.explained(t, database, elements, false)
	if !near(want.Root.Rows, got.Root.Rows) {
		t.Errorf("%v rows, want %v", got.Root.Rows, want.Root.Rows)
	}
}

func TestDress_TakesAnIndexThatTheSourceDoesNotHave(t *testing.T) {
	source := pgtest.Clone(t, visits(t))
	c := load(t, archive(t, source, plan.Spec{}))
	const statement = "SELECT * FROM visit WHERE kind = 'rare' AND at > '2024-05-01'"
	ddl := []string{
		"CREATE INDEX ON visit (kind, at)", "CREATE INDEX ON visit (kind)", "CREATE INDEX ON visit USING gin (tags)",
		"CREATE INDEX ON visit (id) WHERE kind = 'rare'", "ALTER TABLE visit ADD more int DEFAULT 7",
		"DROP INDEX visit_at_idx",
	}
	changed := c.copy(t, scratch.Loaded)
	c.run(t, changed, append(ddl, "ANALYZE")...)
	before := c.explained(t, c.dress(t, scratch.Loaded), statement, false)
	database := c.dress(t, changed)
	got := c.explained(t, database, statement, false)
	sizes := map[string]string{}
	session, err := c.Connect(t.Context(), database, "")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	const sizesSQL = "SELECT relname, pg_relation_size(oid) / 8192 FROM pg_class WHERE relname ~ '^visit_(kind|id_)'"
	rows, err := session.Query(t.Context(), sizesSQL)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		sizes[row[0]] = row[1]
	}
	for _, sql := range ddl {
		pgtest.Exec(t, source, sql)
	}
	pgtest.Exec(t, source, "VACUUM (ANALYZE)")
	want := truth(t, source, statement)
	about := func(a, b float64) bool { return math.Abs(a-b) < b/10 } // ANALYZE has drawn another sample meanwhile
	if want.Shape() != got.Shape() || !about(got.Root.Rows, want.Root.Rows) || !about(got.Root.Cost, want.Root.Cost) {
		t.Errorf("%s %+v; want %s %+v", got.Shape(), got.Root, want.Shape(), want.Root)
	}
	changes := queryplan.Compare(before, got, func(r string) bool { return planner.Large(c.facts, r) })
	if changes.Same || changes.Worse(1) {
		t.Errorf("%+v", changes)
	}
	for _, row := range pgtest.Query(t, source, sizesSQL) {
		pages, _ := strconv.ParseFloat(row[1], 64)
		here, _ := strconv.ParseFloat(sizes[row[0]], 64)
		if here < pages*0.7-2 || here > pages*1.4+2 {
			t.Errorf("%s: %v pages, want %v", row[0], here, pages)
		}
	}
}

func TestExplain_PlansForAnyValues(t *testing.T) {
	source := visits(t)
	c := load(t, archive(t, source, plan.Spec{}))
	database := c.dress(t, scratch.Loaded)
	got := c.explained(t, database, "SELECT * FROM visit WHERE person = $1 AND at < $2;", true)
	const want = "Bitmap Heap Scan on public.visit (Bitmap Index Scan on visit_person_idx)"
	if shape := got.Shape(); shape != want {
		t.Error(shape)
	}
	got = c.explained(t, database, "SELECT count(*) FROM visit", true)
	if shape := got.Shape(); !strings.Contains(shape, "Aggregate") {
		t.Error(shape)
	}
}

func TestExplain_RunsNothing(t *testing.T) {
	source := visits(t)
	c := load(t, archive(t, source, plan.Spec{}))
	session := c.session(t, c.dress(t, scratch.Loaded))
	defer session.Close()
	for _, statement := range []string{
		"", ";", "-- nothing", "EXPLAIN SELECT 1", "SELECT 1; DROP TABLE visit", "ANALYZE SELECT 1", "VACUUM",
		"SELECT $1::int",
	} {
		if p, err := planner.Explain(t.Context(), session, statement, false); err == nil {
			t.Errorf("%s: %+v", statement, p)
		}
	}
	if _, err := planner.Explain(t.Context(), session, "DELETE FROM visit", false); err != nil {
		t.Fatal(err)
	}
}

func TestDress_LeavesWhatAnalyzeFindsInATableThatIsHereAsAWhole(t *testing.T) {
	source := pgtest.New(t)
	pgtest.Exec(t, source, `CREATE TABLE plan (id int PRIMARY KEY, name text, price numeric);
		INSERT INTO plan SELECT n, 'plan ' || n % 4, n % 7 FROM generate_series(1, 40) AS n; ANALYZE`)
	all := map[string]plan.Rule{"public.plan": {All: true}}
	c := load(t, archive(t, source, plan.Spec{Tables: all}))
	const statement = "SELECT * FROM plan WHERE name = 'plan 1' AND price < 3"
	want, got := truth(t, source, statement), c.explained(t, c.dress(t, scratch.Loaded), statement, false)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A migration may have changed the type of a column.
func TestDress_SaysWhereValuesDoNotFit(t *testing.T) {
	source := visits(t)
	c := load(t, archive(t, source, plan.Spec{}))
	changed := c.copy(t, scratch.Loaded)
	c.run(t, changed, "ALTER TABLE visit ALTER kind TYPE boolean USING kind = 'rare'", "ANALYZE")
	database := c.copy(t, changed)
	notes, err := planner.Dress(t.Context(), c, database, c.facts)
	if err != nil {
		t.Fatal(err)
	}
	const want = "public.visit.kind: values of the source do not fit here, so only figures are taken into account"
	if len(notes) != 1 || notes[0] != want {
		t.Errorf("%q", notes)
	}
	const statement = "SELECT * FROM visit WHERE person = 7"
	got := c.explained(t, database, statement, false)
	if diff := cmp.Diff(truth(t, source, statement).Shape(), got.Shape()); diff != "" {
		t.Error(diff)
	}
}
