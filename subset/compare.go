package subset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// What makes the difference between plan and outcome worth naming a table.
const (
	astray     = 1.5 // times too many or too few
	astrayRows = 50  // in a table of at least so many
)

// comparison says in one line what the plan expected, and of which tables it
// was wrong. It is empty for a report without a plan.
func (r *Report) comparison() string {
	if r.Expected == (plan.Expected{}) {
		return ""
	}
	line := fmt.Sprintf("the plan expected %s rows, %s, in %s; it came to %s rows, %s, in %s",
		document.Number(r.Expected.Rows), document.Size(r.Expected.Bytes),
		document.Duration(r.Expected.Seconds), document.Number(r.Rows), document.Size(r.Bytes),
		document.Duration(r.Seconds))
	if wrong := r.wrong(); len(wrong) > 0 {
		line += "; it was most wrong about " + strings.Join(wrong, ", ")
	}
	return line
}

// wrong names the tables that hold other than expected, at most three, the
// widest off first.
func (r *Report) wrong() []string {
	const most = 3
	var tables []*TableReport
	for i := range r.Tables {
		t := &r.Tables[i]
		if max(t.Rows, t.Expected.Rows) >= astrayRows && t.apart() > astray {
			tables = append(tables, t)
		}
	}
	slices.SortStableFunc(tables, func(a, b *TableReport) int { return cmp.Compare(b.apart(), a.apart()) })
	var named []string
	for _, t := range tables[:min(len(tables), most)] {
		named = append(named,
			fmt.Sprintf("%s.%s (%s for %s)", t.Schema, t.Name, document.Number(t.Expected.Rows),
				document.Number(t.Rows)))
	}
	return named
}

// apart is how many times more or fewer rows were kept than expected.
func (t *TableReport) apart() float64 {
	return float64(max(t.Rows, t.Expected.Rows)) / float64(max(min(t.Rows, t.Expected.Rows), 1))
}
