package sweep

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Machines is the place of the machines of a provider.
type Machines struct {
	Provider machine.Provider
	Number   string // as of an Engine
	// Remains lists what machines left behind that are gone; nil: nothing does.
	Remains func(ctx context.Context) ([]Remnant, error)
}

// Remnant is what outlived the machine that it was made for.
type Remnant struct {
	Kind    Kind
	ID      string
	Preview string
	Remove  func(ctx context.Context) error
}

// Held lists the machines of the repository, and what belongs to none.
func (m Machines) Held(ctx context.Context, repository string) ([]Held, error) {
	machines, err := machine.OfRepository(ctx, m.Provider, repository, m.Number)
	if err != nil {
		return nil, err
	}
	var held []Held
	for _, one := range machines {
		if one.State != machine.Ending {
			held = append(held, heldMachine(one))
		}
	}
	remains, err := m.remains(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range remains {
		held = append(held, Held{Kind: r.Kind, ID: r.ID, Preview: r.Preview, Orphan: "no machine has it"})
	}
	return held, nil
}

func (m Machines) remains(ctx context.Context) ([]Remnant, error) {
	if m.Remains == nil {
		return nil, nil
	}
	return m.Remains(ctx)
}

// numbered matches the id of a pull request's preview: that of a branch never
// looks like it.
var numbered = regexp.MustCompile(`-pr-([0-9]+)$`)

func heldMachine(one machine.Machine) Held {
	h := Held{
		Kind: Machine, ID: one.ID, Preview: one.Preview, Repository: one.Repository, Created: one.Created,
		Expires: one.Expires,
	}
	if m := numbered.FindStringSubmatch(one.Preview); m != nil {
		h.PullRequest, _ = strconv.Atoi(m[1])
	}
	return h
}

// Again lists the machine, or the remains, once more.
func (m Machines) Again(ctx context.Context, h Held) (Held, error) {
	held, err := m.Held(ctx, h.Repository)
	if err != nil {
		return h, err
	}
	return among(held, h)
}

// RemoveAll destroys machines together where the provider can.
func (m Machines) RemoveAll(ctx context.Context, held []Held) []error {
	errs := make([]error, len(held))
	var ids []string
	var at []int
	remains := sync.OnceValues(func() ([]Remnant, error) { return m.remains(ctx) })
	for i, h := range held {
		if h.Kind == Machine {
			ids, at = append(ids, h.ID), append(at, i)
			continue
		}
		errs[i] = removeRemnant(ctx, remains, h)
	}
	for n, err := range machine.DestroyAll(ctx, m.Provider, ids) {
		errs[at[n]] = err
	}
	return errs
}

// Remove destroys the machine, or removes the remains.
func (m Machines) Remove(ctx context.Context, h Held) error { return m.RemoveAll(ctx, []Held{h})[0] }

func removeRemnant(ctx context.Context, remains func() ([]Remnant, error), h Held) error {
	list, err := remains()
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Kind == h.Kind && r.ID == h.ID {
			return r.Remove(ctx)
		}
	}
	return fmt.Errorf("remove %s: %w", h.ID, ErrGone)
}
