package sweep

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision"
)

// What is of a preview is one thing, or two where a run that was killed has left
// a generation beside the one that serves; and what serves is no orphan.
func TestHeldOf_TellsWhatServesFromWhatWasLeft(t *testing.T) {
	const left = "a run that was killed left it"
	whole := func(orphan string) Held {
		return Held{
			Kind: Preview, ID: "shop-pr-3", Preview: "shop-pr-3", Repository: shop, PullRequest: 3,
			Expires: noon.Add(time.Hour),
			Orphan:  orphan,
		}
	}
	of := func(generation int, h Held) Held { h.Generation = generation; return h }
	for name, c := range map[string]struct {
		state      provision.State
		generation int
		stale      []int
		want       []Held
	}{
		"running":            {provision.Serving, 2, nil, []Held{of(2, whole(""))}},
		"the first":          {provision.Serving, 1, nil, []Held{of(1, whole(""))}},
		"stopped":            {provision.Asleep, 2, nil, []Held{of(2, whole(""))}},
		"kept for a look":    {provision.Incomplete, 1, nil, []Held{of(1, whole(""))}},
		"half removed":       {provision.Incomplete, 0, nil, []Held{whole("what a run left that was killed")}},
		"begun and not made": {provision.Incomplete, 1, []int{1}, []Held{of(1, whole(left))}},
		"one beside it": {provision.Serving, 1, []int{2}, []Held{
			of(1, whole("")),
			of(1, with(whole(left+" beside generation 1, which serves"), func(h *Held) { h.Kind = Generation })),
		}},
	} {
		got := heldOf(provision.Status{
			Preview: provision.Preview{ID: "shop-pr-3", Repository: shop, PullRequest: 3},
			State:   c.state, Generation: c.generation, Stale: c.stale, Expires: noon.Add(time.Hour),
		})
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(Held{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Another run at work on a thing is no failure of this one; all else is.
func TestBusyIfLocked_KnowsALockOnly(t *testing.T) {
	broken := errors.New("the engine is away")
	locked := fmt.Errorf("down: %w", &provision.LockedError{})
	if err := busyIfLocked(locked); !errors.Is(err, ErrBusy) || !errors.Is(err, locked) {
		t.Errorf("of a lock: %v", err)
	}
	if err := busyIfLocked(broken); errors.Is(err, ErrBusy) || !errors.Is(err, broken) {
		t.Errorf("of a failure: %v", err)
	}
	if err := busyIfLocked(nil); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}
