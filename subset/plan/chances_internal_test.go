package plan

import (
	"math"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// about tells whether a forecast is as it was reckoned by hand.
func about(got, want float64) bool { return math.Abs(got-want) <= 1e-6*max(math.Abs(want), 1) }

func TestChance_IsThatOfIndependentEvents(t *testing.T) {
	for _, c := range []struct {
		events      []float64
		so, without int
		want        float64
	}{
		{nil, 0, -1, 1},
		{nil, -1, -1, 0},
		{[]float64{0.25}, 0, -1, 0.75},
		{[]float64{0.25}, 1, -1, 0.25},
		{[]float64{0.25}, 0, 0, 1},
		{[]float64{0.25}, 1, 0, 0},
		{[]float64{0.5, 0.2}, 0, -1, 0.4},
		{[]float64{0.5, 0.2}, 1, -1, 0.5},
		{[]float64{0.5, 0.2}, 2, -1, 0.1},
		{[]float64{0.5, 0.2}, 1, 0, 0.2},
		{[]float64{0.5, 0.2}, 1, 1, 0.5},
		{[]float64{0.5, 0.2, 0.1}, 2, 1, 0.05},
	} {
		if got := chance(c.events, c.so, c.without); !about(got, c.want) {
			t.Errorf("%v of %v but for %d: %v, want %v", c.so, c.events, c.without, got, c.want)
		}
	}
}

// star is a forecast of a fact of 1,000 rows with two dimensions, of which a half and nothing is kept, and of which
// every row of the fact references one.
func star(t *testing.T) (f *forecast, fact int) {
	t.Helper()
	m := imagine()
	m.table("fact", 1000)
	for _, dimension := range []string{"day", "shop"} {
		m.table(dimension, 100)
		m.key("fact", dimension, 100, 0)
	}
	p := m.plan(t, nil)
	f = newForecast(p, m.counts, Matching{})
	f.tables[position(t, p, "day")].sampled = 50
	return f, position(t, p, "fact")
}

// position is where a table stands in a plan.
func position(t *testing.T, p *Plan, name string) int {
	t.Helper()
	for i := range p.Tables {
		if p.Tables[i].Name == name {
			return i
		}
	}
	t.Fatalf("no table %s", name)
	return 0
}

func TestCandidates_AreToldApartByHowManyParentsTheyLack(t *testing.T) {
	f, fact := star(t)
	ties := f.ties[fact]
	if len(ties) != 2 {
		t.Fatalf("%d ties", len(ties))
	}
	day, shop := 0, 1
	if f.plan.Tables[ties[0].parent].Name == "shop" {
		day, shop = 1, 0
	}
	everywhere := []supply{{rows: 800}}
	for lacking, want := range map[int]struct{ rows, day, shop float64 }{
		0: {0, 0, 0}, 1: {400, 0, 1}, 2: {400, 1, 1},
	} {
		rows, weights := f.candidatesLackingSoMany(fact, everywhere, ties, lacking)
		if !about(rows, want.rows) || !about(weights[day], want.day) || !about(weights[shop], want.shop) {
			t.Errorf("that lack %d: %v rows, weights %v, want %+v", lacking, rows, weights, want)
		}
	}
	// Children of kept shops lack no shop.
	sure := []supply{{rows: 800, sure: ties[shop]}}
	if rows, weights := f.candidatesLackingSoMany(fact, sure, ties, 1); !about(rows, 400) ||
		!about(weights[day], 1) || !about(weights[shop], 0) {
		t.Errorf("of kept shops: %v rows, weights %v", rows, weights)
	}
	// Where only days may be lacking, those that lack a shop as well are others' candidates, unless it is kept.
	onlyDays := ties[day : day+1]
	if rows, _ := f.candidatesLackingSoMany(fact, everywhere, onlyDays, 1); !about(rows, 0) {
		t.Errorf("lacking a day alone: %v rows", rows)
	}
	if rows, _ := f.candidatesLackingSoMany(fact, sure, onlyDays, 1); !about(rows, 400) {
		t.Errorf("of kept shops lacking a day: %v rows", rows)
	}
}

func TestCounted_DealsAreCandidatesAndWhatTheyBring(t *testing.T) {
	f, fact := star(t)
	f.tables[fact].sampled = 10
	deals := f.counted(fact, []supply{{rows: 800}}, f.ties[fact])
	if len(deals) != 5 { // without parents; with one, clean and not; with two
		t.Fatalf("%d deals", len(deals))
	}
	if deals[0].ties != nil || deals[0].price != 0 || !about(deals[0].rows, -10) {
		t.Errorf("without parents: %+v", deals[0])
	}
	for n, want := range []struct {
		rows  float64
		clean bool
	}{1: {400, true}, 2: {0, false}, 3: {400, true}, 4: {0, false}} {
		if d := deals[n]; n > 0 && (!about(d.rows, want.rows) || d.clean != want.clean || len(d.ties) != 2) {
			t.Errorf("deal %d: %+v, want %+v", n, d, want)
		}
	}
	if one, two := deals[1], deals[3]; one.price <= 0 || two.price <= one.price {
		t.Errorf("one parent for %v, two for %v", one.price, two.price)
	}
}

func TestAlternatives_ShareAColumnOfATable(t *testing.T) {
	m := imagine()
	for _, name := range []string{"note", "other", "user", "order", "item"} {
		m.table(name, 100)
	}
	var first *catalog.ForeignKey
	for n, parent := range []string{"user", "order", "item"} {
		k := m.key("note", parent, 10, 0)
		k.ChildColumns, k.When = []string{"subject"}, "kind = "+parent
		if n == 0 {
			first = k
		}
	}
	elsewhere := m.key("other", "user", 10, 0)
	elsewhere.ChildColumns, elsewhere.When = []string{"subject"}, "kind = user"
	m.key("note", "user", 10, 0).When = "another column"
	m.key("note", "user", 10, 0).ChildColumns = []string{"subject"} // always
	p := &Plan{ForeignKeys: m.db.ForeignKeys}
	if got := p.alternatives(first); got != 3 {
		t.Errorf("%v share the column", got)
	}
	if got := p.alternatives(elsewhere); got != 2 { // a condition leaves something out
		t.Errorf("alone: %v", got)
	}
}

func TestEqual_CastsWhatFrameworksWriteAsText(t *testing.T) {
	text, number := "pg_catalog.text", "pg_catalog.int8"
	for _, c := range []struct {
		parent, child, parentType, childType string
		written                              bool
	}{
		{"bigint", "text", number, "", true},
		{"integer", "character varying(20)", number, "", true},
		{"uuid", "bpchar", "pg_catalog.uuid", "", true},
		{"text", "bigint", "", text, false},
		{"text", "uuid", "", text, false},
		{"text", "text", "", "", false},
		{"bigint", "integer", "", "", false},
		{"date", "text", "", "", false},
		{"text", "date", "", "", false},
		{"bigint", `"char"`, "", "", false},
	} {
		got := equal(c.parent, c.child)
		want := catalog.Operator{
			Name: "pg_catalog.=", Written: c.written, ParentType: c.parentType, ChildType: c.childType,
		}
		if got != want {
			t.Errorf("%s = %s: %+v, want %+v", c.parent, c.child, got, want)
		}
	}
}

func TestNeverEmpty_NeedsATargetAndAWay(t *testing.T) {
	for _, c := range []struct {
		plan  TablePlan
		never bool
		turns bool
	}{
		{TablePlan{Target: 1, How: Every}, true, false},
		{TablePlan{Target: 0, How: Every}, false, false},
		{TablePlan{Target: 5, How: Nothing}, false, false},
		{TablePlan{Target: 1, How: Blocks}, true, true},
		{TablePlan{Target: 0, How: Blocks}, false, true},
	} {
		if got := c.plan.NeverEmpty(); got != c.never {
			t.Errorf("%+v: never empty: %v", c.plan, got)
		}
		if got := c.plan.TakesTurns(); got != c.turns {
			t.Errorf("%+v: takes turns: %v", c.plan, got)
		}
	}
}

func TestRoots_BringTheirChildrenAndWhatTheseReference(t *testing.T) {
	m := imagine()
	m.table("tenant", 100)
	m.table("person", 1000)
	m.table("country", 50)
	m.table("audit", 1000)
	m.key("person", "tenant", 100, 0)
	m.key("person", "country", 50, 0)
	m.key("audit", "tenant", 100, 0)
	p := m.plan(t, map[string]Rule{"s.audit": {None: true}})
	f := newForecast(p, m.counts, Matching{})
	f.keepRoot(RootShare{Table: "s.tenant", Share: 0.1})
	for name, want := range map[string]float64{"tenant": 10, "person": 100, "audit": 0} {
		if got := f.tables[position(t, p, name)].kept(); !about(got, want) {
			t.Errorf("%s: %v rows, want %v", name, got, want)
		}
	}
	if got := f.tables[position(t, p, "country")].forced; got < 40 || got > 50 {
		t.Errorf("countries of 100 people: %v", got)
	}
	// Half a row brings nobody: it may as well be none.
	f = newForecast(p, m.counts, Matching{})
	f.keepRoot(RootShare{Table: "s.tenant", Share: 0.004})
	for i := range p.Tables {
		if got := f.tables[i].kept(); got != 0 {
			t.Errorf("of less than half a tenant: %v rows of %s", got, p.Tables[i].Name)
		}
	}
}

func TestMatching_CountsWhereTheRuleHasACondition(t *testing.T) {
	m := imagine()
	m.table("a", 1000)
	m.table("b", 1000)
	p := m.plan(t, map[string]Rule{"s.a": {Where: "id > 7"}})
	f := newForecast(p, m.counts, Matching{Tables: map[string]float64{"s.a": 0.25, "s.b": 0.5}})
	for name, want := range map[string]float64{"a": 0.25, "b": 1} {
		if got := f.tables[position(t, p, name)].matching; got != want {
			t.Errorf("%s: %v of it match", name, got)
		}
	}
}

func TestSkippable_RefusesWhatIsMissingOrNeeded(t *testing.T) {
	db := &catalog.Database{Extensions: []catalog.Extension{{Name: "spare"}, {Name: "citext", Needed: true}}}
	if err := skippable(db, []string{"spare"}); err != nil {
		t.Error(err)
	}
	err := skippable(db, []string{"spare", "citext", "nowhere"})
	if err == nil || strings.Contains(err.Error(), "spare") || !strings.Contains(err.Error(),
		"nowhere: the source has no such extension") || !strings.Contains(err.Error(), "citext cannot be left out") {
		t.Errorf("got %v", err)
	}
}

func TestDescribe_TellsReadsOnlyWhereThereIsADisk(t *testing.T) {
	for want, pace := range map[string]catalog.Pace{
		"near, in memory":                                       {},
		"21 ms away, in memory":                                 {RoundTrip: 0.021},
		"near, 1 random reads/s, 2.0 MB/s":                      {Apart: 0.6, Bytes: 2e6},
		"near, 3,000 random reads/s, 131.1 MB/s":                {Apart: 3000, Bytes: 131072000},
		"near, in memory, as subset.disk says":                  {Given: true, Cached: 1},
		"near, in memory, 50 % of it in memory":                 {Cached: 0.5},
		"2 ms away, 9 random reads/s, 1.0 kB/s":                 {RoundTrip: 0.002, Apart: 9, Bytes: 1000, Cached: 0.01},
		"near, 9 random reads/s, 1.0 kB/s, 5 % of it in memory": {Apart: 9, Bytes: 1000, Cached: 0.05},
	} {
		if got := describe(pace); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
