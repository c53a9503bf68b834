package plan

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// imagined is a database that exists in statistics alone.
type imagined struct {
	db     *catalog.Database
	counts catalog.Counts
	byName map[string]*catalog.Table
}

func imagine() *imagined {
	return &imagined{
		db: &catalog.Database{Name: "imagined"}, counts: catalog.Counts{},
		byName: map[string]*catalog.Table{},
	}
}

// table adds a table of so many rows of 100 to a block, with a primary key.
func (m *imagined) table(name string, rows int64) *catalog.Table {
	t := &catalog.Table{
		OID: uint32(len(m.db.Tables) + 1), Name: catalog.Name{Schema: "s", Name: name}, Readable: true,
		Columns: []catalog.Column{{Name: "id", Type: "integer", NotNull: true}},
		Keys:    []catalog.Key{{Name: name + "_pkey", Primary: true, Columns: []string{"id"}}},
	}
	h := &catalog.Heap{
		OID: t.OID, Name: t.Name, Table: t, Rows: float64(rows), Was: rows/100 + 1, Pages: rows/100 + 1,
		Statistics: map[string]catalog.Statistics{"id": {Distinct: -1, Width: 4}},
	}
	t.Heaps = []*catalog.Heap{h}
	m.counts[h.OID] = catalog.Count{Rows: rows, Exact: true}
	m.db.Tables = append(m.db.Tables, t)
	m.byName[name] = t
	return t
}

// key adds a column that references a table, with so many different values.
func (m *imagined) key(child, parent string, distinct, null float64) *catalog.ForeignKey {
	c, p := m.byName[child], m.byName[parent]
	column := parent + "_id"
	c.Columns = append(c.Columns, catalog.Column{Name: column, Type: "integer"})
	c.Heaps[0].Statistics[column] = catalog.Statistics{Distinct: distinct, Null: null, Width: 4}
	k := &catalog.ForeignKey{
		OID: uint32(len(m.db.ForeignKeys) + 1), Name: child + "_" + parent, Child: c, ChildRel: c.Name,
		ChildHeaps: c.Heaps, ChildColumns: []string{column},
		Parent: p, ParentRel: p.Name, ParentHeaps: p.Heaps, ParentColumns: []string{"id"},
		Operators: []catalog.Operator{{Name: "pg_catalog.="}},
		Validated: true, Indexed: true, Index: child + "_" + parent + "_idx",
	}
	m.db.ForeignKeys = append(m.db.ForeignKeys, k)
	return k
}

