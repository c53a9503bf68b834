package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const shop = "github.com/acme/shop"

// memory is a place of things in memory.
type memory struct {
	held    []Held
	broken  error // of a list
	busy    []string
	stuck   []string // cannot be removed
	removed []string
	// before is called before a thing is read again: the world goes on.
	before func(id string)
}

func (m *memory) Held(context.Context, string) ([]Held, error) {
	if m.broken != nil {
		return nil, m.broken
	}
	return slices.Clone(m.held), nil
}

func (m *memory) find(h Held) int {
	return slices.IndexFunc(m.held, func(o Held) bool { return o.Kind == h.Kind && o.ID == h.ID })
}

func (m *memory) Again(_ context.Context, h Held) (Held, error) {
	if m.before != nil {
		m.before(h.ID)
	}
	i := m.find(h)
	if i < 0 {
		return h, ErrGone
	}
	return m.held[i], nil
}

func (m *memory) Remove(_ context.Context, h Held) error {
	i := m.find(h)
	switch {
	case i < 0:
		return ErrGone
	case slices.Contains(m.busy, h.ID):
		return fmt.Errorf("%w: pid 7", ErrBusy)
	case slices.Contains(m.stuck, h.ID):
		return errors.New("device busy")
	}
	m.held = slices.Delete(m.held, i, i+1)
	m.removed = append(m.removed, h.ID)
	return nil
}

// forge is the pull requests of a repository in memory.
type forge struct {
	open    []int
	lists   []int // what the list says instead; nil: open
	broken  error // of the list
	unknown []int // not to be asked for one by one
	calls   int
}

func (f *forge) Open(context.Context) ([]int, error) {
	f.calls++
	if f.lists != nil {
		return f.lists, f.broken
	}
	return f.open, f.broken
}

func (f *forge) IsOpen(_ context.Context, n int) (bool, error) {
	f.calls++
	if slices.Contains(f.unknown, n) {
		return false, errors.New("not found")
	}
	return slices.Contains(f.open, n), nil
}

// preview is one of a pull request, or of a branch for 0, that lives on.
func preview(pull int) Held {
	id := fmt.Sprintf("shop-pr-%d", pull)
	if pull == 0 {
		id = "shop-feature"
	}
	return Held{
		Kind: Preview, ID: id, Preview: id, Repository: shop, PullRequest: pull, Generation: 1,
		Expires: noon.Add(time.Hour),
	}
}

func with(h Held, change func(*Held)) Held {
	change(&h)
	return h
}

func expired(h *Held)  { h.Expires = noon.Add(-time.Minute) }
func forever(h *Held)  { h.Expires = time.Time{} }
func orphaned(h *Held) { h.Orphan = "a run that was killed left it" }

// run plans and runs a sweep at noon.
func run(t *testing.T, s Sweep) (Result, error) {
	t.Helper()
	s.Repository, s.Now = shop, func() time.Time { return noon }
	plan, listing := s.Plan(t.Context())
	result, err := s.Run(t.Context(), plan)
	return result, errors.Join(listing, err)
}

func ids(removals []Removal) []string {
	var found []string
	for _, r := range removals {
		found = append(found, r.ID)
	}
	return found
}
