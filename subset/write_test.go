package subset_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

var planned = &plan.Plan{
	Version: 1, Database: "shop", Curve: "10:3,1000000:10000", Seed: 7, SourceRows: 1234567, Target: 11600,
	Allowance: 1160,
	Expected:  plan.Expected{Rows: 11700, Forced: 40, Bytes: 2 << 20, Seconds: 3.21},
	Tables: []plan.TablePlan{
		{
			Schema: "public", Name: "tenant", Rows: 567, Bytes: 500, Target: 50, Strategy: "every row is a candidate",
			Reason: "small: 567 rows", Cycle: 2,
			Expected: plan.Expected{Rows: 70, Forced: 40, Bytes: 700, Seconds: 0.04},
		},
		{
			Schema: "public", Name: "big", Rows: 1234000, Estimated: true, Bytes: 3 << 30, Target: 11550,
			Rule: "rows 11550", Strategy: "sample of blocks",
			Reason: "rule rows 11550: large", Expected: plan.Expected{Rows: 11630, Bytes: 2 << 20, Seconds: 150},
		},
	},
	LeftOut:  []catalog.Omission{{Schema: "public", Name: "far", Reason: "foreign table"}},
	Warnings: []string{"no index on public.big (tenant): finding its rows costs a scan"},
	Advice:   []string{"public.a|b will hold much"},
}

