package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRun_RemovesWhatIsMarkedAndNothingElse(t *testing.T) {
	place := &memory{held: []Held{
		preview(1), preview(2), with(preview(3), expired), preview(0),
		with(preview(4), orphaned),
	}}
	var told []string
	result, err := run(t, Sweep{
		Places: []Place{place}, Pulls: &forge{open: []int{1, 3, 4}},
		After: func(_ context.Context, r Removal) error { told = append(told, r.ID); return nil },
	})
	want := []string{"shop-pr-2", "shop-pr-3", "shop-pr-4"}
	if diff := cmp.Diff([][]string{want, want, want},
		[][]string{place.removed, ids(result.Removed), told}); diff != "" || err != nil || result.Plan.Kept != 2 {
		t.Errorf("%v, kept %d\n%s", err, result.Plan.Kept, diff)
	}
}

func TestRun_WithoutAForgeRemovesWhatExpiredOnly(t *testing.T) {
	place := &memory{held: []Held{preview(1), with(preview(2), expired)}}
	result, err := run(t, Sweep{Places: []Place{place}})
	if err != nil || !slices.Equal(place.removed, []string{"shop-pr-2"}) || !result.Plan.Unchecked {
		t.Errorf("removed %q, %v, %+v", place.removed, err, result.Plan)
	}
}

func TestRun_AFailedListOfPullRequestsClosesNothing(t *testing.T) {
	place := &memory{held: []Held{preview(1), with(preview(2), expired)}}
	_, err := run(t,
		Sweep{Places: []Place{place}, Pulls: &forge{lists: []int{}, broken: errors.New("502 Bad Gateway")}})
	if err == nil || !strings.Contains(err.Error(), "list the open pull requests: 502") ||
		!slices.Equal(place.removed, []string{"shop-pr-2"}) {
		t.Errorf("removed %q, %v", place.removed, err)
	}
}

// An empty list is what a token without rights sees, and what a forge with a
// bad day says. Each pull request has to say itself that it is closed.
func TestRun_AnEmptyListNeedsTheWordOfEachPullRequest(t *testing.T) {
	for name, c := range map[string]struct {
		forge   forge
		removed []string
		says    string
	}{
		"they are closed": {forge{lists: []int{}, open: nil}, []string{"shop-pr-1", "shop-pr-2"}, ""},
		"they are open": {
			forge{lists: []int{}, open: []int{1, 2}},
			nil,
			"lacks 1, which is open: nothing is removed by it",
		},
		"they are not to be seen": {
			forge{lists: []int{}, unknown: []int{1, 2}},
			nil,
			"ask for pull request 1: not found",
		},
		"one page is missing": {forge{lists: []int{1}, open: []int{1, 2}}, nil, "lacks 2, which is open"},
	} {
		place := &memory{held: []Held{preview(1), preview(2)}}
		result, err := run(t, Sweep{Places: []Place{place}, Pulls: &c.forge})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) ||
			!slices.Equal(place.removed, c.removed) {
			t.Errorf("%s: removed %q, %v", name, place.removed, err)
		}
		if len(result.Removed)+len(result.Spared) != len(result.Plan.Remove) {
			t.Errorf("%s: %+v", name, result)
		}
	}
}

func TestRun_StopsBelievingAListThatIsOnceWrong(t *testing.T) {
	f := &forge{lists: []int{}, open: []int{1}}
	place := &memory{held: []Held{preview(1), preview(2), preview(3), with(preview(4), expired)}}
	_, err := run(t, Sweep{Places: []Place{place}, Pulls: f})
	if err == nil || !slices.Equal(place.removed, []string{"shop-pr-4"}) || f.calls != 2 {
		t.Errorf("removed %q after %d calls, %v", place.removed, f.calls, err)
	}
}

