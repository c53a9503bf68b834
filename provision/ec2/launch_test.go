package ec2_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// asked lists the parameters of a call, but for those that are made anew each
// time.
func asked(call standin.Call) string {
	var b strings.Builder
	var keys []string
	for key := range call.Form {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		value := call.Form.Get(key)
		switch {
		case key == "UserData", key == "Version":
			continue
		case key == "ClientToken", strings.HasPrefix(value, "ssh-ed25519 "), strings.HasPrefix(value, "sg-"):
			value = "…"
		}
		fmt.Fprintf(&b, "%s=%s\n", key, value)
	}
	return b.String()
}

func TestRunInstances_AsksForExactlyThis(t *testing.T) {
	for name, change := range map[string]func(*ec2.Options){
		"request.txt": func(*ec2.Options) {},
		"request-spot.txt": func(o *ec2.Options) {
			o.Spot, o.Profile, o.Disk, o.Image = true, "builder", 64, standin.LargeAMI
		},
	} {
		a := newAccount(t, usual(1), change)
		a.ensure("shop-pr-12")
		golden(t, name, asked(a.calls("RunInstances")[0]))
	}
}

func TestRunInstances_BootsTheArchitectureOfTheTypes(t *testing.T) {
	for _, c := range []struct{ image, typ, want string }{
		{
			"", "t3.large",
			"resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
		},
		{
			"", "t4g.large",
			"resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
		},
		{
			ec2.AmazonLinux, "t3.large",
			"resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
		},
		{
			ec2.AmazonLinux, "m7g.large",
			"resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
		},
		{standin.ArmAMI, "t4g.large", standin.ArmAMI},
	} {
		a := newAccount(t, usual(1), func(o *ec2.Options) { o.Image, o.Types = c.image, []string{c.typ} })
		a.ensure("shop-pr-12")
		if got := a.calls("RunInstances")[0].Form.Get("ImageId"); got != c.want {
			t.Errorf("%s on %s: %s", c.image, c.typ, got)
		}
	}
}

func TestEnsure_FallsBackOverZonesTypesAndMarkets(t *testing.T) {
	a := newAccount(t, usual(1), func(o *ec2.Options) { o.Spot = true })
	a.cloud.NoRoom("spot", "")
	a.cloud.NoRoom("t3.large", "")
	a.cloud.NoRoom("t3a.large", standin.Region+"a")
	a.cloud.NoRoom("t3a.large", standin.Region+"b")
	m := a.ensure("shop-pr-12")
	if m.Type != "t3a.large" || m.Zone != standin.Region+"c" {
		t.Errorf("got %s in %s", m.Type, m.Zone)
	}
	tokens := map[string]bool{}
	var tried []string
	for _, call := range a.calls("RunInstances") {
		tokens[call.Form.Get("ClientToken")] = true
		if try := call.Form.Get("InstanceMarketOptions.MarketType") + " " +
			call.Form.Get("InstanceType"); !slices.Contains(tried, try) {
			tried = append(tried, try)
		}
	}
	if diff := cmp.Diff([]string{"spot t3.large", "spot t3a.large", " t3.large", " t3a.large"}, tried); diff != "" {
		t.Error(diff)
	}
	if len(tokens) < 10 { // each attempt is another request
		t.Errorf("%d tokens", len(tokens))
	}
}