func (m *imagined) plan(t *testing.T, rules map[string]Rule) *Plan {
	t.Helper()
	p, err := Make(m.db, m.counts, Spec{Tables: rules})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func planned(p *Plan, name string) *TablePlan {
	for i := range p.Tables {
		if p.Tables[i].Name == name {
			return &p.Tables[i]
		}
	}
	return &TablePlan{}
}

func TestPredict_KeepsTheTargetWhereNothingIsReferenced(t *testing.T) {
	m := imagine()
	m.table("alone", 5000)
	m.table("empty", 0)
	p := m.plan(t, nil)
	if got := planned(p, "alone"); got.Expected.Rows != got.Target || got.Expected.Forced != 0 {
		t.Errorf("%+v", got)
	}
	if got := planned(p, "empty"); got.Expected != (Expected{Seconds: got.Expected.Seconds}) || got.Reason != "empty" {
		t.Errorf("%+v", got)
	}
}

func TestPredict_CountsTheParentsThatAllRowsNeed(t *testing.T) {
	m := imagine()
	m.table("parent", 1000)
	m.table("child", 2000)
	m.key("child", "parent", 300, 0.25)
	p := m.plan(t, map[string]Rule{"s.child": {All: true}, "s.parent": {None: true}})
	if got := planned(p, "parent").Expected; got.Rows < 290 || got.Rows > 300 || got.Forced != got.Rows {
		t.Errorf("%+v, want nearly 300", got)
	}
	if k := p.Keys[0]; k.Forced != planned(p, "parent").Expected.Forced || k.Child != "s.child" ||
		k.Parent != "s.parent" || !k.Validated {
		t.Errorf("%+v", k)
	}
}

func TestPredict_FollowsParentsOfParents(t *testing.T) {
	m := imagine()
	for _, name := range []string{"a", "b", "c"} {
		m.table(name, 500)
	}
	m.key("b", "a", 400, 0)
	m.key("c", "b", -1, 0)
	p := m.plan(t, map[string]Rule{"s.c": {All: true}, "s.b": {None: true}, "s.a": {None: true}})
	if b, a := planned(p, "b").Expected.Rows, planned(p, "a").Expected.Rows; b < 300 || a < 200 || a > 400 || a > b {
		t.Errorf("%d of b, %d of a", b, a)
	}
}

func TestPredict_ForcesNothingWhereAllIsNull(t *testing.T) {
	m := imagine()
	m.table("parent", 1000)
	m.table("child", 2000)
	m.key("child", "parent", 300, 1)
	p := m.plan(t, map[string]Rule{"s.child": {All: true}, "s.parent": {None: true}})
	if got := planned(p, "parent").Expected.Rows; got != 0 {
		t.Errorf("%d rows", got)
	}
}

func TestPredict_StaysWithinTargetAndAllowance(t *testing.T) {
	m := imagine()
	m.table("tenant", 50)
	m.table("product", 80_000)
	m.table("orders", 200_000)
	m.table("line", 900_000)
	m.key("product", "tenant", 50, 0)
	m.key("orders", "tenant", 50, 0)
	m.key("line", "orders", 200_000, 0)
	m.key("line", "product", 80_000, 0)
	p := m.plan(t, nil)
	if most := p.Target + p.Allowance + p.Allowance/2; p.Expected.Rows > most || p.Expected.Rows < p.Target/2 {
		t.Errorf("expected %d rows for a target of %d", p.Expected.Rows, p.Target)
	}
	var sum Expected
	for i := range p.Tables {
		e := p.Tables[i].Expected
		sum.Rows, sum.Forced, sum.Bytes = sum.Rows+e.Rows, sum.Forced+e.Forced, sum.Bytes+e.Bytes
		if e.Rows > p.Tables[i].Rows || e.Forced > e.Rows || e.Rows < 0 || e.Seconds < 0 || e.Bytes < e.Rows {
			t.Errorf("%s: %+v of %d", p.Tables[i].Name, e, p.Tables[i].Rows)
		}
	}
	if sum.Rows != p.Expected.Rows || sum.Forced != p.Expected.Forced || sum.Bytes != p.Expected.Bytes {
		t.Errorf("in all %+v, summed %+v", p.Expected, sum)
	}
}

func TestPredict_EndsOnCyclesAndSelfReferences(t *testing.T) {
	m := imagine()
	m.table("a", 40_000)
	m.table("b", 40_000)
	m.key("a", "b", -1, 0)
	m.key("b", "a", -1, 0)
	m.key("a", "a", -0.5, 0)
	p := m.plan(t, nil)
	for _, name := range []string{"a", "b"} {
		if e := planned(p, name).Expected; e.Rows < 1 || e.Rows > 40_000 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if r := planned(p, "a").Reason; !strings.HasSuffix(r, "; in cycle 1 with s.b") {
		t.Errorf("reason %q", r)
	}
}

func TestPredict_TakesAShortWayForPartOfALongOne(t *testing.T) {
	expected := func(values float64) int64 {
		m := imagine()
		m.table("product", 900)
		m.table("variant", 3000)
		m.table("line", 10_000)
		m.key("variant", "product", values, 0)
		m.key("line", "variant", 3000, 0)
		m.key("line", "product", 900, 0)
		return m.plan(t, nil).forecastRefers("line_product", m.counts)
	}
	if got := expected(900); got != 0 {
		t.Errorf("the line's product is another than its variant's: %d %%", got)
	}
	if got := expected(3); got != 100 {
		t.Errorf("variants of 3 products lead to 900: %d %%", got)
	}
}

// forecastRefers is the share of rows that a key is reckoned with, in percent.
func (p *Plan) forecastRefers(key string, counts catalog.Counts) int64 {
	for _, ties := range newForecast(p, counts, Matching{}).ties {
		for _, l := range ties {
			if l.key.Name == key {
				return int64(math.Round(100 * l.refers))
			}
		}
	}
	return -1
}

func TestPredict_JoinsKeysOfPartitions(t *testing.T) {
	m := imagine()
	m.table("parent", 1000)
	tree := m.table("tree", 600)
	other := &catalog.Heap{
		OID: 99, Name: catalog.Name{Schema: "s", Name: "tree_2"}, Table: tree,
		Statistics: map[string]catalog.Statistics{"parent_id": {Distinct: -0.5}},
	}
	tree.Heaps = append(tree.Heaps, other)
	m.counts[99] = catalog.Count{Rows: 200, Exact: true}
	first := m.key("tree", "parent", 300, 0)
	first.ChildHeaps = tree.Heaps[:1]
	second := *first
	second.OID, second.Name, second.ChildHeaps = 77, "tree_2_parent", tree.Heaps[1:]
	m.db.ForeignKeys = append(m.db.ForeignKeys, &second)
	p := m.plan(t, map[string]Rule{"s.tree": {All: true}, "s.parent": {None: true}})
	f := newForecast(p, m.counts, Matching{})
	var ties []*tie
	for _, l := range f.ties {
		ties = append(ties, l...)
	}
	if len(ties) != 1 || len(ties[0].keys) != 2 || ties[0].refers != 1 {
		t.Fatalf("%d ties", len(ties))
	}
	// 300 and 100 of 1,000 parents, drawn apart: 1,000 × (1 − 0.7 × 0.9).
	if got := ties[0].distinct; math.Abs(got-370) > 0.01 {
		t.Errorf("%.2f different parents, want 370", got)
	}
	if a, b := p.Keys[0].Forced, p.Keys[1].Forced; a <= 2*b || a > 4*b {
		t.Errorf("forced %d and %d, want 3 to 1", a, b)
	}
}

func TestTie_DrawsOccupancy(t *testing.T) {
	f := &forecast{tables: []outlook{{}, {rows: 100}}}
	l := &tie{parent: 1, refers: 1, distinct: 100}
	for references, want := range map[float64]float64{0: 0, 1: 1, 100: 63.2, 10_000: 100} {
		if got := l.fresh(f, references); math.Abs(got-want) > 0.1 {
			t.Errorf("%v references name %.1f, want %.1f", references, got, want)
		}
	}
	f.tables[1].forced = 100
	l.force(100, 1)
	if l.missing(f) != 0 || l.fresh(f, 50) != 0 {
		t.Errorf("missing %v when all are kept", l.missing(f))
	}
}

func TestMostCommon_IsTheTopOfADistribution(t *testing.T) {
	for _, c := range []struct{ average, taken, parents, least, most float64 }{
		{0.01, 0, 10, 1, 1},
		{1, 0, 1000, 5, 7},
		{1, 0.5, 1000, 1, 1},
		{20, 0.5, 1000, 19, 21},
		{5000, 0, 10, 5000, 5000},
		{0, 0, 0, 1, 1},
		{1, 1, 10, 1, 1},
	} {
		if got := mostCommon(c.average, c.taken, c.parents); got < c.least || got > c.most {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestRowWidth_KnowsWhatCopyPrints(t *testing.T) {
	for _, c := range []struct {
		kind         string
		stored, rows float64
		want         float64
	}{
		{"integer", 4, 1000, 4},
		{"bigint", 8, 0, 1},
		{"boolean", 1, 10, 1},
		{"uuid", 16, 10, 36},
		{"timestamp with time zone", 8, 10, 27},
		{"timestamp(3) without time zone", 8, 10, 24},
		{"timestamp(3) with time zone", 8, 10, 27},
		{"date", 4, 10, 10},
		{"bytea", 11, 10, 23},
		{"character varying(20)", 9, 10, 8},
		{"numeric(10,2)", 5, 10, 5},
		{"jsonb", 0, 10, 1},
	} {
		if got := textWidth(c.kind, c.stored, c.rows); got != c.want {
			t.Errorf("%s: %v, want %v", c.kind, got, c.want)
		}
	}
	h := &catalog.Heap{OID: 1, Pages: 10, Toast: 20_000}
	table := &catalog.Table{Columns: []catalog.Column{{Name: "v", Type: "text"}}, Heaps: []*catalog.Heap{h}}
	h.Table = table
	counts := catalog.Counts{1: {Rows: 1000}}
	if got := rowWidth(table, counts); math.Abs(got-(81.92-28+30)) > 0.01 {
		t.Errorf("by size: %v", got)
	}
	h.Statistics = map[string]catalog.Statistics{"v": {Width: 11, Null: 0.5}}
	if got := rowWidth(table, counts); math.Abs(got-(0.5*2+0.5*10+1+30)) > 0.01 {
		t.Errorf("by statistics: %v", got)
	}
	if got := rowWidth(table, catalog.Counts{}); got != 0 {
		t.Errorf("of no rows: %v", got)
	}
}

func TestSeconds_GrowWithAScan(t *testing.T) {
	m := imagine()
	m.table("parent", 100_000)
	m.table("child", 10_000_000)
	k := m.key("child", "parent", 100_000, 0)
	indexed := planned(m.plan(t, nil), "child").Expected.Seconds
	k.Indexed, k.Index = false, ""
	p := m.plan(t, nil)
	if scanned := planned(p, "child").Expected.Seconds; scanned < indexed+1 {
		t.Errorf("%v seconds with a scan, %v without", scanned, indexed)
	}
	if r := planned(p, "child").Reason; r != "no index on parent_id: one filtered scan" {
		t.Errorf("reason %q", r)
	}
}

func TestReason_SaysWhy(t *testing.T) {
	m := imagine()
	for _, name := range []string{"a", "b", "c"} {
		m.table(name, 1000)
	}
	m.table("large", 50_000)
	m.table("child", 50_000)
	for _, parent := range []string{"a", "b", "c"} {
		m.key("child", parent, 1000, 0).Index = ""
	}
	m.db.ForeignKeys[0].Index = "by_a"
	rules := map[string]Rule{"s.a": {All: true}, "s.b": {None: true}, "s.c": {Where: "true", Rows: 5}}
	p := m.plan(t, rules)
	want := map[string]string{
		"a": "rule all", "b": "rule none", "c": "rule rows 5, where true: one filtered scan",
		"large": "large, without parents: a sample of its blocks",
		"child": "children of kept s.a by by_a, s.b by the indexes of its partitions, 1 more",
	}
	for name, why := range want {
		if got := planned(p, name).Reason; got != why {
			t.Errorf("%s: %q, want %q", name, got, why)
		}
	}
	if got := planned(m.plan(t, map[string]Rule{"s.a": {Rows: 7}}),
		"a").Reason; got != "rule rows 7: small: 1,000 rows" {
		t.Errorf("%q", got)
	}
}

func TestAdvice_NamesWhatToDo(t *testing.T) {
	m := imagine()
	m.table("country", 200)
	m.table("log", 1000).Keys = nil
	big := m.table(`big "one"`, 400_000)
	k := m.key(`big "one"`, "country", 200, 0)
	k.Indexed, k.Index = false, ""
	m.table("never", 100_000).Heaps[0].Was = 0
	m.byName["never"].Heaps[0].Statistics = nil
	m.table("grown", 100_000).Heaps[0].Was = 100
	p := m.plan(t, nil)
	text := strings.Join(append(p.Warnings, p.Advice...), "\n")
	for _, want := range []string{
		`no index on s.big "one" (country_id): finding its rows costs a scan; CREATE INDEX CONCURRENTLY ON "s"."big ""one""" ("country_id")`,
		`never analyzed: s.never: what they hold and force is guessed; ANALYZE "s"."never"`,
		`grown since ANALYZE to more than 2 times their size: s.grown: their rows are guessed; ANALYZE "s"."grown"`,
		`without a primary key: s.log: rows are chosen by position`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	big.Partitioned = true
	if got := createIndex(big, []string{"a", "b c"}); got != `CREATE INDEX ON "s"."big ""one""" ("a", "b c")` {
		t.Error(got)
	}
}

func TestAdvice_NamesTheKeyThatForcesMost(t *testing.T) {
	m := imagine()
	m.table("country", 1000)
	m.table("orders", 50_000)
	m.key("orders", "country", 1000, 0)
	p := m.plan(t, map[string]Rule{"s.orders": {Rows: 20_000}, "s.country": {Rows: 10}})
	text := strings.Join(p.Advice, "\n")
	if want := "rows for a target of 10: s.orders.orders_country forces"; !strings.Contains(text, want) {
		t.Errorf("no %q in:\n%s", want, text)
	}
	if p := m.plan(t, map[string]Rule{"s.country": {None: true}}); len(p.Advice) > 0 {
		t.Errorf("what is forced of a table of none is meant: %q", p.Advice)
	}
}

func TestAdvice_WarnsOfALookupWithoutAnIndex(t *testing.T) {
	m := imagine()
	m.table("users", 30_000).Columns = []catalog.Column{{Name: "id"}, {Name: "email"}}
	m.table("login", 1000).Columns = []catalog.Column{{Name: "id"}, {Name: "email"}}
	plan := func(reference string) string {
		p, err := Make(m.db, m.counts, Spec{References: []string{reference}})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(p.Warnings, "\n")
	}
	want := `no unique index on s.users (email), which s.login references: every lookup costs a scan; CREATE INDEX CONCURRENTLY ON "s"."users" ("email")`
	if got := plan("s.login.email -> s.users.email"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := plan("s.login.id -> s.users.id"); got != "" {
		t.Errorf("%s", got)
	}
}

func TestAdvice_NamesTablesThatStayNearlyEmpty(t *testing.T) {
	p := &Plan{Tables: []TablePlan{
		{
			Target: 500, Expected: Expected{Rows: 3},
			Table: &catalog.Table{Name: catalog.Name{Schema: "s", Name: "starved"}},
		},
		{
			Target: 500, Expected: Expected{Rows: 300},
			Table: &catalog.Table{Name: catalog.Name{Schema: "s", Name: "fed"}},
		},
	}}
	p.adviseEmpty()
	if len(p.Advice) != 1 || !strings.HasPrefix(p.Advice[0], "s.starved will hold about 3 rows for a target of 500") {
		t.Errorf("%q", p.Advice)
	}
}

func TestAnalyze_NamesAFewTablesAndElseAll(t *testing.T) {
	var names []catalog.Name
	for i := range 6 {
		names = append(names, catalog.Name{Schema: "s", Name: fmt.Sprint(i)})
	}
	if got := analyze(names[:2]); got != `ANALYZE "s"."0", "s"."1"` {
		t.Error(got)
	}
	if got := analyze(names); got != "ANALYZE" {
		t.Error(got)
	}
}

// A schema with more ways from table to table than anyone could follow is
// planned all the same: a forecast that followed each would never end.
func TestPredict_EndsOnADenseSchema(t *testing.T) {
	m := imagine()
	const tables, parents = 120, 5
	for i := range tables {
		name := fmt.Sprintf("t%03d", i)
		m.table(name, int64(1000*(i+1)))
		for p := max(i-parents, 0); p < i; p++ {
			m.key(name, fmt.Sprintf("t%03d", p), -0.1, 0.1)
		}
	}
	p := m.plan(t, nil)
	if p.Expected.Rows < p.Target/4 || p.Expected.Rows > 2*p.Target {
		t.Errorf("expected %d rows for a target of %d", p.Expected.Rows, p.Target)
	}
}
