package ec2_test

import (
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

var _ machine.Destroyer = (*ec2.Provider)(nil)

// many launches machines of previews, each with a volume that will outlive it.
func (a *account) many(n int) (ids []string) {
	for i := range n {
		labels := map[string]string{
			machine.LabelPreview:    fmt.Sprintf("shop-pr-%d", i),
			machine.LabelRepository: "github.com/acme/shop", "dev.offshoot.machine": "5",
		}
		ids = append(ids, a.cloud.Launch(labels))
		if i%100 == 0 {
			a.cloud.LeaveVolume(a.clock.Now(), labels)
		}
	}
	return ids
}

func TestDestroyAll_OfAThousandTakesOneCallAndALookPerPage(t *testing.T) {
	const many, page = 1000, 100
	a := newAccount(t, standin.Options{Seed: 1, PageSize: page, Ending: 3 * time.Second})
	ids := a.many(many)
	a.cloud.Fault(nil)
	for i, err := range a.provider.DestroyAll(t.Context(), ids) {
		if err != nil {
			t.Errorf("%s: %v", ids[i], err)
		}
	}
	if n := len(a.calls("TerminateInstances")); n != 1 {
		t.Errorf("%d calls to terminate", n)
	}
	// Once before, and four times at growing pauses while they end.
	if n := len(a.calls("DescribeInstances")); n > 5*many/page {
		t.Errorf("%d calls to look", n)
	}
	a.assertNothingLeft()
}

func TestDestroyAll_OneThatAWSRefusesKeepsNoOther(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	ids := append(a.many(3), a.cloud.Launch(map[string]string{"Name": "production"}), "i-0123456789abcdef0")
	calls := 0
	a.cloud.Fault(func(_ int, action string) standin.Fault {
		if action != "TerminateInstances" {
			return standin.Fault{}
		}
		if calls++; calls == 1 || calls == 3 { // all of them, and then the second
			return standin.Fault{Code: "OperationNotPermitted"}
		}
		return standin.Fault{}
	})
	errs := a.provider.DestroyAll(t.Context(), ids)
	if errs[0] != nil || errs[2] != nil || errs[4] != nil {
		t.Errorf("%v", errs)
	}
	if errs[1] == nil || !strings.Contains(errs[1].Error(), "destroy "+ids[1]+": ") ||
		!errors.Is(errs[3], hint.ErrUsage) {
		t.Errorf("refused %v, somebody else's %v", errs[1], errs[3])
	}
	for _, call := range a.calls("TerminateInstances") {
		if strings.Contains(call.Form.Encode(), ids[3]) {
			t.Error("somebody else's instance was to end")
		}
	}
}

func TestDestroyAll_WithoutAListEndsNothing(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	ids := a.many(2)
	a.cloud.Deny("DescribeInstances")
	for _, err := range a.provider.DestroyAll(t.Context(), ids) {
		if err == nil {
			t.Error("no error")
		}
	}
	if n := len(a.calls("TerminateInstances")); n > 0 {
		t.Errorf("%d calls to terminate", n)
	}
}