func TestPlan_WritesATextThatLinesUp(t *testing.T) {
	var b strings.Builder
	if err := planned.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `shop: about 11,700 of 1,234,567 rows, 2.1 MB, in about 3.2 s; target 11,600, seed 7, curve 10:3,1000000:10000

table          rows        target  expected  forced  bytes   time   why
public.tenant  567         50      70        40      700 B   0.0 s  small: 567 rows
public.big     ~1,234,000  11,550  11,630    0       2.1 MB  2 min  rule rows 11550: large

up to 1,160 rows may be kept above these targets, where other rows need them
source: near, in memory
left out: public.far (foreign table)
warning: no index on public.big (tenant): finding its rows costs a scan
advice: public.a|b will hold much
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPlan_GoesOnBelowWithLongReasons(t *testing.T) {
	long := &plan.Plan{Tables: []plan.TablePlan{
		{
			Schema: "s", Name: strings.Repeat("ö", 50),
			Reason: "children of kept s.distribution_center_locations by distribution_center_locations_idx, " +
				"s.other by other_idx",
		},
		{Schema: "s", Name: "b", Reason: "small: 5 rows"},
	}}
	text := written(t, func(b *strings.Builder) error { return long.WriteText(b) })
	widest := 0
	for line := range strings.Lines(text) {
		widest = max(widest, utf8.RuneCountInString(strings.TrimSpace(line)))
	}
	if widest > 140 {
		t.Errorf("%d characters wide:\n%s", widest, text)
	}
	indent := strings.Repeat(" ",
		utf8.RuneCountInString(text[strings.Index(text, "\ntable")+1:strings.Index(text, "why")]))
	if !strings.Contains(text, "\n"+indent+"distribution_center_locations_idx,\n"+indent+"s.other by other_idx\ns.b ") {
		t.Errorf("not below each other:\n%s", text)
	}
}

func TestPlan_EscapesNamesInMarkdown(t *testing.T) {
	var b strings.Builder
	if err := planned.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| public.big | ~1,234,000 | 11,550 | 11,630 | 0 | 2.1 MB | 2 min | rule rows 11550: large |\n",
		"\n- public.a&#124;b will hold much\n", "\n- left out: public.far (foreign table)\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

func TestPlan_WritesJSONWithoutInternals(t *testing.T) {
	var b strings.Builder
	if err := planned.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	first := got["tables"].([]any)[0].(map[string]any)
	want := map[string]any{
		"schema": "public", "name": "tenant", "source_rows": 567.0, "source_bytes": 500.0, "target": 50.0,
		"strategy": "every row is a candidate", "reason": "small: 567 rows", "cycle": 2.0,
		"expected": map[string]any{"rows": 70.0, "forced": 40.0, "bytes": 700.0, "seconds": 0.04},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
}

var reported = &subset.Report{
	Version: 1, Database: "shop", Seed: 7, SourceRows: 2000, Target: 100, Rows: 110, Overflow: 12, Bytes: 4096,
	Seconds: 1.26,
	Tables: []subset.TableReport{
		{
			Schema: "public", Name: "a|b", Source: 500, Target: 40, Rows: 52, Sampled: 20, Forced: 32, Bytes: 2048,
			ForcedBy: []subset.Force{{Key: "public.c.k", Rows: 30}, {Key: "public.d.k", Rows: 2}},
		},
		{Schema: "public", Name: "c", Source: 1500, Estimated: true, Target: 60, Rows: 58, Sampled: 58, Bytes: 2048},
	},
	Keys: []subset.KeyReport{
		{Name: "public.c.k", Child: "public.c", Parent: "public.a|b", Declared: true, Rows: 58, Dangling: 3},
		{
			Name: "public.c.k2", Child: "public.c", Parent: "public.a|b", Declared: true, Validated: true, Rows: 8,
			Dangling: 2,
		},
		{Name: "public.c.x -> public.a|b.id", Child: "public.c", Parent: "public.a|b", Rows: 1200, Dangling: 1100},
		{Name: "public.d.k", Child: "public.d", Parent: "public.a|b", Declared: true},
	},
}

func TestReport_NamesTheKeyThatForcedRows(t *testing.T) {
	var b strings.Builder
	if err := reported.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `shop: kept 110 of 2,000 rows (target 100, 12 above a table's target) in 1.3 s, seed 7, 4 foreign keys, 1,105 dangling

table       rows    target  kept  sampled  forced  bytes   forced by
public.a|b  500     40      52    20       32      2.0 kB  public.c.k (30) and 1 more
public.c    ~1,500  60      58    58       0       2.0 kB

public.c.k: 3 of 58 kept references dangle, as they do in the source (key is not validated)
public.c.k2: 2 of 8 kept references dangle, as they do in the source (though the source calls the key valid: it is NOT VALID in the subset)
public.c.x -> public.a|b.id: 1,100 of 1,200 kept references dangle, as they do in the source (reference of the configuration)
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestReport_EscapesNamesInMarkdown(t *testing.T) {
	var b strings.Builder
	evil := *reported
	evil.Database = "<img src=x> @everyone [x](javascript:1)\n# h"
	if err := evil.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, bad := range []string{"<img", "@everyone", "[x]", "\n# h", "a|b"} {
		if strings.Contains(out, bad) {
			t.Errorf("%q is not escaped in:\n%s", bad, out)
		}
	}
	if want := "| public.a&#124;b | 500 | 40 | 52 | 20 | 32 | public.c.k (30) and 1 more |\n"; !strings.Contains(out,
		want) {
		t.Errorf("no line %q in:\n%s", want, out)
	}
}

func TestReport_SaysHowThePlanCompares(t *testing.T) {
	planned := *reported
	planned.Expected = plan.Expected{Rows: 1234, Bytes: 2048, Seconds: 3}
	planned.Tables = slices.Clone(reported.Tables)
	planned.Tables[0].Expected.Rows = 20
	planned.Tables[1].Expected.Rows = 200
	text := written(t, func(b *strings.Builder) error { return planned.WriteText(b) })
	want := "\nthe plan expected 1,234 rows, 2.0 kB, in 3.0 s; it came to 110 rows, 4.1 kB, in 1.3 s; it was most " +
		"wrong about public.c (200 for 58), public.a|b (20 for 52)\n"
	if !strings.Contains(text, want) {
		t.Errorf("no %q in:\n%s", want, text)
	}
	planned.Tables[0].Expected.Rows, planned.Tables[1].Expected.Rows = 50, 60
	for _, write := range []func(*strings.Builder) error{
		func(b *strings.Builder) error { return planned.WriteText(b) },
		func(b *strings.Builder) error { return planned.WriteMarkdown(b) },
	} {
		if text := written(t, write); !strings.Contains(text, "\nthe plan expected 1,234 rows") ||
			strings.Contains(text, "wrong") {
			t.Errorf("in:\n%s", text)
		}
	}
	if text := written(t, func(b *strings.Builder) error { return reported.WriteText(b) }); strings.Contains(text,
		"expected") {
		t.Errorf("a report without a plan:\n%s", text)
	}
}

func TestReport_CountsDanglingOverAllKeys(t *testing.T) {
	if n := reported.Dangling(); n != 1105 {
		t.Errorf("%d, want 1105", n)
	}
}

func TestReport_TellsBrokenKeysFromThoseNobodyHeldValid(t *testing.T) {
	if n := reported.Broken(); n != 2 {
		t.Errorf("%d, want the 2 below the valid key", n)
	}
	if n := (&subset.Report{}).Broken(); n != 0 {
		t.Errorf("%d of nothing", n)
	}
}

func TestReport_SurvivesJSON(t *testing.T) {
	var b strings.Builder
	if err := reported.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got subset.Report
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*reported, got); diff != "" {
		t.Error(diff)
	}
}
