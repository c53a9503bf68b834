package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestParseCurve_TakesTwoPointsThatRise(t *testing.T) {
	for text, want := range map[string]string{
		"10:3,1000000:10000":     "",
		" 10 : 3 , 1000 : 3":     "",
		"1:1,10:10":              "",
		"10:10,1:1":              "",
		"10:3":                   "1 points, not 2",
		"10:3,10:4":              "1 points, not 2",
		"10:3,100:4,1000:5":      "3 points, not 2",
		"10,100:4":               `"10" is not source:kept`,
		"ten:3,100:4":            `"ten:3" is not source:kept`,
		"10:three,100:4":         `"10:three" is not source:kept`,
		"":                       `"" is not source:kept`,
		"10:11,1000:20":          "cannot keep 11 of 10 rows",
		"10:3,1000:1001":         "cannot keep 1001 of 1000 rows",
		"10:0,1000:20":           "cannot keep 0 of 10 rows",
		"0:0,1000:20":            "cannot keep 0 of 0 rows",
		"-1:-2,1000:20":          "cannot keep -2 of -1 rows",
		"10:3,1000:2":            "it falls",
		"1000:2,10:3":            "it falls",
		"10:3,9999999999999999x": "is not source:kept",
	} {
		c, err := plan.ParseCurve(text)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), "curve: ") || !strings.Contains(err.Error(),
			want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		case want == "" && c.From.Source >= c.To.Source:
			t.Errorf("%s: %+v", text, c)
		}
	}
}

func TestCurve_KeepsAllOfFewAndFewOfMany(t *testing.T) {
	steep, err := plan.ParseCurve("10:10,1000:100")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		curve      plan.Curve
		rows, want int64
	}{
		{plan.Curve{}, -1, 0},
		{plan.Curve{}, 0, 0},
		{plan.Curve{}, 1, 1},
		{plan.Curve{}, 2, 1},
		{plan.Curve{}, 10, 3},
		{plan.Curve{}, 1_000_000, 10_000},
		{steep, 1, 1},
		{steep, 10, 10},
		{steep, 1000, 100},
		{steep, 2, 2}, // the curve would keep 4
	} {
		if got := c.curve.Rows(c.rows); got != c.want {
			t.Errorf("%s keeps %d of %d, want %d", c.curve, got, c.rows, c.want)
		}
	}
	if got := (plan.Curve{}).String(); got != "10:3,1000000:10000" {
		t.Error(got)
	}
	if got := steep.String(); got != "10:10,1000:100" {
		t.Error(got)
	}
}

