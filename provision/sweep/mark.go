package sweep

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Reason is why a thing is to go.
type Reason string

// The reasons.
const (
	Expired  Reason = "expired"
	Closed   Reason = "closed" // its pull request is not open
	Orphaned Reason = "orphaned"
	Surplus  Reason = "surplus" // of what may be kept up to a size
)

// Removal is one thing to remove, and why.
type Removal struct {
	Held
	Reason Reason `json:"reason"`
	Text   string `json:"text"` // the reason in words
}

// Plan is what a sweep would do.
type Plan struct {
	Remove []Removal `json:"remove"`
	Kept   int       `json:"kept"` // how many things stay
	// Unchecked says that nobody asked which pull requests are open.
	Unchecked bool `json:"unchecked,omitempty"`
}

// Open is the set of open pull requests.
type Open map[int]bool

// Mark decides what to remove at a time. Without open, when the pull requests
// are not known, only what has expired and what belongs to nothing is marked.
func Mark(now time.Time, held []Held, open *Open) Plan {
	plan := Plan{Remove: []Removal{}, Unchecked: open == nil}
	for _, h := range held {
		r, marked := mark(now, h, open)
		if !marked {
			plan.Kept++
			continue
		}
		plan.Remove = append(plan.Remove, r)
	}
	slices.SortStableFunc(plan.Remove, func(a, b Removal) int {
		return cmp.Or(cmp.Compare(order(a.Kind), order(b.Kind)), cmp.Compare(a.PullRequest, b.PullRequest),
			cmp.Compare(a.ID, b.ID))
	})
	return plan
}

func mark(now time.Time, h Held, open *Open) (Removal, bool) {
	switch {
	case h.Orphan != "":
		return Removal{Held: h, Reason: Orphaned, Text: h.Orphan}, true
	case h.Surplus != "":
		return Removal{Held: h, Reason: Surplus, Text: h.Surplus}, true
	case !h.Expires.IsZero() && !h.Expires.After(now):
		return Removal{
			Held: h, Reason: Expired,
			Text: "expired on " + h.Expires.UTC().Format("Mon, 2 Jan 2006 15:04 MST"),
		}, true
	case h.PullRequest > 0 && open != nil && !(*open)[h.PullRequest]:
		return Removal{Held: h, Reason: Closed, Text: fmt.Sprintf("pull request %d is not open", h.PullRequest)}, true
	}
	return Removal{}, false
}

// order lets a preview go before the machine that it runs on, and what all
// share last.
func order(k Kind) int {
	switch k {
	case Generation:
		return 0
	case Preview:
		return 1
	case Machine:
		return 2
	case Gateway:
		return 4
	case Image:
		return 5
	case BuildCache: // which has then what images had
		return 6
	}
	return 3
}
