package sweep

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// fleet is a provider of machines in memory.
type fleet struct {
	machines []machine.Machine
	broken   error
	ended    []string
}

func (f *fleet) Check(context.Context) error { return nil }
func (f *fleet) Stop(context.Context, string) error {
	return machine.ErrFixed
}

func (f *fleet) Ensure(context.Context, machine.Spec) (machine.Machine, error) {
	return machine.Machine{}, errors.New("a sweep makes nothing")
}

func (f *fleet) Connect(context.Context, machine.Machine) (host.Host, error) {
	return nil, errors.New("a sweep connects to nothing")
}

func (f *fleet) List(_ context.Context, filter machine.Filter) ([]machine.Machine, error) {
	if f.broken != nil {
		return nil, f.broken
	}
	return slices.DeleteFunc(slices.Clone(f.machines), func(m machine.Machine) bool { return !filter.Matches(m) }), nil
}

func (f *fleet) Destroy(_ context.Context, id string) error {
	f.ended = append(f.ended, id)
	f.machines = slices.DeleteFunc(f.machines, func(m machine.Machine) bool { return m.ID == id })
	return nil
}

func instance(id, preview string, expires time.Time, state machine.State) machine.Machine {
	return machine.Machine{ID: id, Preview: preview, Repository: shop, State: state, Created: noon.Add(-time.Hour), Expires: expires}
}

func TestMachines_GoWithTheirPullRequestOrTheirTime(t *testing.T) {
	later := noon.Add(time.Hour)
	f := &fleet{machines: []machine.Machine{
		instance("i-open", "shop-pr-1", later, machine.Running),
		instance("i-closed", "shop-pr-2", later, machine.Running),
		instance("i-stopped", "shop-pr-3", later, machine.Stopped),
		instance("i-expired", "shop-pr-1", noon.Add(-time.Minute), machine.Running),
		instance("i-ending", "shop-pr-2", later, machine.Ending),
		instance("i-branch", "shop-pr-2-1a2b3c4d", later, machine.Running), // of a branch called pr-2
		{ID: "i-other", Preview: "shop-pr-2", Repository: "github.com/acme/other", State: machine.Running, Expires: noon.Add(-time.Hour)},
	}}
	result, err := run(t, Sweep{Places: []Place{Machines{Provider: f}}, Pulls: &forge{open: []int{1}}})
	if diff := cmp.Diff([]string{"i-expired", "i-closed", "i-stopped"}, f.ended); diff != "" || err != nil || len(result.Spared) > 0 {
		t.Errorf("%v, spared %+v\n%s", err, result.Spared, diff)
	}
}

func TestMachines_RemainsGoThatNoMachineHas(t *testing.T) {
	var removed []string
	there := []Remnant{{Kind: "volume", ID: "vol-1", Preview: "shop-pr-1"}, {Kind: "interface", ID: "eni-1", Preview: "shop-pr-1"}}
	for i := range there {
		there[i].Remove = func(context.Context) error { removed = append(removed, there[i].ID); return nil }
	}
	looks := 0
	place := Machines{Provider: &fleet{}, Remains: func(context.Context) ([]Remnant, error) {
		if looks++; looks > 3 { // the other is gone meanwhile
			return nil, nil
		}
		return there, nil
	}}
	result, err := run(t, Sweep{Places: []Place{place}})
	if err != nil || !slices.Equal(removed, []string{"eni-1"}) && !slices.Equal(removed, []string{"vol-1"}) || len(result.Removed)+len(result.Spared) != 2 {
		t.Errorf("removed %q, %v, %+v", removed, err, result)
	}
}

func TestMachines_WhatTheyShareGoesWithTheLast(t *testing.T) {
	for kept, want := range map[string]int{"": 2, "i-open": 1} {
		f := &fleet{machines: []machine.Machine{instance("i-closed", "shop-pr-2", noon.Add(time.Hour), machine.Running)}}
		if kept != "" {
			f.machines = append(f.machines, instance(kept, "shop-pr-1", noon.Add(time.Hour), machine.Running))
		}
		group := Remnant{Kind: "security group", ID: "sg-1", Remove: func(context.Context) error { return nil }}
		place := Machines{Provider: f, Remains: func(context.Context) ([]Remnant, error) {
			if len(f.machines) > 0 {
				return nil, nil
			}
			return []Remnant{group}, nil
		}}
		pulls := &forge{open: []int{1}}
		result, err := run(t, Sweep{Places: []Place{place}, Pulls: pulls})
		if err != nil || len(result.Removed) != want || len(result.Spared) > 0 || len(result.Plan.Remove) != 1 {
			t.Errorf("beside %q: %v, %+v", kept, err, result)
		}
	}
}

func TestMachines_AListThatFailsIsNoEmptyOne(t *testing.T) {
	broken := errors.New("RequestLimitExceeded")
	for name, place := range map[string]Machines{
		"machines": {Provider: &fleet{broken: broken}},
		"remains":  {Provider: &fleet{}, Remains: func(context.Context) ([]Remnant, error) { return nil, broken }},
	} {
		held, err := place.Held(t.Context(), shop)
		if !errors.Is(err, broken) || len(held) > 0 {
			t.Errorf("%s: %v, %v", name, held, err)
		}
		if _, err := place.Again(t.Context(), Held{Kind: Machine, ID: "i-1"}); !errors.Is(err, broken) {
			t.Errorf("%s: again: %v", name, err)
		}
	}
}
