package ec2_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

const repository = "github.com/acme/shop"

// slowly are the habits of EC2 on a normal day, also with images.
func slowly(seed uint64) standin.Options {
	options := usual(seed)
	options.Baking = 12 * time.Second
	return options
}

// bake is what becomes of a machine that is made for an image: it goes, and
// of all images the newest stays.
func (a *account) bake(preview string) ec2.Image {
	a.Helper()
	im, err := bakeAll(a.Context(), a.provider, preview)
	if err != nil {
		a.Fatalf("bake: %v", err)
	}
	return im
}

func bakeAll(ctx context.Context, p *ec2.Provider, preview string) (ec2.Image, error) {
	m, err := p.Ensure(ctx, spec(preview))
	if err != nil {
		return ec2.Image{}, err
	}
	im, err := p.Bake(ctx, m)
	if err != nil {
		return ec2.Image{}, err
	}
	if err := p.Destroy(ctx, m.ID); err != nil {
		return ec2.Image{}, err
	}
	_, err = p.Prune(ctx, repository, im)
	return im, err
}

func TestBake_MakesAnImageThatMachinesAreMadeOf(t *testing.T) {
	a := newAccount(t, slowly(1))
	im := a.bake("shop-bake-1")
	call := a.calls("CreateImage")[0]
	for _, want := range [][2]string{
		{"NoReboot", "true"},
		{"TagSpecification.1.ResourceType", "image"},
		{"TagSpecification.2.ResourceType", "snapshot"},
	} {
		if got := call.Form.Get(want[0]); got != want[1] {
			t.Errorf("%s is %q, want %q", want[0], got, want[1])
		}
	}
	if im.Labels[machine.LabelRepository] != repository || im.Labels["dev.offshoot.commit"] != "c0ffee" ||
		im.Labels[machine.LabelExpires] != "" || im.Labels["dev.offshoot.host-key"] != "" {
		t.Errorf("labels %v", im.Labels)
	}
	stopped := slices.IndexFunc(a.cloud.Calls(), func(c standin.Call) bool { return c.Action == "StopInstances" })
	made := slices.IndexFunc(a.cloud.Calls(), func(c standin.Call) bool { return c.Action == "CreateImage" })
	if stopped < 0 || stopped > made {
		t.Error("the machine was not stopped before its disk was copied")
	}
	of := a.newProvider(withImage(im.ID))
	m, err := of.Ensure(t.Context(), spec("shop-pr-12"))
	if err != nil {
		t.Fatal(err)
	}
	if err := of.Destroy(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if found, err := a.provider.Images(t.Context(), repository); err != nil || len(found) != 1 ||
		found[0].ID != im.ID || len(found[0].Snapshots) != 1 {
		t.Errorf("images: %+v, %v", found, err)
	}
	if found, err := a.provider.Images(t.Context(), "github.com/acme/other"); err != nil || len(found) != 0 {
		t.Errorf("images of another repository: %+v, %v", found, err)
	}
}

func TestBase_OfAnImageIsWhatItBeganWith(t *testing.T) {
	a := newAccount(t, slowly(1))
	of := spec("shop-bake-1")
	of.Labels[ec2.LabelBase] = ec2.AmazonLinux
	m, err := a.provider.Ensure(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	im, err := a.provider.Bake(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	for image, want := range map[string]string{
		"": ec2.Ubuntu, ec2.AmazonLinux: ec2.AmazonLinux, standin.AMI: standin.AMI, im.ID: ec2.AmazonLinux,
	} {
		if got, err := a.provider.Base(t.Context(), image); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", image, got, err, want)
		}
	}
}

// leftOfBakes is what is in the account but the shared group.
func (a *account) leftOfBakes() []string {
	return slices.DeleteFunc(a.cloud.Left(), func(id string) bool { return strings.HasPrefix(id, "sg-") })
}

func TestPrune_KeepsTheNewestOfTheRepository(t *testing.T) {
	a := newAccount(t, slowly(1))
	other := spec("other-bake-1")
	other.Repository = "github.com/acme/other"
	m, err := a.provider.Ensure(t.Context(), other)
	if err == nil {
		_, err = a.provider.Bake(t.Context(), m)
	}
	if err == nil {
		err = a.provider.Destroy(t.Context(), m.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	old := a.bake("shop-bake-1")
	a.later(time.Hour)
	recent := a.bake("shop-bake-2")
	if found, err := a.provider.Images(t.Context(), repository); err != nil || len(found) != 1 ||
		found[0].ID != recent.ID {
		t.Errorf("images: %+v, %v", found, err)
	}
	left := a.leftOfBakes()
	if len(left) != 4 || slices.Contains(left, old.Snapshots[0]) {
		t.Errorf("left: %v", left)
	}
	if err := a.provider.RemoveImage(t.Context(), ec2.Image{ID: standin.AMI}); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("an image that is not ours: %v", err)
	}
}

func TestBake_RemovesAnImageThatFailed(t *testing.T) {
	a := newAccount(t, slowly(1))
	a.cloud.FailBake("the disk could not be copied")
	m := a.ensure("shop-bake-1")
	if _, err := a.provider.Bake(t.Context(), m); err == nil ||
		!strings.Contains(err.Error(), "the disk could not be copied") {
		t.Errorf("%v", err)
	}
	a.destroy(m.ID)
	if left := a.leftOfBakes(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// bakeCalls are those of a bake, from the first that a life has not got.
func bakeCalls(t *testing.T) (first, calls int) {
	a := newAccount(t, slowly(1))
	a.bake("shop-bake-1")
	all := a.cloud.Calls()
	return slices.IndexFunc(all, func(c standin.Call) bool { return c.Action == "StopInstances" }), len(all)
}

// A call that fails for a moment, or whose answer is lost: there is one image.
func TestBake_GoesOnAfterEveryPassingFault(t *testing.T) {
	first, calls := bakeCalls(t)
	for name, fault := range map[string]standin.Fault{"limit": {Code: "RequestLimitExceeded"}, "lost": {Lost: true}} {
		for at := first; at < calls; at++ {
			a := newAccount(t, slowly(1))
			a.cloud.Fault(failAt(at, fault))
			im, err := bakeAll(t.Context(), a.provider, "shop-bake-1")
			if err != nil {
				t.Errorf("%s at call %d, %s: %v", name, at, a.cloud.Calls()[at].Action, err)
				continue
			}
			if left := a.leftOfBakes(); len(left) != 2 || !slices.Contains(left, im.ID) {
				t.Errorf("%s at call %d, %s: left %v", name, at, a.cloud.Calls()[at].Action, left)
			}
		}
	}
}

// A process that is killed after a call, or a call that fails for good: a
// sweep, and the next bake that removes old images, leave the new one alone.
func TestBake_LeavesNothingThatTheNextOneDoesNotRemove(t *testing.T) {
	first, calls := bakeCalls(t)
	for at := first; at < calls; at++ {
		for name, fault := range map[string]standin.Fault{
			"killed": {Lost: true},
			"denied": {Code: "UnauthorizedOperation"},
		} {
			a := newAccount(t, slowly(1))
			ctx, kill := context.WithCancel(t.Context())
			a.cloud.Fault(func(n int, _ string) standin.Fault {
				if n != at {
					return standin.Fault{}
				}
				if name == "killed" {
					kill()
				}
				return fault
			})
			if _, err := bakeAll(ctx, a.provider, "shop-bake-1"); err == nil {
				t.Errorf("%s at call %d: it did not notice", name, at)
			}
			kill()
			a.cloud.Fault(nil)
			a.later(time.Hour)
			if err := sweep(t.Context(), a.provider); err != nil {
				t.Errorf("sweep after %s at call %d: %v", name, at, err)
			}
			im := a.bake("shop-bake-2")
			if left := a.leftOfBakes(); len(left) != 2 || !slices.Contains(left, im.ID) {
				t.Errorf("%s at call %d: left %v", name, at, left)
			}
		}
	}
}

func failAt(at int, fault standin.Fault) func(int, string) standin.Fault {
	return func(n int, _ string) standin.Fault {
		if n == at {
			return fault
		}
		return standin.Fault{}
	}
}
