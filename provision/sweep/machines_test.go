package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	return machine.Machine{
		ID: id, Preview: preview, Repository: shop, State: state, Created: noon.Add(-time.Hour),
		Expires: expires,
	}
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
		{
			ID: "i-other", Preview: "shop-pr-2", Repository: "github.com/acme/other", State: machine.Running,
			Expires: noon.Add(-time.Hour),
		},
	}}
	result, err := run(t, Sweep{Places: []Place{Machines{Provider: f}}, Pulls: &forge{open: []int{1}}})
	if diff := cmp.Diff([]string{"i-expired", "i-closed", "i-stopped"}, f.ended); diff != "" || err != nil ||
		len(result.Spared) > 0 {
		t.Errorf("%v, spared %+v\n%s", err, result.Spared, diff)
	}
}

func TestMachines_AreFoundUnderEveryNameOfTheRepository(t *testing.T) {
	const number = "api.github.com#1"
	later := noon.Add(time.Hour)
	of := func(id, repository, number string) machine.Machine {
		return machine.Machine{
			ID: id, Preview: "shop-pr-2", Repository: repository, Number: number,
			State: machine.Running, Expires: later,
		}
	}
	f := &fleet{machines: []machine.Machine{
		of("i-new", shop, number), of("i-old", "github.com/acme/old", number), of("i-unknown", shop, ""),
		of("i-taker", shop, "api.github.com#2"), of("i-other", "github.com/acme/other", "api.github.com#2"),
	}}
	result, err := run(t, Sweep{Places: []Place{Machines{Provider: f, Number: number}}, Pulls: &forge{}})
	slices.Sort(f.ended)
	if diff := cmp.Diff([]string{"i-new", "i-old", "i-unknown"}, f.ended); diff != "" || err != nil ||
		len(result.Spared) > 0 {
		t.Errorf("%v, spared %+v\n%s", err, result.Spared, diff)
	}
}

func TestMachines_RemainsGoThatNoMachineHas(t *testing.T) {
	var removed []string
	there := []Remnant{
		{Kind: "volume", ID: "vol-1", Preview: "shop-pr-1"},
		{Kind: "interface", ID: "eni-1", Preview: "shop-pr-1"},
	}
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
	if err != nil || !slices.Equal(removed, []string{"eni-1"}) && !slices.Equal(removed, []string{"vol-1"}) ||
		len(result.Removed)+len(result.Spared) != 2 {
		t.Errorf("removed %q, %v, %+v", removed, err, result)
	}
}

func TestMachines_WhatTheyShareGoesWithTheLast(t *testing.T) {
	for kept, want := range map[string]int{"": 2, "i-open": 1} {
		f := &fleet{machines: []machine.Machine{instance("i-closed", "shop-pr-2", noon.Add(time.Hour),
			machine.Running)}}
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

// herd is a fleet whose machines are destroyed together.
type herd struct {
	*fleet
	calls, lists int
	stuck        string
}

func (h *herd) List(ctx context.Context, filter machine.Filter) ([]machine.Machine, error) {
	h.lists++
	return h.fleet.List(ctx, filter)
}

func (h *herd) DestroyAll(ctx context.Context, ids []string) []error {
	h.calls++
	errs := make([]error, len(ids))
	for i, id := range ids {
		if id == h.stuck {
			errs[i] = errors.New("it does not end")
			continue
		}
		errs[i] = h.Destroy(ctx, id)
	}
	return errs
}

func newHerd(closed int) *herd {
	h := &herd{fleet: &fleet{machines: []machine.Machine{instance("i-open", "shop-pr-1", noon.Add(time.Hour),
		machine.Running)}}}
	for n := range closed {
		h.machines = append(h.machines,
			instance(fmt.Sprintf("i-%d", n), fmt.Sprintf("shop-pr-%d", 100+n), noon.Add(time.Hour), machine.Running))
	}
	return h
}

func TestMachines_OfManyAreDestroyedTogether(t *testing.T) {
	h := newHerd(1000)
	h.stuck = "i-7"
	var told []string
	result, err := run(t, Sweep{
		Places: []Place{Machines{Provider: h}}, Pulls: &forge{open: []int{1}},
		After: func(_ context.Context, r Removal) error { told = append(told, r.ID); return nil },
	})
	if err == nil || !strings.Contains(err.Error(), "machine i-7: it does not end") || len(result.Removed) != 999 ||
		len(result.Spared) != 1 {
		t.Errorf("%v, %d removed, spared %+v", err, len(result.Removed), result.Spared)
	}
	if h.calls != 1 || h.lists > 3 || len(h.machines) != 2 || !slices.Equal(told, ids(result.Removed)) {
		t.Errorf("%d calls, %d lists, %d left, %d told", h.calls, h.lists, len(h.machines), len(told))
	}
}

// A list of pull requests that lacks an open one removes none of the machines,
// also none that was looked at before.
func TestMachines_StayWhenTheListIsOnceWrong(t *testing.T) {
	h := newHerd(9)
	pulls := &forge{open: []int{1, 105}, lists: []int{1}}
	result, err := run(t, Sweep{Places: []Place{Machines{Provider: h}}, Pulls: pulls})
	if err == nil || len(result.Removed) > 0 || len(result.Spared) != 9 || h.calls != 0 || len(h.machines) != 10 {
		t.Errorf("%v, %+v, %d calls", err, result, h.calls)
	}
}

func TestMachines_ThatChangedSinceTheListStay(t *testing.T) {
	h := newHerd(3)
	s := Sweep{
		Repository: shop, Places: []Place{Machines{Provider: h}}, Pulls: &forge{open: []int{1}},
		Now: func() time.Time { return noon },
	}
	plan, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.machines[1].Expires = noon.Add(48 * time.Hour)
	h.machines = slices.Delete(h.machines, 2, 3)
	result, err := s.Run(t.Context(), plan)
	if err != nil || len(result.Removed) != 1 || len(result.Spared) != 2 || !slices.Equal(h.ended, []string{"i-2"}) {
		t.Errorf("%v, %+v, ended %q", err, result, h.ended)
	}
	h = newHerd(3)
	s.Places = []Place{Machines{Provider: h}}
	plan, _ = s.Plan(t.Context())
	h.broken = errors.New("RequestLimitExceeded")
	if result, err := s.Run(t.Context(), plan); !errors.Is(err, h.broken) || len(result.Removed) > 0 ||
		len(h.ended) > 0 {
		t.Errorf("without a second look: %v, %+v", err, result)
	}
}

// asked tells of every question about a pull request.
type asked struct {
	*forge
	before func()
}

func (a asked) IsOpen(ctx context.Context, n int) (bool, error) {
	a.before()
	return a.forge.IsOpen(ctx, n)
}

func TestMachines_OneThatIsUpdatedWhileOthersAreAskedForStays(t *testing.T) {
	h := newHerd(3)
	pulls := asked{&forge{open: []int{1}}, func() { h.machines[1].Expires = noon.Add(48 * time.Hour) }}
	result, err := run(t, Sweep{Places: []Place{Machines{Provider: h}}, Pulls: pulls})
	if err != nil || len(result.Spared) != 1 || !slices.Equal(h.ended, []string{"i-1", "i-2"}) {
		t.Errorf("%v, %+v, ended %q", err, result, h.ended)
	}
}
