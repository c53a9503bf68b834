package score_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/score"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// measuredShop has something of everything that a score can say.
var measuredShop = &score.Score{
	Version: 1, Database: "shop", Subset: "shop_small", Curve: "10:3,1000000:10000", Seconds: 2.5,
	Summary: score.Summary{
		SourceRows: 21_000, Target: 1100, Rows: 1400, TargetError: 0.3, Overflow: 310, Dangling: 5, Broken: 3,
		Fanout: score.Extremes{
			Measured: 2, Beyond: 1, Median: 0.2, Worst: 0.4,
			At: "public.orders.orders_customer_fkey",
		},
		Shape:        score.Extremes{Measured: 2, Median: 0.04},
		PositionBias: score.Extremes{},
		Covered:      0.75, CoverExpected: 0.9,
	},
	Tables: []score.Table{
		{
			Schema: "public", Name: "customer", Source: 1000, Target: 77, Rows: 387, Error: 4.026, Overflow: 310,
			Position: &score.Distance{Value: 0.03, Chance: 0.07}, Foreign: 2,
		},
		{
			Schema: "public", Name: "orders", Source: 20_000, Target: 1023, Rows: 1013, Error: -0.0098,
			Position: &score.Distance{Value: 0.5, Chance: 0.05},
		},
		{Schema: "public", Name: "log|", Rows: 0},
	},
	Keys: []score.Key{
		{
			Name: "public.orders.orders_customer_fkey", Child: "public.orders", Parent: "public.customer", Dangling: 5,
			Before: 2, Broken: 3,
			Fanout: &score.Distance{Value: 0.4, Chance: 0.08}, Shape: &score.Distance{Value: 0.08, Chance: 0.08},
			Mean:      score.Triple{Source: 20, Subset: 2.6, Implied: 13.3},
			Childless: score.Triple{Source: 0.1, Subset: 0.25, Implied: 0.125},
		},
		{Name: "public.orders.orders_gift_fkey", Child: "public.orders", Parent: "public.gift"},
	},
	Columns: []score.Column{
		{
			Table: "public.customer", Column: "land",
			Coverage: &score.Coverage{Values: 4, Found: 4, Share: 1, Expected: 1, Weighted: 1},
		},
		{
			Table: "public.orders", Column: "state", Nulls: &score.NullShare{Source: 0.5, Subset: 0.2},
			Coverage: &score.Coverage{Values: 4, Found: 2, Share: 0.5, Expected: 0.8, Weighted: 0.91},
		},
		{Table: "public.orders", Column: "gift", Nulls: &score.NullShare{Source: 0.3, Subset: 0.4}},
	},
	OnlySource: []string{"public.audit"},
	OnlySubset: []string{"public.extra"},
	Unscored: []catalog.Omission{{
		Schema: "public", Name: "public.audit.audit_orders_fkey",
		Reason: "a table of it is not in the subset",
	}},
}

func TestScore_IsWrittenAsPeopleHaveReadIt(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"score.txt": measuredShop.WriteText, "score.md": measuredShop.WriteMarkdown,
		"score.json": measuredShop.WriteJSON,
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s (-want +got), -update writes it anew:\n%s", path, diff)
		}
	}
}

func TestScore_WritesOnlyTheColumnsThatLostMost(t *testing.T) {
	var s score.Score
	for i := range 50 {
		s.Columns = append(s.Columns, score.Column{
			Table: "public.wide", Column: fmt.Sprintf("c%02d", i),
			Coverage: &score.Coverage{Values: 2, Found: 1, Weighted: 1 - float64(i)/100},
		})
	}
	var b bytes.Buffer
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Contains(text, "c29") || strings.Index(text, "c49") > strings.Index(text, "c30") ||
		!strings.Contains(text, "c30") {
		t.Errorf("not the worst first:\n%s", text)
	}
	if !strings.Contains(text, "30 more columns are in the JSON document\n") {
		t.Errorf("the rest is not told:\n%s", text)
	}
}

func TestScore_OfNothingIsShort(t *testing.T) {
	var b bytes.Buffer
	if err := (&score.Score{Database: "a", Subset: "b"}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := "b holds 0 of the 0 rows of a (target 0): " +
		"0.0 % off target, 0 above a table's target, 0 dangling, 0 of them not in the source" + `
fan-out: not measured
shape of fan-out: not measured
position bias: not measured
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// narrow is a terminal of so many columns.
type narrow struct {
	io.Writer
	columns int
}

func (n narrow) Columns() int { return n.columns }

// The score of a database with long names is the widest answer of all.
func TestScoreWriteText_KeepsWithinATerminal(t *testing.T) {
	long := "public.payment_p2022_01.payment_p2022_01_customer_id_fkey"
	s := &score.Score{
		Database: "pagila", Subset: "sub",
		Tables: []score.Table{{Schema: "public", Name: "payment_p2022_01", Source: 16049, Target: 544, Rows: 544}},
		Keys:   []score.Key{{Name: long}, {Name: "public.store.store_address_id_fkey"}},
	}
	s.Summary.Fanout = score.Extremes{Measured: 35, Median: 0.442, Beyond: 13, Worst: 0.977, At: long}
	var wide, narrowed strings.Builder
	if err := s.WriteText(&wide); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteText(narrow{&narrowed, 80}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(narrowed.String()) {
		if n := len(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	want := "\n" + `foreign key                                                fan-out  shape
    mean: source  subset  implied  childless: source  subset  implied  dangling
` + long + "  -        -\n"
	if !strings.Contains(narrowed.String(), want) {
		t.Errorf("got\n%s\nwant in it\n%s", narrowed.String(), want)
	}
	if got, want := strings.Fields(narrowed.String()), strings.Fields(wide.String()); !slices.Equal(got, want) {
		t.Errorf("words %q, in one line each %q", got, want)
	}
}
