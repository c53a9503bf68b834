package plan

import (
	"math"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// How rows are read is decided by pages, by what the source is: that decides
// how long a run takes, never which rows it keeps.

// What a server takes for what is in its memory. Each connection is a process
// that has to map a page before it sees it, most for one without neighbours.
const (
	scannedSeconds = 0.35e-6 // a row of a scan, compared with hashed keys
	stepSeconds    = 5e-6    // down an index, to a row
	apartSeconds   = 30e-6   // a page that lies apart
	besideSeconds  = 8e-6    // a page that follows another
)

const (
	// leafEntries is how many rows a page of an index points to.
	leafEntries = 300

	// MostHashed is how many keys one scan compares with: they stay in the
	// memory that a statement may take.
	MostHashed = 500_000
)

// Access is how rows are read: by an index, or all in order, of which those
// are picked that have one of some keys.
type Access struct {
	Pace catalog.Pace
	Read bool // the heap was read before, and is in memory since
}

// Scans reports whether children of so many parents, a share of theirs, are
// found for less by reading all of one heap than by the index of a key.
func (a Access) Scans(h *catalog.Heap, rows int64, k *catalog.ForeignKey, parents int64, share float64) bool {
	if !k.Indexed {
		return true
	}
	steps, children := float64(parents), share*float64(rows)
	found := steps * (1 - math.Exp(-children/max(steps, 1))) // parents with children
	near := h.Statistics[k.ChildColumns[0]].Correlation
	near *= near
	pages := touched(float64(h.Pages), near*found+(1-near)*children)
	return a.scan(h, rows) < a.steps(pages, float64(rows), steps, children)
}

// ScansForKeys reports whether so many rows of a heap are found for less by
// reading all of it than by the index of their key.
func (a Access) ScansForKeys(h *catalog.Heap, rows, keys int64) bool {
	n := float64(keys)
	return a.scan(h, rows) < a.steps(touched(float64(h.Pages), n), float64(rows), n, n)
}

// scan is the time to read a whole heap and pick rows.
func (a Access) scan(h *catalog.Heap, rows int64) float64 {
	page := besideSeconds
	if !a.Read {
		page += a.Pace.BesideSeconds()
	}
	return float64(h.Pages)*page + float64(rows)*scannedSeconds
}

// steps is the time to go down an index of so many rows and on to pages of
// their heap.
func (a Access) steps(pages, rows, steps, found float64) float64 {
	apart := apartSeconds + a.Pace.ApartSeconds()
	leaves := touched(rows/leafEntries, steps)
	if a.Read {
		return leaves*apart + pages*apartSeconds + (steps+found)/2*stepSeconds
	}
	return (leaves+pages)*apart + (steps+found)/2*stepSeconds
}

// touched is how many of some pages hold so many rows that lie anywhere.
// https://en.wikipedia.org/wiki/Occupancy_problem
func touched(pages, rows float64) float64 {
	if pages <= 0 {
		return 0
	}
	return pages * -math.Expm1(-rows/pages)
}
