package walk

import (
	"context"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Result says which rows are kept, and why. It is a value: nothing of it
// changes any more.
type Result struct {
	Rows   int64           // in all
	Tables []Tally         // by position in the plan's Tables
	Keys   []Tie           // by position in the plan's ForeignKeys
	Heaps  []*catalog.Heap // of the tables, in their order

	kept     *snapshot.RowSet
	number   map[uint32]int // of a heap, by OID
	position map[*catalog.Table]int
}

// Tally is how many rows of a table are kept.
type Tally struct {
	Sampled, Forced int64
	By              map[int]int64 // forced rows, by the position of the foreign key in the plan
}

// Rows is how many are kept in all.
func (t *Tally) Rows() int64 { return t.Sampled + t.Forced }

// Tie is how many kept rows reference something by a foreign key, and how many
// of them something that the source lacks.
type Tie struct{ Rows, Dangling int64 }

// Table returns the tally of a table of the plan.
func (r *Result) Table(t *catalog.Table) *Tally { return &r.Tables[r.position[t]] }

// Of returns the kept rows of a heap sorted by place, none where its table is
// not in the plan.
func (r *Result) Of(h *catalog.Heap) []snapshot.Row {
	n, planned := r.number[h.OID]
	if !planned {
		return nil
	}
	return r.kept.Of(n)
}

// Observe is told how many rows of a table are kept so far; done says that no
// more will come.
type Observe func(t *plan.TablePlan, rows int64, done bool)

// Run chooses the rows of a plan that was made of the snapshot. observe is
// called from one goroutine.
func Run(ctx context.Context, s *snapshot.Snapshot, p *plan.Plan, observe Observe) (*Result, error) {
	w, err := newWalk(s, p, observe)
	if err != nil {
		return nil, err
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	position := map[*catalog.Table]int{}
	for i := range p.Tables {
		position[p.Tables[i].Table] = i
	}
	return &Result{Rows: w.kept.N, Tables: w.tallies, Keys: w.keyTally, Heaps: w.heaps, kept: w.kept, number: w.number, position: position}, nil
}