func TestParseMode_KnowsTwo(t *testing.T) {
	for text, want := range map[string]plan.Mode{
		"": plan.ModeCurve, "curve": plan.ModeCurve,
		"family": plan.ModeFamily,
	} {
		if got, err := plan.ParseMode(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got, err := plan.ParseMode("Family"); err == nil || got != "" {
		t.Errorf("another: %q, %v", got, err)
	}
}

func TestParseRoot_NeedsATableAndACondition(t *testing.T) {
	r, err := plan.ParseRoot(" public.tenants :  a ->> 'x': 'y' = 1 ")
	if err != nil || r.Table != "public.tenants :  a ->> 'x'" && r.Where == "" {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = plan.ParseRoot("public.tenants: id = 42")
	if diff := cmp.Diff(plan.Root{Table: "public.tenants", Where: "id = 42"}, r); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	for _, text := range []string{
		"", "public.tenants", "public.tenants:id = 42", ": id = 42", " : id = 42",
		"public.tenants: ", "public.tenants:  ",
	} {
		if r, err := plan.ParseRoot(text); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// shop has a table of each kind that a rule can name, or fail to.
func shop() *catalog.Database {
	table := func(oid uint32, schema, name string, columns ...string) *catalog.Table {
		t := &catalog.Table{OID: oid, Name: catalog.Name{Schema: schema, Name: name}, Readable: true}
		for i, c := range columns {
			t.Columns = append(t.Columns, catalog.Column{Name: c, Type: "integer", NotNull: i == 0})
		}
		t.Keys = []catalog.Key{{Name: name + "_pkey", Primary: true, Columns: columns[:1]}}
		t.Heaps = []*catalog.Heap{{OID: oid, Name: t.Name, Table: t}}
		return t
	}
	events := table(3, "public", "events", "id", "order_id")
	events.Partitioned = true
	events.Heaps[0].Name.Name = "events_2026"
	return &catalog.Database{Name: "shop", Role: "reader", Tables: []*catalog.Table{
		table(1, "public", "Orders", "id", "customer_id"), table(2, "public", "customers", "id", "referrer"), events,
	}}
}

func TestMake_SaysWhatANameMayHaveMeant(t *testing.T) {
	for name, want := range map[string]string{
		"public.orders":      "did you mean public.Orders?",
		"Orders":             "did you mean public.Orders?",
		"sales.customers":    "did you mean public.customers?",
		"public.events_2026": "public.events_2026 is a partition: name the whole table, public.events",
		"public.invoices":    "tables are named schema.table",
	} {
		_, err := plan.Make(shop(), nil, plan.Spec{Tables: map[string]plan.Rule{name: {Rows: 5}}})
		if err == nil || !strings.Contains(hints(err), want) || !strings.Contains(err.Error(), "no table "+name) {
			t.Errorf("%s: %v, hint %s", name, err, hints(err))
		}
		_, err = plan.Make(shop(), nil, plan.Spec{Roots: []plan.Root{{Table: name, Where: "true"}}})
		if err == nil || !strings.Contains(hints(err), want) || !strings.HasPrefix(err.Error(), "roots: ") {
			t.Errorf("root %s: %v, hint %s", name, err, hints(err))
		}
	}
}

func TestMake_RefusesARootOfATableThatIsLeftOut(t *testing.T) {
	spec := plan.Spec{
		Tables: map[string]plan.Rule{"public.customers": {None: true}},
		Roots:  []plan.Root{{Table: "public.customers", Where: "id = 1"}, {Table: "public.Orders", Where: "id = 1"}},
	}
	_, err := plan.Make(shop(), nil, spec)
	if err == nil || err.Error() != "roots: table public.customers has the rule none" {
		t.Error(err)
	}
	spec.Tables = nil
	p, err := plan.Make(shop(), nil, spec)
	if err != nil || p.Roots[0].In != p.Tables[0].Table && p.Roots[0].In == nil {
		t.Errorf("%v", err)
	}
}

func TestResolveReferences_NeedsBothColumns(t *testing.T) {
	db := shop()
	for text, want := range map[string]string{
		"public.Orders.customer_id":                            "no -> in it",
		"public.Orders.buyer -> public.customers.id":           "table public.Orders has no column buyer",
		"public.Orders.customer_id -> public.customers.number": "table public.customers has no column number",
		"public.baskets.id -> public.customers.id":             "the source has no column public.baskets.id",
		"public.Orders.customer_id -> customers":               "the source has no column customers",
	} {
		if _, err := plan.ResolveReferences(db, []string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	keys, err := plan.ResolveReferences(db, []string{
		"public.Orders.customer_id -> public.customers.id when kind = 'x'", "public.customers.id->public.Orders.id",
	})
	if err != nil || len(keys) != 2 {
		t.Fatalf("%v, %v", keys, err)
	}
	if k := keys[0]; !k.Nullable || k.Indexed || k.When != "kind = 'x'" || k.Child.Name.Name != "Orders" || k.OID != 0 {
		t.Errorf("%+v", k)
	}
	if k := keys[1]; k.Nullable || !k.Indexed || k.When != "" || k.Parent.Name.Name != "Orders" {
		t.Errorf("%+v", k)
	}
}

func TestPlan_SaysWhereTheKeyOfMasksComesFrom(t *testing.T) {
	column := []mask.Column{{}}
	for _, c := range []struct {
		columns []mask.Column
		fresh   bool
		want    string
	}{{nil, true, ""}, {nil, false, ""}, {column, true, "fresh"}, {column, false, "given"}} {
		p := &plan.Plan{Masks: &mask.Plan{Columns: c.columns}}
		if p.DescribeMasks(mask.Masking{Fresh: c.fresh}); p.Privacy.Key != c.want ||
			len(p.Privacy.Masked) != len(c.columns) {
			t.Errorf("%+v: %+v", c, p.Privacy)
		}
	}
	p := &plan.Plan{Tables: []plan.TablePlan{{Schema: "s", Name: "a"}}}
	if p.Leave("s.a.b", "a view"); !cmp.Equal(p.Privacy.Unmasked,
		[]string{"s.a.b"}) || p.Warnings[0] != "a view: copied as it is" {
		t.Errorf("%+v", p)
	}
	if !p.Copies("s.a") || p.Copies("a.s") || p.Copies("s.ab") {
		t.Error("what it copies")
	}
}

func hints(err error) string { return strings.Join(hint.Of(err), "\n") }
