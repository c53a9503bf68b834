package ec2_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// life is all that a machine goes through.
func life(ctx context.Context, p *ec2.Provider) error {
	m, err := p.Ensure(ctx, spec("shop-pr-12"))
	if err != nil {
		return err
	}
	if err := p.Stop(ctx, m.ID); err != nil {
		return err
	}
	again, err := p.Ensure(ctx, spec("shop-pr-12"))
	if err != nil {
		return err
	}
	if again.ID != m.ID {
		return fmt.Errorf("%s became %s", m.ID, again.ID)
	}
	if err := p.Destroy(ctx, m.ID); err != nil {
		return err
	}
	if left, err := p.Leftovers(ctx, machine.Filter{}, 0); err != nil || len(left) > 0 {
		return fmt.Errorf("left: %v, %w", left, err)
	}
	_, err = p.RemoveGroups(ctx)
	return err
}

// sweep is what a later run does for a machine that another has left.
func sweep(ctx context.Context, p *ec2.Provider) error {
	machines, err := p.List(ctx, machine.Filter{})
	for _, m := range machines {
		err = errors.Join(err, p.Destroy(ctx, m.ID))
	}
	_, removed := p.RemoveGroups(ctx)
	return errors.Join(err, removed)
}

func countCalls(t *testing.T) int {
	a := newAccount(t, usual(1))
	if err := life(t.Context(), a.provider); err != nil {
		t.Fatal(err)
	}
	calls := len(a.cloud.Calls())
	a.assertNothingLeft()
	return calls
}

// A fault of the server, a limit, or an answer that is lost after its effect:
// the call is made again, and nothing is made twice.
func TestLife_GoesOnAfterEveryPassingFault(t *testing.T) {
	calls := countCalls(t)
	for name, fault := range map[string]standin.Fault{
		"limit": {Code: "RequestLimitExceeded"}, "server": {Code: "InternalError"}, "away": {Code: "Unavailable"},
		"lost": {Lost: true},
	} {
		for at := range calls {
			a := newAccount(t, usual(1))
			a.cloud.Fault(func(n int, _ string) standin.Fault {
				if n == at {
					return fault
				}
				return standin.Fault{}
			})
			if err := life(t.Context(), a.provider); err != nil {
				t.Errorf("%s at call %d, %s: %v", name, at, a.cloud.Calls()[at].Action, err)
			}
			if made := a.madeInstances(); made != 1 {
				t.Errorf("%s at call %d: %d instances", name, at, made)
			}
			a.assertNothingLeft()
		}
	}
}

func (a *account) madeInstances() int {
	tokens := map[string]bool{}
	for _, call := range a.calls("RunInstances") {
		if call.Status == 200 {
			tokens[call.Form.Get("ClientToken")] = true
		}
	}
	return len(tokens)
}

// A call that fails for good ends the run. What it leaves bears labels, and
// the next run goes on with it or a sweep removes it.
func TestLife_LeavesNothingBehindAfterEveryLastingFault(t *testing.T) {
	calls := countCalls(t)
	for at := range calls {
		a := newAccount(t, usual(1))
		a.cloud.Fault(func(n int, _ string) standin.Fault {
			if n == at {
				return standin.Fault{Code: "UnauthorizedOperation"}
			}
			return standin.Fault{}
		})
		err := life(t.Context(), a.provider)
		if action := a.cloud.Calls()[at].Action; err == nil && !strings.HasPrefix(action, "DescribeVpcBlock") &&
			action != "DescribeRouteTables" {
			t.Errorf("call %d, %s: its failure was not noticed", at, action)
		}
		a.later(time.Minute)
		if err := sweep(t.Context(), a.provider); err != nil {
			t.Errorf("sweep after call %d: %v", at, err)
		}
		a.assertNothingLeft()
	}
}

// A process that is killed right after a call has taken effect, at any call.
func TestLife_IsTakenUpByTheNextRunAfterEveryKill(t *testing.T) {
	calls := countCalls(t)
	for at := range calls {
		a := newAccount(t, usual(1))
		ctx, kill := context.WithCancel(t.Context())
		a.cloud.Fault(func(n int, _ string) standin.Fault {
			if n == at {
				kill()
				return standin.Fault{Lost: true}
			}
			return standin.Fault{}
		})
		if err := life(ctx, a.provider); err == nil {
			t.Errorf("call %d: it was killed and did not notice", at)
		}
		kill()
		a.cloud.Fault(nil)
		if err := life(t.Context(), a.newProvider()); err != nil {
			t.Errorf("the run after the kill at call %d: %v", at, err)
		}
		a.assertNothingLeft()
	}
}

