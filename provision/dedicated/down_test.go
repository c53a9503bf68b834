package dedicated_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/dedicated"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// few has some machines, and destroys them together.
type few struct {
	machine.Provider
	machines []machine.Machine
	together [][]string      // what was destroyed at once
	stuck    map[string]bool // what does not end
}

var errStuck = errors.New("does not end")

func (f *few) List(_ context.Context, filter machine.Filter) ([]machine.Machine, error) {
	return slices.DeleteFunc(slices.Clone(f.machines), func(m machine.Machine) bool { return !filter.Matches(m) }), nil
}

func (f *few) Extend(_ context.Context, id string, expires time.Time) (machine.Machine, error) {
	return machine.Machine{ID: id, Expires: expires}, nil
}

func (f *few) DestroyAll(_ context.Context, ids []string) []error {
	f.together = append(f.together, ids)
	errs := make([]error, len(ids))
	for i, id := range ids {
		if f.stuck[id] {
			errs[i] = errStuck
		}
	}
	return errs
}

const shop = "github.com/acme/shop"

func machineOf(id, name string) machine.Machine {
	p := provision.Preview{ID: "shop-" + name, Project: "shop", Name: name, Repository: shop}
	m := machine.Machine{ID: id, State: machine.Running}
	m.SetLabels(machine.Spec{Preview: p.ID, Repository: shop, Labels: p.Labels()}.AllLabels())
	return m
}

func TestDownAll_EndsMachinesTogetherAndGoesOnAfterOneThatStays(t *testing.T) {
	f := &few{
		machines: []machine.Machine{machineOf("i-1", "pr-1"), machineOf("i-2", "pr-2"), machineOf("i-3", "pr-3")},
		stuck:    map[string]bool{"i-2": true},
	}
	var ended []provision.Kind
	all := dedicated.Previews{Provider: f}
	removed, err := all.DownAll(t.Context(), provision.Preview{Repository: shop}, func(e provision.Event) {
		if e.Kind != provision.Began {
			ended = append(ended, e.Kind)
		}
	})
	if len(f.together) != 1 || !slices.Equal(f.together[0], []string{"i-1", "i-2", "i-3"}) {
		t.Errorf("destroyed at once: %v", f.together)
	}
	gone := []string{"i-1", "i-3"}
	if !errors.Is(err, errStuck) || !slices.Equal(removed.Machines, gone) || len(removed.Previews) != 2 {
		t.Errorf("removed %+v, %v", removed, err)
	}
	if want := []provision.Kind{provision.Done, provision.Failed, provision.Done}; !slices.Equal(ended, want) {
		t.Errorf("steps ended %v, want %v", ended, want)
	}
}

func TestDown_AsksFirstAndTellsHowItEnded(t *testing.T) {
	unwanted := errors.New("not wanted")
	for name, c := range map[string]struct {
		wanted error
		there  []machine.Machine
		told   int
		want   error
	}{
		"not wanted":    {unwanted, []machine.Machine{machineOf("i-1", "pr-1")}, 0, unwanted},
		"nothing there": {nil, nil, 1, provision.ErrNoPreview},
		"removed":       {nil, []machine.Machine{machineOf("i-1", "pr-1")}, 1, nil},
	} {
		f, told := &few{machines: c.there}, 0
		guard := provision.Guard{
			Wanted:   func(context.Context) error { return c.wanted },
			Conclude: func(context.Context, *provision.Result, error) { told++ },
		}
		p := provision.Preview{ID: "shop-pr-1", Repository: shop}
		_, err := dedicated.Previews{Provider: f}.Down(t.Context(), p, guard, nil)
		if !errors.Is(err, c.want) || told != c.told || len(f.together) > 0 != (c.want == nil) {
			t.Errorf("%s: %v, told %d times, destroyed %v", name, err, told, f.together)
		}
	}
}

func TestKnown_LeavesOutWhatIsEnding(t *testing.T) {
	ending := machineOf("i-2", "pr-2")
	ending.State = machine.Ending
	all := dedicated.Previews{Provider: &few{machines: []machine.Machine{machineOf("i-1", "pr-1"), ending}}}
	known, err := all.Known(t.Context(), provision.Filter{Repository: shop})
	if err != nil || len(known) != 1 || known[0].Name != "pr-1" {
		t.Errorf("%v, %v", known, err)
	}
}

func TestGet_ReadsTheLabels(t *testing.T) {
	m := machineOf("i-1", "pr-1")
	m.Labels[provision.LabelServes], m.Labels[provision.LabelLink] = "abc", "https://203.0.113.7/"
	all := dedicated.Previews{Provider: &few{machines: []machine.Machine{m}}}
	status, err := all.Get(t.Context(), provision.Preview{ID: "shop-pr-1", Repository: shop})
	if err != nil || status.State != provision.Serving || status.Commit != "abc" || len(status.Links) != 1 ||
		status.Machine.ID != "i-1" {
		t.Errorf("%+v, %v", status, err)
	}
	other := provision.Preview{ID: "shop-pr-1", Repository: "github.com/other/shop"}
	if _, err := all.Get(t.Context(), other); err == nil {
		t.Error("another repository's preview was read")
	}
}
