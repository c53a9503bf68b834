package subset

import (
	"fmt"
	"io"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// WriteMermaid draws what was kept for a page that renders Mermaid, such as a
// pull request.
func (r *Report) WriteMermaid(w io.Writer) error { return r.drawing().WriteMermaid(w) }

// WriteDOT draws what was kept for Graphviz.
func (r *Report) WriteDOT(w io.Writer) error { return r.drawing().WriteDOT(w) }

func (r *Report) drawing() *plan.Drawing {
	d := &plan.Drawing{Title: fmt.Sprintf("%s: kept %s of %s rows", r.Database, document.Number(r.Rows),
		document.Number(r.SourceRows))}
	forced := map[string]int64{}
	for i := range r.Tables {
		t := &r.Tables[i]
		d.Tables = append(d.Tables,
			plan.DrawnTable{
				Schema: t.Schema, Name: t.Name, Kept: t.Rows, Of: t.Source, Target: t.Target,
				Estimated: t.Estimated,
			})
		for _, f := range t.ForcedBy {
			forced[f.Key] += f.Rows
		}
	}
	for i := range r.Keys {
		k := &r.Keys[i]
		d.Connect(k.ChildTable, k.ParentTable,
			plan.Arrow{Names: []string{k.Name}, Columns: k.Columns, Forced: forced[k.Name], Loose: !k.Validated})
	}
	return d
}