func (a *account) later(d time.Duration) {
	a.Helper()
	if err := a.clock.Sleep(a.Context(), d); err != nil {
		a.Fatal(err)
	}
}

func TestList_OfAThousandMachinesTakesACallPerPage(t *testing.T) {
	const many, page = 1000, 100
	a := newAccount(t, standin.Options{Seed: 1, PageSize: page})
	for n := range many {
		a.cloud.Launch(map[string]string{
			machine.LabelPreview:    fmt.Sprintf("shop-pr-%d", n),
			machine.LabelRepository: "github.com/acme/shop",
		})
	}
	a.cloud.Launch(map[string]string{"Name": "somebody else's"})
	a.cloud.Fault(nil)
	found, err := a.provider.List(t.Context(), machine.Filter{})
	if err != nil || len(found) != many {
		t.Fatalf("%d machines, %v", len(found), err)
	}
	if n := len(a.cloud.Calls()); n > many/page+1 {
		t.Errorf("%d calls", n)
	}
	a.cloud.Fault(func(n int, _ string) standin.Fault {
		if n >= 4 {
			return standin.Fault{Code: "UnauthorizedOperation"}
		}
		return standin.Fault{}
	})
	if found, err := a.provider.List(t.Context(), machine.Filter{}); err == nil || found != nil {
		t.Errorf("half a list: %d machines, %v", len(found), err)
	}
}

func TestDestroy_RefusesWhatIsNotOurs(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	id := a.cloud.Launch(map[string]string{"Name": "production"})
	for name, err := range map[string]error{
		"destroy": a.provider.Destroy(t.Context(), id),
		"stop":    a.provider.Stop(t.Context(), id),
	} {
		if !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(a.calls("TerminateInstances")) + len(a.calls("StopInstances")); n != 0 {
		t.Errorf("%d calls to change it", n)
	}
}

func TestDestroy_DoesNotBelieveOneNotFound(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1, Hidden: 20 * time.Second})
	id := a.cloud.Launch(map[string]string{machine.LabelPreview: "shop-pr-1"})
	a.destroy(id)
	a.assertNothingLeft()
}

func TestLeftovers_AreOursAndOldAndLoose(t *testing.T) {
	a := newAccount(t, usual(1))
	a.ensure("shop-pr-12") // has a volume and an interface of its own
	ours := map[string]string{machine.LabelPreview: "shop-pr-1"}
	volume := a.cloud.LeaveVolume(a.clock.Now().Add(-2*time.Hour), ours)
	a.cloud.LeaveVolume(a.clock.Now(), ours)
	card := a.cloud.LeaveInterface(ours)
	a.cloud.LeaveVolume(a.clock.Now().Add(-2*time.Hour), map[string]string{"Name": "somebody else's"})
	a.cloud.LeaveInterface(nil)
	found, err := a.provider.Leftovers(t.Context(), machine.Filter{}, time.Hour)
	if err != nil || len(found) != 2 || found[0].ID != card || found[1].ID != volume {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, l := range append(found, found...) {
		if err := a.provider.Remove(t.Context(), l); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if again, err := a.provider.Leftovers(t.Context(), machine.Filter{}, time.Hour); err != nil || len(again) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	if err := a.provider.Remove(t.Context(), ec2.Leftover{Kind: "bucket", ID: "x"}); err == nil {
		t.Error("a bucket was removed")
	}
}

func TestRemoveGroups_LeavesOneInUse(t *testing.T) {
	a := newAccount(t, usual(1))
	m := a.ensure("shop-pr-12")
	if removed, err := a.provider.RemoveGroups(t.Context()); err != nil || len(removed) != 0 {
		t.Errorf("%v, %v", removed, err)
	}
	a.destroy(m.ID)
	if removed, err := a.provider.RemoveGroups(t.Context()); err != nil || len(removed) != 1 {
		t.Errorf("%v, %v", removed, err)
	}
}
