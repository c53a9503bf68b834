// Package sweep removes what nobody needs any more.
//
//	places ──Held──▶ ┐
//	forge ───Open──▶ ├─ Mark ─▶ Plan ──────────────▶ --dry-run
//	clock ─────────▶ ┘           └─ each: look again ─ still so? ─▶ Remove
//
// Mark decides and touches nothing. What it marks is read again right before
// it is removed: a list may be old, or short. Two sweeps may run at once.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind of what a sweep may remove.
type Kind string

// The kinds. A place may have others.
const (
	Preview    Kind = "preview"
	Generation Kind = "generation" // of a preview that serves: what a killed update left
	Gateway    Kind = "gateway"
	Machine    Kind = "machine"
	Image      Kind = "image"       // of no preview
	BuildCache Kind = "build cache" // of the engine's builder
)

// Held is one thing that offshoot made and that is still there.
type Held struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"` // tells it from its likes in its place

	Preview     string    `json:"preview,omitempty"` // the id of the preview that it belongs to
	Repository  string    `json:"repository,omitempty"`
	PullRequest int       `json:"pull_request,omitempty"` // 0: not of one
	Generation  int       `json:"generation,omitempty"`
	Created     time.Time `json:"created,omitzero"`
	Expires     time.Time `json:"expires,omitzero"` // zero: never

	// Orphan says why nothing needs it, whatever the pull requests are; empty:
	// it is in use as far as its place can tell.
	Orphan string `json:"orphan,omitempty"`
	// Surplus says that too much is kept of its likes, and of this one first.
	Surplus string `json:"surplus,omitempty"`

	place  Place
	number int // of the place
}

// A Place holds what a sweep may remove: the engine of this computer, or the
// machines of a provider. It tells only of what bears offshoot's labels.
type Place interface {
	// Held lists all that there is of a repository, and what belongs to none.
	// An error comes without a list, so that nobody takes half of it for all.
	Held(ctx context.Context, repository string) ([]Held, error)
	// Again reads one of them anew, or is ErrGone.
	Again(ctx context.Context, h Held) (Held, error)
	// Remove removes it; it is done when it is gone already. ErrBusy says that
	// another run is at work on it.
	Remove(ctx context.Context, h Held) error
}

// Many is a Place that removes many things for little more than one costs.
// They are looked at again together, by Held.
type Many interface {
	Place
	// RemoveAll is Remove for each of them. It returns an error or nil for
	// each, in their order.
	RemoveAll(ctx context.Context, held []Held) []error
}

// ErrGone says that there is no such thing any more.
var ErrGone = errors.New("gone already")

// ErrBusy says that another run is at work on a thing.
var ErrBusy = errors.New("another run is at work on it")

// Pulls are the pull requests of one repository.
type Pulls interface {
	// Open lists the numbers of all that are open: all of them or an error.
	Open(ctx context.Context) ([]int, error)
	// IsOpen asks for one. That the forge does not know it, or does not show
	// it, is an error.
	IsOpen(ctx context.Context, number int) (bool, error)
}

// Sweep is one run.
type Sweep struct {
	Repository string // as provision.Identify writes it
	Places     []Place
	Pulls      Pulls // nil: only what has expired, and what belongs to nothing
	Now        func() time.Time

	// After is told of each thing that was removed; nil: nobody is. It has the
	// chance to say so on the pull request; its error spares nothing.
	After func(ctx context.Context, r Removal) error
}

// Plan reads what there is and marks what to remove. It changes nothing. The
// error of a list that failed comes with a plan that does without it.
func (s Sweep) Plan(ctx context.Context) (Plan, error) {
	var errs []error
	var held []Held
	for n, place := range s.Places {
		found, err := place.Held(ctx, s.Repository)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, h := range found {
			h.place, h.number = place, n
			held = append(held, h)
		}
	}
	// After the previews: one that is opened in between is in this list.
	open, err := s.open(ctx, held)
	if err != nil {
		errs = append(errs, fmt.Errorf("list the open pull requests: %w", err))
	}
	return Mark(s.now(), held, open), errors.Join(errs...)
}

// open asks the forge only where there is a preview to ask for.
func (s Sweep) open(ctx context.Context, held []Held) (*Open, error) {
	if s.Pulls == nil {
		return nil, nil
	}
	for _, h := range held {
		if h.PullRequest == 0 {
			continue
		}
		numbers, err := s.Pulls.Open(ctx)
		if err != nil {
			return nil, err
		}
		open := Open{}
		for _, n := range numbers {
			open[n] = true
		}
		return &open, nil
	}
	return &Open{}, nil
}

func (s Sweep) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
