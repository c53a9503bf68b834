package walk

import (
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Result says which rows are kept, and why. It is a value: nothing of it
// changes any more.
type Result struct {
	Rows   int64           // in all
	Tables []Tally         // by position in the plan's Tables
	Keys   []References    // by position in the plan's ForeignKeys
	Heaps  []*catalog.Heap // of the tables, in their order

	kept     *snapshot.RowSet
	number   map[uint32]int         // of a heap in it, by OID
	position map[*catalog.Table]int // in Tables
}

// Tally is how many rows of a table are kept.
type Tally struct {
	Sampled, Forced int64
	LookedUp        int64         // rows that were looked up one by one, kept or not
	By              map[int]int64 // forced rows, by the position of the foreign key in the plan
}

// Rows is how many are kept in all.
func (t *Tally) Rows() int64 { return t.Sampled + t.Forced }

// References is how many kept rows reference something by a foreign key, and how many
// of them something that the source lacks.
type References struct{ Rows, Dangling int64 }

func newResult(m *memory) *Result {
	r := &Result{Rows: m.kept.N, kept: m.kept, number: map[uint32]int{}, position: map[*catalog.Table]int{}}
	for _, t := range m.tables {
		r.position[t.Table] = t.position
		r.Tables = append(r.Tables, t.tally)
	}
	for _, h := range m.heaps {
		r.number[h.OID] = h.number
		r.Heaps = append(r.Heaps, h.Heap)
	}
	for _, fk := range m.foreignKeys {
		r.Keys = append(r.Keys, fk.references)
	}
	return r
}

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