// An account that never had a spot instance, whose caller may not make roles; and
// one of the plan that has a few types alone.
func TestEnsure_FallsBackWhereTheAccountMayNotHaveIt(t *testing.T) {
	for name, c := range map[string]struct {
		fault standin.Fault
		spot  bool
		tries int // that fail
		want  string
	}{
		"no role for spot": {
			standin.Fault{Code: "AuthFailure.ServiceLinkedRoleCreationNotPermitted"},
			true, 6,
			"t3.large",
		},
		"the free plan": {standin.Fault{
			Code: "InvalidParameterCombination",
			Text: "The specified instance type is not eligible for Free Tier",
		}, false, 3, "t3a.large"},
	} {
		a := newAccount(t, usual(1), func(o *ec2.Options) { o.Spot = c.spot })
		tried := 0
		a.cloud.Fault(func(_ int, action string) standin.Fault {
			if action != "RunInstances" || tried == c.tries {
				return standin.Fault{}
			}
			tried++
			return c.fault
		})
		if m := a.ensure("shop-pr-12"); m.Type != c.want || tried != c.tries {
			t.Errorf("%s: %s after %d tries", name, m.Type, tried)
		}
	}
	a := newAccount(t, usual(1), func(o *ec2.Options) { o.Spot = true })
	a.cloud.NoRoom("t3.large", "")
	a.cloud.NoRoom("t3a.large", "")
	tried := 0
	a.cloud.Fault(func(_ int, action string) standin.Fault {
		if tried++; action == "RunInstances" && tried < 20 {
			return standin.Fault{Code: "AuthFailure.ServiceLinkedRoleCreationNotPermitted"}
		}
		return standin.Fault{}
	})
	_, err := a.provider.Ensure(t.Context(), spec("shop-pr-13"))
	if hints := strings.Join(hint.Of(err), " "); err == nil ||
		!strings.Contains(hints, "create-service-linked-role --aws-service-name spot.amazonaws.com") {
		t.Errorf("with no capacity either: %v, %q", err, hints)
	}
}

func TestEnsure_SaysWhatWasTriedWhenThereIsNoCapacity(t *testing.T) {
	a := newAccount(t, usual(1), func(o *ec2.Options) { o.Types = []string{"t3.large"} })
	a.cloud.NoRoom("t3.large", "")
	_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
	if err == nil || len(hint.Of(err)) != 1 || strings.Count(err.Error(), "InsufficientInstanceCapacity") != 3 ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
	a.assertNothingLeft()
}

func TestEnsure_ShowsTheConsoleOfAMachineThatEnds(t *testing.T) {
	a := newAccount(t, usual(1))
	a.cloud.FailBoot("Server.InternalError: no luck", "one\r\ntwo\r\nKernel panic\r\n")
	_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
	var boot *ec2.BootError
	if !errors.As(err, &boot) || !strings.Contains(err.Error(), "no luck") {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff([]string{"one", "two", "Kernel panic"}, boot.Console); diff != "" {
		t.Error(diff)
	}
	if n := len(a.calls("RunInstances")); n != 1 {
		t.Errorf("%d machines were made", n)
	}
}

func TestEnsure_RenewsTheLabels(t *testing.T) {
	a := newAccount(t, usual(1))
	first := a.ensure("shop-pr-12")
	later := spec("shop-pr-12")
	later.Expires, later.Labels = later.Expires.AddDate(0, 0, 3), map[string]string{"dev.offshoot.commit": "beef"}
	for range 2 {
		m, err := a.provider.Ensure(t.Context(), later)
		if err != nil || m.ID != first.ID || !m.Expires.Equal(later.Expires) ||
			m.Labels["dev.offshoot.commit"] != "beef" {
			t.Errorf("%+v, %v", m, err)
		}
	}
	if n := len(a.calls("CreateTags")); n != 1 {
		t.Errorf("the labels were written %d times", n)
	}
	if m := a.get("shop-pr-12"); !m.Expires.Equal(spec("x").Expires.AddDate(0, 0, 3)) {
		t.Errorf("read back: %v", m.Expires)
	}
}

func TestEnsure_OfOneThatNeverExpiresTakesTheTimeAway(t *testing.T) {
	a := newAccount(t, usual(1))
	a.ensure("shop-pr-12")
	forever := spec("shop-pr-12")
	forever.Expires = time.Time{}
	if m, err := a.provider.Ensure(t.Context(), forever); err != nil || !m.Expires.IsZero() {
		t.Errorf("%v, %v", m.Expires, err)
	}
	if m := a.get("shop-pr-12"); !m.Expires.IsZero() {
		t.Errorf("read back: %v", m.Expires)
	}
}

func TestEnsure_RefusesLabelsThatEC2DoesNotTake(t *testing.T) {
	a := newAccount(t, usual(1))
	long := spec("shop-pr-12")
	long.Labels = map[string]string{"dev.offshoot.branch": strings.Repeat("ü", 257)}
	if _, err := a.provider.Ensure(t.Context(), long); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("error %v", err)
	}
}
