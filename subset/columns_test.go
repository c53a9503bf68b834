package subset

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// narrow is a terminal of so many columns.
type narrow struct {
	io.Writer
	columns int
}

func (n narrow) Columns() int { return n.columns }

func TestWriteText_FitsTheTerminal(t *testing.T) {
	r := &Report{Database: "shop", Tables: []TableReport{
		{Schema: "public", Name: "orders", Source: 12869, Target: 466, Rows: 649, Sampled: 233, Forced: 416, Bytes: 60211, ForcedBy: []Force{{Key: "public.order_lines.order_lines_order_id_fkey", Rows: 389}}},
		{Schema: "public", Name: "events", Source: 24000, Target: 722, Rows: 722, Sampled: 722, Bytes: 56729},
	}}
	var b strings.Builder
	if err := r.WriteText(narrow{&b, 80}); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(b.String(), "\n\n")
	want := `table          rows    target  kept  sampled  forced  bytes
    forced by
public.orders  12,869  466     649   233      416     60.2 kB
    public.order_lines.order_lines_order_id_fkey (389)
public.events  24,000  722     722   722      0       56.7 kB
`
	if diff := cmp.Diff(want, table); diff != "" {
		t.Error(diff)
	}
}

// The score of a database with long names is the widest answer of all.
func TestScoreWriteText_KeepsWithinATerminal(t *testing.T) {
	long := "public.payment_p2022_01.payment_p2022_01_customer_id_fkey"
	s := &Score{
		Database: "pagila", Subset: "sub",
		Tables: []TableScore{{Schema: "public", Name: "payment_p2022_01", Source: 16049, Target: 544, Rows: 544}},
		Keys:   []KeyScore{{Name: long}, {Name: "public.store.store_address_id_fkey"}},
	}
	s.Summary.Fanout = Extremes{Measured: 35, Median: 0.442, Beyond: 13, Worst: 0.977, At: long}
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
