package subset

import (
	"io"
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
		{
			Schema: "public", Name: "orders", Source: 12869, Target: 466, Rows: 649, Sampled: 233, Forced: 416,
			Bytes: 60211, ForcedBy: []Force{{Key: "public.order_lines.order_lines_order_id_fkey", Rows: 389}},
		},
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
