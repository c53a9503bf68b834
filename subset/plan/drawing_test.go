package plan_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// drawn is a plan with a table of each size and name, and a key of each kind.
func drawn() *plan.Plan {
	p := &plan.Plan{Database: "a \"d\" \\ & <b>\n%%", SourceRows: 12_345, Expected: plan.Expected{Rows: 678}}
	names := []string{
		"plain", `quote " \`, "line\nbreak", "<b>&amp;</b>", "$$x$$", "a:b", "a: b", "ends:", `c:\d`, "a.b_c-d,e",
		".lead", "trail.", "é9",
		"tab\tzero\u200b", "\xff", " _ ", "x",
	}
	kept := []int64{0, 1, 9, 10, 99, 100, 999, 1000, 99_999, 1_000_000, 19, 20, 21, 29, 30, 31, -1}
	for i, name := range names {
		p.Tables = append(p.Tables, plan.TablePlan{
			Schema: []string{"public", "b:c"}[i%2], Name: name, Rows: int64(i * 1000), Estimated: i%3 == 0,
			Target: []int64{0, 10, 20, 1}[i%4], Expected: plan.Expected{Rows: kept[i]},
		})
	}
	key := func(name, child, parent, column string, forced int64, validated bool) {
		p.Keys = append(p.Keys, plan.KeyPlan{
			Name: name, Child: child, Parent: parent, Columns: []string{column}, Forced: forced, Validated: validated,
		})
	}
	key("one", "public.plain", "public.x", "x_id", 0, true)
	key("two", "public.plain", "public.x", "x_id", 1, true)    // the same arrow
	key("loose", "public.plain", "public.x", "x_id", 5, false) // another
	key("other", "public.plain", "public.x", "y_id", 1500, true)
	key("back", "public.x", "public.plain", "x_id", 7, true)
	key("elsewhere", "public.plain", "public.plain", "x_id", 2, true)
	key("no child", "public.none", "public.x", "x_id", 2, true)
	key("no parent", "public.x", "public.none", "x_id", 2, true)
	return p
}

func TestPlan_IsDrawnInBothLanguages(t *testing.T) {
	var b bytes.Buffer
	for _, write := range []func(io.Writer) error{drawn().WriteMermaid, drawn().WriteDOT} {
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join("testdata", "drawn.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Error(diff)
	}
}

// A table that may not be read is an error only where somebody needs it.
func TestMake_LeavesOutWhatMayNotBeReadWhereNothingNeedsIt(t *testing.T) {
	none := plan.Rule{None: true}
	for name, c := range map[string]struct {
		rules   map[string]plan.Rule
		edit    func(customers *catalog.Table)
		refused string
		left    string
	}{
		"unreadable": {nil, unreadable, "may not read public.customers", ""},
		"unreadable, left out": {
			map[string]plan.Rule{"public.customers": none},
			unreadable,
			"may not read public.customers", "",
		},
		"unreadable, none need it": {
			map[string]plan.Rule{"public.customers": none, "public.Orders": none},
			unreadable, "", "excluded, not readable",
		},
		"secured": {nil, secured, "row-level security hides rows of public.customers", ""},
		"secured, left out": {
			map[string]plan.Rule{"public.customers": none},
			secured,
			"row-level security hides rows of", "",
		},
		"secured, none need it": {
			map[string]plan.Rule{"public.customers": none, "public.Orders": none},
			secured, "",
			"excluded, row-level security",
		},
	} {
		db := shop()
		c.edit(db.Tables[1])
		spec := plan.Spec{Tables: c.rules, References: []string{
			"public.Orders.customer_id -> public.customers.id", "public.customers.referrer -> public.customers.id",
		}}
		p, err := plan.Make(db, catalog.Counts{1: {Rows: 9}, 2: {Rows: 9}, 3: {Rows: 9}}, spec)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v, want %s", name, err, c.refused)
			}
			continue
		}
		want := []catalog.Omission{{Schema: "public", Name: "customers", Reason: c.left}}
		if err != nil || !cmp.Equal(p.LeftOut,
			want) || len(p.Tables) != 2 || p.Copies("public.customers") || len(p.ForeignKeys) != 0 {
			t.Errorf("%s: %v, %+v", name, err, p)
		}
	}
}

func unreadable(t *catalog.Table) { t.Readable, t.Denied = false, []catalog.Name{t.Name} }
func secured(t *catalog.Table)    { t.RowSecurity = true }

// Conditions may name a person: their values are shown only where somebody asked for it.
func TestMake_ShowsTheValuesOfConditionsOnRequestOnly(t *testing.T) {
	spec := plan.Spec{
		Tables: map[string]plan.Rule{"public.Orders": {Rows: 1, Where: "buyer = 'Jane'"}},
		Roots:  []plan.Root{{Table: "public.customers", Where: "name = 'Roe' AND id = 42"}},
	}
	for _, shown := range []bool{false, true} {
		spec.Conditions = shown
		p, err := plan.Make(shop(), catalog.Counts{}, spec)
		if err != nil {
			t.Fatal(err)
		}
		var rule string
		for i := range p.Tables {
			rule += p.Tables[i].Rule
		}
		want := []string{"rows 1, where buyer = …", "name = … AND id = …"}
		if shown {
			want = []string{"rows 1, where buyer = 'Jane'", "name = 'Roe' AND id = 42"}
		}
		if diff := cmp.Diff(want, []string{rule, p.Roots[0].Shown}); diff != "" {
			t.Errorf("shown %v: %s", shown, diff)
		}
	}
}
