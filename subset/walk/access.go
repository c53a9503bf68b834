package walk

import "github.com/offshoot-dev/offshoot/subset/plan"

// How rows are read may differ from source to source, which rows are asked
// for may not: each way answers the same.

// access is what decides how rows of a heap are read.
func (s *schema) access(h *heap) plan.Access { return plan.Access{Pace: s.plan.Pace, Read: h.wasRead} }

// reads notes that a whole heap is read, from which on it is in the server's
// memory, as long as that holds all that was.
func (s *schema) reads(h *heap) {
	if h.wasRead || !s.plan.Pace.Holds(s.pagesRead+h.Pages) {
		return
	}
	h.wasRead = true
	s.pagesRead += h.Pages
}

// rows is how many rows the heap is taken to hold.
func (h *heap) rows() int64 { return h.table.Portion(h.Heap, h.table.Rows) }
