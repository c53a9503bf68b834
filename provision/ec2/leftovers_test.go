package ec2_test

import (
	"errors"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// The account is shared: what another repository's machines left is not ours
// to judge.
func TestLeftovers_AreThoseOfTheRepository(t *testing.T) {
	a := newAccount(t, usual(1))
	for _, repository := range []string{"github.com/acme/shop", "github.com/acme/other"} {
		labels := map[string]string{machine.LabelPreview: "shop-pr-9", machine.LabelRepository: repository}
		a.cloud.LeaveVolume(a.clock.Now(), labels)
		a.cloud.LeaveInterface(labels)
	}
	a.later(2 * time.Hour)
	for repository, want := range map[string]int{"github.com/acme/shop": 2, "github.com/acme/none": 0, "": 4} {
		left, err := a.provider.Leftovers(t.Context(), machine.Filter{Repository: repository}, time.Hour)
		if err != nil || len(left) != want {
			t.Errorf("of %q: %+v, %v, want %d", repository, left, err, want)
		}
	}
}

// A repository that was renamed would pay for them for ever.
func TestLeftovers_AreThoseOfEveryNameOfTheRepository(t *testing.T) {
	a := newAccount(t, usual(1))
	const name, number = "github.com/acme/shop", "github.com#7"
	for _, of := range [][2]string{
		{name, number},
		{name, ""},
		{"github.com/acme/old", number},
		{"github.com/acme/old", "github.com#8"},
	} {
		labels := map[string]string{machine.LabelPreview: "shop-pr-9", machine.LabelRepository: of[0]}
		if of[1] != "" {
			labels[machine.LabelNumber] = of[1]
		}
		a.cloud.LeaveVolume(a.clock.Now(), labels)
	}
	a.later(2 * time.Hour)
	for known, want := range map[string]int{"": 2, number: 3, "github.com#9": 2} {
		left, err := a.provider.LeftoversOf(t.Context(), name, known, time.Hour)
		if err != nil || len(left) != want {
			t.Errorf("by number %q: %+v, %v, want %d", known, left, err, want)
		}
	}
}

func TestUnusedGroups_AreThoseThatNothingIsIn(t *testing.T) {
	a := newAccount(t, usual(1))
	a.cloud.MakeGroup("production", map[string]string{"Name": "somebody else's"})
	m := a.ensure("shop-pr-12")
	if err := a.provider.Stop(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if found, err := a.provider.UnusedGroups(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("of a machine that rests: %+v, %v", found, err)
	}
	a.destroy(m.ID)
	found, err := a.provider.UnusedGroups(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	m = a.ensure("shop-pr-13")
	if err := a.provider.Remove(t.Context(), found[0]); !errors.Is(err, ec2.ErrInUse) {
		t.Errorf("in use again: %v", err)
	}
	a.destroy(m.ID)
	for range 2 {
		if err := a.provider.Remove(t.Context(), found[0]); err != nil {
			t.Error(err)
		}
	}
}

// Somebody else's sweep removes the group right before a machine is made.
func TestEnsure_MakesAGroupAnewThatIsRemovedMeanwhile(t *testing.T) {
	a := newAccount(t, usual(1))
	removed := false
	a.cloud.Fault(func(_ int, action string) standin.Fault {
		if action == "RunInstances" && !removed {
			removed = true
			return standin.Fault{Code: "InvalidGroup.NotFound"}
		}
		return standin.Fault{}
	})
	a.destroy(a.ensure("shop-pr-12").ID)
	a.assertNothingLeft()
}
