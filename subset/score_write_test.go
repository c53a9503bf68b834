package subset_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// measuredShop has something of everything that a score can say.
var measuredShop = &subset.Score{
	Version: 1, Database: "shop", Subset: "shop_small", Curve: "10:3,1000000:10000", Seconds: 2.5,
	Summary: subset.ScoreSummary{
		SourceRows: 21_000, Target: 1100, Rows: 1400, TargetError: 0.3, Overflow: 310, Dangling: 5, Broken: 3,
		Fanout:       subset.Extremes{Measured: 2, Beyond: 1, Median: 0.2, Worst: 0.4, At: "public.orders.orders_customer_fkey"},
		Shape:        subset.Extremes{Measured: 2, Median: 0.04},
		PositionBias: subset.Extremes{},
		Covered:      0.75, CoverExpected: 0.9,
	},
	Tables: []subset.TableScore{
		{Schema: "public", Name: "customer", Source: 1000, Target: 77, Rows: 387, Error: 4.026, Overflow: 310, Position: &subset.Distance{Value: 0.03, Chance: 0.07}, Foreign: 2},
		{Schema: "public", Name: "orders", Source: 20_000, Target: 1023, Rows: 1013, Error: -0.0098, Position: &subset.Distance{Value: 0.5, Chance: 0.05}},
		{Schema: "public", Name: "log|", Rows: 0},
	},
	Keys: []subset.KeyScore{
		{
			Name: "public.orders.orders_customer_fkey", Child: "public.orders", Parent: "public.customer", Dangling: 5, Before: 2, Broken: 3,
			Fanout: &subset.Distance{Value: 0.4, Chance: 0.08}, Shape: &subset.Distance{Value: 0.08, Chance: 0.08},
			Mean: subset.Triple{Source: 20, Subset: 2.6, Implied: 13.3}, Childless: subset.Triple{Source: 0.1, Subset: 0.25, Implied: 0.125},
		},
		{Name: "public.orders.orders_gift_fkey", Child: "public.orders", Parent: "public.gift"},
	},
	Columns: []subset.ColumnScore{
		{Table: "public.customer", Column: "land", Coverage: &subset.Coverage{Values: 4, Found: 4, Share: 1, Expected: 1, Weighted: 1}},
		{Table: "public.orders", Column: "state", Nulls: &subset.NullShare{Source: 0.5, Subset: 0.2}, Coverage: &subset.Coverage{Values: 4, Found: 2, Share: 0.5, Expected: 0.8, Weighted: 0.91}},
		{Table: "public.orders", Column: "gift", Nulls: &subset.NullShare{Source: 0.3, Subset: 0.4}},
	},
	OnlySource: []string{"public.audit"},
	OnlySubset: []string{"public.extra"},
	Unscored:   []catalog.Omission{{Schema: "public", Name: "public.audit.audit_orders_fkey", Reason: "a table of it is not in the subset"}},
}

func TestScore_IsWrittenAsPeopleHaveReadIt(t *testing.T) {
	wantGolden(t, "score.txt", measuredShop.WriteText)
	wantGolden(t, "score.md", measuredShop.WriteMarkdown)
	wantGolden(t, "score.json", measuredShop.WriteJSON)
}

func TestScore_WritesOnlyTheColumnsThatLostMost(t *testing.T) {
	var s subset.Score
	for i := range 50 {
		s.Columns = append(s.Columns, subset.ColumnScore{
			Table: "public.wide", Column: fmt.Sprintf("c%02d", i),
			Coverage: &subset.Coverage{Values: 2, Found: 1, Weighted: 1 - float64(i)/100},
		})
	}
	var b bytes.Buffer
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Contains(text, "c29") || strings.Index(text, "c49") > strings.Index(text, "c30") || !strings.Contains(text, "c30") {
		t.Errorf("not the worst first:\n%s", text)
	}
	if !strings.Contains(text, "30 more columns are in the JSON document\n") {
		t.Errorf("the rest is not told:\n%s", text)
	}
}

func TestScore_OfNothingIsShort(t *testing.T) {
	var b bytes.Buffer
	if err := (&subset.Score{Database: "a", Subset: "b"}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `b holds 0 of the 0 rows of a (target 0): 0.0 % off target, 0 above a table's target, 0 dangling, 0 of them not in the source
fan-out: not measured
shape of fan-out: not measured
position bias: not measured
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A report with a score has it after everything else, in each of its forms.
func TestReport_EndsWithItsScore(t *testing.T) {
	r := *reported
	r.Score = measuredShop
	r.Tables[1].Position = &subset.Distance{Value: 0.6, Chance: 0.1}
	defer func() { r.Tables[1].Position = nil }()
	var text, markdown, alone bytes.Buffer
	for _, err := range []error{r.WriteText(&text), r.WriteMarkdown(&markdown), measuredShop.WriteText(&alone)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasSuffix(text.String(), "\n\n"+alone.String()) {
		t.Errorf("no score at the end of:\n%s", text.String())
	}
	if !strings.Contains(markdown.String(), "\n\n- shop&#95;small holds") && !strings.Contains(markdown.String(), "\n\n- shop_small holds") {
		t.Errorf("no score in:\n%s", markdown.String())
	}
	const uneven = "public.c: the kept rows lie unevenly over the table (distance 0.60 of at most 1, chance explains 0.10)\n"
	if !strings.Contains(text.String(), uneven) {
		t.Errorf("no line %q in:\n%s", uneven, text.String())
	}
}