func TestRun_LooksAgainBeforeItRemoves(t *testing.T) {
	for name, c := range map[string]struct {
		held    Held
		meant   func(place *memory, f *forge)
		removed bool
		why     string
	}{
		"still so": {preview(2), func(*memory, *forge) {}, true, ""},
		"updated": {
			preview(2), func(p *memory, _ *forge) { p.held[0].Generation = 2 }, false,
			"updated meanwhile",
		},
		"extended": {
			with(preview(2), expired),
			func(p *memory, _ *forge) { p.held[0].Expires = noon.Add(time.Hour) }, false, "updated meanwhile",
		},
		"not an orphan": {
			with(preview(2), orphaned), func(p *memory, _ *forge) { p.held[0].Orphan = "" }, false,
			"needed again",
		},
		"gone":     {preview(2), func(p *memory, _ *forge) { p.held = nil }, false, "gone already"},
		"reopened": {preview(2), func(_ *memory, f *forge) { f.open = []int{2} }, false, "which is open"},
		"a run is at work": {
			preview(2), func(p *memory, _ *forge) { p.busy = []string{"shop-pr-2"} }, false,
			"another run is at work on it",
		},
		"cannot be removed": {
			preview(2), func(p *memory, _ *forge) { p.stuck = []string{"shop-pr-2"} }, false,
			"device busy",
		},
		"expired and closed": {with(preview(2), expired), func(_ *memory, f *forge) { f.open = []int{2} }, true, ""},
	} {
		place, f := &memory{held: []Held{c.held}}, &forge{lists: []int{7}}
		place.before = func(string) { c.meant(place, f) }
		result, err := run(t, Sweep{Places: []Place{place}, Pulls: f})
		if c.removed != (len(place.removed) == 1) {
			t.Errorf("%s: removed %q, %v", name, place.removed, err)
		}
		if !c.removed && (len(result.Spared) != 1 || !strings.Contains(result.Spared[0].Why, c.why)) {
			t.Errorf("%s: spared %+v", name, result.Spared)
		}
		if failed := c.why == "which is open" || c.why == "device busy"; failed != (err != nil) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRun_WhatIsRemovedIsNotSparedWhereItCannotBeSaid(t *testing.T) {
	m := &memory{held: []Held{preview(1), preview(2)}}
	result, err := run(t, Sweep{
		Places: []Place{m}, Pulls: &forge{},
		After: func(_ context.Context, r Removal) error { return errors.New("answer 403") },
	})
	if err == nil || !strings.Contains(err.Error(), "preview shop-pr-1 is removed, but: answer 403") {
		t.Errorf("error %v", err)
	}
	if len(result.Removed) != 2 || len(result.Spared) != 0 || len(m.removed) != 2 {
		t.Errorf("%+v, removed %q", result, m.removed)
	}
}

func TestRun_GoesOnAfterAPlaceOrARemovalThatFails(t *testing.T) {
	broken := &memory{broken: errors.New("engine is down")}
	place := &memory{held: []Held{with(preview(1), expired), with(preview(2), expired)}, stuck: []string{"shop-pr-1"}}
	result, err := run(t, Sweep{Places: []Place{broken, place}, Pulls: &forge{}})
	if err == nil || !strings.Contains(err.Error(), "engine is down") ||
		!strings.Contains(err.Error(), "preview shop-pr-1: device busy") {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(ids(result.Removed), []string{"shop-pr-2"}) {
		t.Errorf("removed %q", ids(result.Removed))
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	place := &memory{held: []Held{with(preview(1), expired), with(preview(2), expired)}}
	place.before = func(string) { cancel() }
	s := Sweep{Places: []Place{place}, Now: func() time.Time { return noon }}
	plan, err := s.Plan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(ctx, plan); !errors.Is(err, context.Canceled) || len(place.removed) > 1 {
		t.Errorf("removed %q, %v", place.removed, err)
	}
}

func TestPlan_AsksTheForgeOnlyWhereThereIsAPreviewOfAPullRequest(t *testing.T) {
	for want, held := range map[int][]Held{0: {preview(0)}, 1: {preview(0), preview(3)}} {
		f := &forge{open: []int{3}}
		s := Sweep{Places: []Place{&memory{held: held}}, Pulls: f}
		if _, err := s.Plan(t.Context()); err != nil || f.calls != want {
			t.Errorf("%d calls, want %d, %v", f.calls, want, err)
		}
	}
}

// Whatever lists and answers say, and however the world goes on: what belongs
// to an open pull request and has not expired is never removed, and without
// faults all else is.
func TestRun_NeverRemovesWhatIsNeeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		open := rapid.SliceOfNDistinct(rapid.IntRange(1, 12), 0, 8, rapid.ID[int]).Draw(t, "open")
		f := &forge{open: slices.Clone(open)}
		faults := rapid.Bool().Draw(t, "faults")
		if faults {
			f.lists = append([]int{}, open[:rapid.IntRange(0, len(open)).Draw(t, "listed")]...)
			f.unknown = rapid.SliceOf(rapid.IntRange(1, 12)).Draw(t, "unknown")
			if rapid.Bool().Draw(t, "broken") {
				f.broken = errors.New("502")
			}
		}
		place := &memory{}
		needed := map[string]bool{}
		for n := range 13 {
			h := preview(n)
			if rapid.Bool().Draw(t, "expired") {
				expired(&h)
			}
			place.held = append(place.held, h)
			needed[h.ID] = h.Expires.After(noon) && (n == 0 || slices.Contains(open, n))
		}
		s := Sweep{Places: []Place{place}, Pulls: f, Repository: shop, Now: func() time.Time { return noon }}
		for range 2 { // twice is once
			plan, _ := s.Plan(t.Context())
			_, err := s.Run(t.Context(), plan)
			if err != nil && !faults {
				t.Fatal(err)
			}
		}
		for _, id := range place.removed {
			if needed[id] {
				t.Fatalf("%s was removed", id)
			}
		}
		if left := len(place.held); !faults && left != count(needed) {
			t.Fatalf("%d are left, %d are needed", left, count(needed))
		}
	})
}

func count(set map[string]bool) int {
	n := 0
	for _, in := range set {
		if in {
			n++
		}
	}
	return n
}
