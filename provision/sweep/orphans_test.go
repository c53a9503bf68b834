package sweep

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// remnants are orphans in memory; one of them is there only once the machines are gone.
type remnants struct {
	memory
	fleet *fleet
	later []Held
}

func (r *remnants) Held(ctx context.Context, repository string) ([]Held, error) {
	held, err := r.memory.Held(ctx, repository)
	if err == nil && len(r.fleet.machines) == 0 {
		held = append(held, r.later...)
	}
	return held, err
}

func (r *remnants) Again(_ context.Context, h Held) (Held, error) { return h, nil }

func (r *remnants) Remove(_ context.Context, h Held) error {
	r.removed = append(r.removed, string(h.Kind)+" "+h.ID)
	if slices.Contains(r.stuck, h.ID) {
		return errors.New("in use")
	}
	return nil
}

func orphan(kind Kind, id string) Held { return Held{Kind: kind, ID: id, Orphan: "no machine has it"} }

// What went with the machines is removed after them; what was tried before is
// not tried again, and nothing else is looked at a second time.
func TestRun_AfterMachinesRemovesOnlyWhatIsAnOrphanSince(t *testing.T) {
	f := &fleet{machines: []machine.Machine{instance("i-1", "shop-pr-2", noon.Add(time.Hour), machine.Running)}}
	rest := &remnants{fleet: f, later: []Held{
		orphan("security group", "sg-1"), orphan("key", "vol-1"), orphan("volume", "vol-2"),
		with(preview(7), expired), // by now: the next sweep's
	}}
	rest.held = []Held{orphan("volume", "vol-1")}
	rest.stuck = []string{"vol-1"}
	result, err := run(t, Sweep{Places: []Place{Machines{Provider: f}, rest}, Pulls: &forge{}})
	want := []string{"volume vol-1", "key vol-1", "security group sg-1", "volume vol-2"}
	if slices.Sort(rest.removed[1:]); !slices.Equal(rest.removed, want) {
		t.Errorf("asked to remove %q, want %q", rest.removed, want)
	}
	if err == nil || len(result.Removed) != 3 || len(result.Spared) != 2 {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestRun_WithoutMachinesLooksForNoOrphans(t *testing.T) {
	rest := &remnants{fleet: &fleet{}, later: []Held{orphan("volume", "vol-2")}}
	rest.held = []Held{with(preview(1), expired)}
	s := Sweep{Repository: shop, Places: []Place{rest}, Now: func() time.Time { return noon }}
	result, err := s.Run(t.Context(), Mark(noon, []Held{with(rest.held[0], func(h *Held) { h.place = rest })}, nil))
	if err != nil || len(result.Removed) != 1 || !slices.Equal(rest.removed, []string{"preview shop-pr-1"}) {
		t.Errorf("%v, asked to remove %q", err, rest.removed)
	}
}

func TestMachines_ADestroyerIsAskedForOneToo(t *testing.T) {
	h := newHerd(1)
	if _, err := run(t, Sweep{Places: []Place{Machines{Provider: h}}, Pulls: &forge{open: []int{1}}}); err != nil ||
		h.calls != 1 {
		t.Errorf("one machine: %v, %d calls", err, h.calls)
	}
	group := Remnant{Kind: "security group", ID: "sg-1", Remove: func(context.Context) error { return nil }}
	place := Machines{Provider: h, Remains: func(context.Context) ([]Remnant, error) { return []Remnant{group}, nil }}
	if err := place.Remove(t.Context(), Held{Kind: group.Kind, ID: group.ID}); err != nil || h.calls != 1 {
		t.Errorf("no machine: %v, %d calls", err, h.calls)
	}
	for _, other := range []Held{{Kind: "volume", ID: "sg-1"}, {Kind: group.Kind, ID: "sg-2"}} {
		if err := place.Remove(t.Context(), other); !errors.Is(err, ErrGone) {
			t.Errorf("%s %s: %v", other.Kind, other.ID, err)
		}
	}
}

// Two machines are already many: both go, and what spares one does not spare the other.
func TestMachines_OfTwoEachIsJudgedByItself(t *testing.T) {
	for name, c := range map[string]struct {
		pulls *forge
		ended []string
		fails bool
	}{
		"both are closed":           {&forge{open: []int{1}}, []string{"i-0", "i-1"}, false},
		"one is not to be seen":     {&forge{open: []int{1}, unknown: []int{100}}, []string{"i-1"}, true},
		"neither is to be seen":     {&forge{open: []int{1}, unknown: []int{100, 101}}, nil, true},
		"both are open, one listed": {&forge{open: []int{1, 100, 101}, lists: []int{1, 100}}, nil, true},
	} {
		h := newHerd(2)
		result, err := run(t, Sweep{Places: []Place{Machines{Provider: h}}, Pulls: c.pulls})
		if !slices.Equal(h.ended, c.ended) || (err != nil) != c.fails || len(result.Removed) != len(c.ended) {
			t.Errorf("%s: %v, ended %q, %+v", name, err, h.ended, result)
		}
	}
}

func TestRun_LooksForNoOrphansOnceItsContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := newHerd(1)
	s := Sweep{
		Repository: shop, Places: []Place{Machines{Provider: h}}, Pulls: &forge{open: []int{1}},
		Now:   func() time.Time { return noon },
		After: func(context.Context, Removal) error { cancel(); return nil },
	}
	plan, err := s.Plan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lists := h.lists
	if result, err := s.Run(ctx, plan); err != nil || len(result.Removed) != 1 || h.lists != lists+1 {
		t.Errorf("%v, %+v, %d lists after that of the plan", err, result, h.lists-lists)
	}
}
