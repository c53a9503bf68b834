package ec2_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

func TestNew_RefusesWrongOptions(t *testing.T) {
	for want, o := range map[string]ec2.Options{
		`ec2.region: "Ireland" is not the name of a region`: {Region: "Ireland"},
		`ec2.image: "debian" is no image`:                   {Region: "eu-west-1", Image: "debian"},
		"ec2.type: an empty name":                           {Region: "eu-west-1", Types: []string{""}},
		"ec2.disk: 4":                                       {Region: "eu-west-1", Disk: 4},
		`ec2.connect: "ssm" is no way to a machine`:         {Region: "eu-west-1", Connect: "ssm"},
		"ec2.connect: private needs ec2.ssh":                {Region: "eu-west-1", Connect: ec2.ConnectPrivate},
		"no AWS region":                                     {},
	} {
		if _, err := ec2.New(t.Context(), o); err == nil || err.Error() != want || !errors.Is(err, hint.ErrUsage) ||
			len(hint.Of(err)) != 1 {
			t.Errorf("%+v: %v, hints %q", o, err, hint.Of(err))
		}
	}
}

func TestEnsure_SaysWhatIsWrongWithTheInput(t *testing.T) {
	for name, c := range map[string]struct {
		cloud  standin.Options
		change func(*ec2.Options)
		usage  bool
		want   string
	}{
		"no default VPC": {standin.Options{NoDefaultVPC: true}, nil, true, "the region has no default VPC"},
		"no such subnet": {
			standin.Options{},
			func(o *ec2.Options) { o.Subnets = []string{"subnet-0404"} }, true,
			"DescribeSubnets: InvalidSubnetID.NotFound",
		},
		"two networks": {
			standin.Options{},
			func(o *ec2.Options) { o.Subnets = []string{"subnet-00", standin.OtherNet} }, true, "two networks",
		},
		"no such group": {
			standin.Options{},
			func(o *ec2.Options) { o.SecurityGroup = "sg-0404" }, true,
			"DescribeSecurityGroups: InvalidGroup.NotFound",
		},
		"no such image": {
			standin.Options{},
			func(o *ec2.Options) { o.Image = "ami-0404" }, true,
			"InvalidAMIID.NotFound",
		},
		"image for arm64": {
			standin.Options{},
			func(o *ec2.Options) { o.Image = standin.ArmAMI }, true,
			"is for arm64, and the types t3.large, t3a.large are x86_64",
		},
		"image that failed": {
			standin.Options{},
			func(o *ec2.Options) { o.Image = standin.BrokenAMI }, true,
			"is failed",
		},
		"image that is larger": {
			standin.Options{},
			func(o *ec2.Options) { o.Image = standin.LargeAMI }, true,
			"needs a disk of 64 GB",
		},
		"no such type": {
			standin.Options{},
			func(o *ec2.Options) { o.Types = []string{"t9.huge"} }, true,
			"InvalidInstanceType",
		},
		"types of two kinds": {
			standin.Options{},
			func(o *ec2.Options) { o.Types = []string{"t3.large", "t4g.large"} }, true, "no architecture in common",
		},
		"no key": {
			standin.Options{},
			func(o *ec2.Options) { o.LoginKey = nil }, true,
			"key to log in with: there is none",
		},
		"no address": {standin.Options{}, func(o *ec2.Options) {
			o.Caller = func(context.Context) (netip.Addr, error) { return netip.Addr{}, errors.New("offline") }
		}, false, "find this computer's address: offline"},
		"no such host": {
			standin.Options{},
			func(o *ec2.Options) { o.Endpoint = "http://ec2.xx-west-9.invalid" }, true,
			"no host ec2.xx-west-9.invalid",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var change []func(*ec2.Options)
			if c.change != nil {
				change = append(change, c.change)
			}
			a := newAccount(t, c.cloud, change...)
			_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %v", err)
			}
			if errors.Is(err, hint.ErrUsage) != c.usage || len(hint.Of(err)) != 1 {
				t.Errorf("usage %v, hints %q", errors.Is(err, hint.ErrUsage), hint.Of(err))
			}
			a.provider = a.newProvider()
			a.assertNothingLeft()
		})
	}
}

// What AWS itself refuses reads as AWS's words and one thing to do.
func TestErrors_OfAWSComeWithAdvice(t *testing.T) {
	for code, want := range map[string]string{
		"AuthFailure":           "check the credentials",
		"RequestExpired":        "set the clock",
		"SignatureDoesNotMatch": "the clock of this computer",
		"ExpiredToken":          "sign in to AWS again",
		"OptInRequired":         "enable EC2",
		"PendingVerification":   "retry later",
		"UnauthorizedOperation": `allow it: {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}`,
		"VolumeLimitExceeded":   "ask for a higher quota of volumes",
	} {
		a := newAccount(t, standin.Options{Seed: 1})
		a.cloud.Fault(func(_ int, action string) standin.Fault {
			if action == "RunInstances" {
				return standin.Fault{Code: code}
			}
			return standin.Fault{}
		})
		_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
		if err == nil || !strings.HasPrefix(err.Error(), "machine of shop-pr-12: RunInstances: ") ||
			strings.Contains(err.Error(), "Encoded") {
			t.Errorf("%s: %v", code, err)
		}
		if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], want) ||
			errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: hints %q", code, hints)
		}
	}
}

func TestErrors_OfQuotasNameThem(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	a.cloud.Fault(func(_ int, action string) standin.Fault {
		if action == "RunInstances" {
			return standin.Fault{Code: "VcpuLimitExceeded"}
		}
		return standin.Fault{}
	})
	_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
	if err == nil || !strings.Contains(err.Error(), "VcpuLimitExceeded") ||
		!strings.Contains(strings.Join(hint.Of(err), ""), "quota") {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
}

func TestErrors_OfMissingCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	a := newAccount(t, standin.Options{Seed: 1})
	err := a.provider.Check(t.Context())
	if err == nil || err.Error() != "DescribeInstances: no AWS credentials" || !errors.Is(err, hint.ErrUsage) ||
		len(hint.Of(err)) != 1 {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
}

func TestEndpoint_OfTheEnvironmentIsHonoured(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	t.Setenv("AWS_ENDPOINT_URL", a.endpoint)
	provider := a.newProvider(func(o *ec2.Options) { o.Endpoint = "" })
	if _, err := provider.List(t.Context(), machine.Filter{}); err != nil || len(a.calls("DescribeInstances")) != 1 {
		t.Errorf("%v, calls %v", err, a.cloud.Calls())
	}
}

func TestCheck_NamesEveryMissingRight(t *testing.T) {
	a := newAccount(t, usual(1))
	if err := a.provider.Check(t.Context()); err != nil {
		t.Errorf("with all rights: %v", err)
	}
	a.bake("shop-bake-1")
	a.ensure("shop-pr-12")
	before := a.cloud.Left()
	rights, err := a.provider.Rights(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, right := range rights {
		if right.Err != nil {
			t.Errorf("%v", right)
		}
		asked = append(asked, right.Action)
	}
	for _, right := range rights {
		call, isRight := strings.CutPrefix(right.Action, "ec2:")
		if !isRight { // a type
			continue
		}
		b := newAccount(t, usual(1))
		b.bake("shop-bake-1")
		b.ensure("shop-pr-12")
		b.cloud.Deny(call)
		err := b.provider.Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "the right "+right.Action+" is missing") ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("without %s: %v", call, err)
		}
	}
	if diff := cmp.Diff(before, a.cloud.Left()); diff != "" {
		t.Errorf("the check changed the account: %s", diff)
	}
	if len(asked) < 15 {
		t.Errorf("only %v", asked)
	}
}

// Each tag that the policy's conditions ask for is on the requests.
func TestPolicy_AsksForTagsThatRequestsHave(t *testing.T) {
	a := newAccount(t, usual(1))
	if _, err := a.provider.Ensure(t.Context(), spec("shop-pr-1")); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, call := range a.cloud.Calls() {
		if call.Action != "RunInstances" {
			continue
		}
		for n := 1; call.Form.Get(fmt.Sprintf("TagSpecification.%d.ResourceType", n)) != ""; n++ {
			asked++
			tags := map[string]string{}
			for i := 1; call.Form.Get(fmt.Sprintf("TagSpecification.%d.Tag.%d.Key", n, i)) != ""; i++ {
				tags[call.Form.Get(fmt.Sprintf("TagSpecification.%d.Tag.%d.Key", n,
					i))] = call.Form.Get(fmt.Sprintf("TagSpecification.%d.Tag.%d.Value", n, i))
			}
			if tags[machine.LabelRepository] != spec("shop-pr-1").Repository ||
				tags[machine.LabelPreview] != "shop-pr-1" {
				t.Errorf("specification %d: %v", n, tags)
			}
		}
	}
	if asked < 3 {
		t.Errorf("%d specifications: the test looks in the wrong place", asked)
	}
}

func TestPolicy_AllowsEveryCallAndNothingUnlabelled(t *testing.T) {
	text, err := ec2.Options{Repository: "github.com/acme/shop"}.Policy()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "policy.json", text+"\n")
	var policy struct {
		Statement []struct {
			Action, Resource []string
			Condition        map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, s := range policy.Statement {
		for _, action := range s.Action {
			allowed[action] = true
			if strings.HasPrefix(action, "ec2:Terminate") && len(s.Condition) == 0 {
				t.Errorf("%s without a condition", action)
			}
		}
	}
	a := newAccount(t, usual(1))
	if err := life(t.Context(), a.provider); err != nil {
		t.Fatal(err)
	}
	a.cloud.FailBoot("x", "y")
	_, _ = a.provider.Ensure(t.Context(), spec("shop-pr-1"))
	a.cloud.FailBoot("", "")
	a.bake("shop-bake-1")
	for _, call := range a.cloud.Calls() {
		if !allowed["ec2:"+call.Action] {
			t.Errorf("%s is not in the policy", call.Action)
		}
	}
}

func TestCaller_AsksAPage(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = w.Write([]byte("198.51.100.9\n"))
	}))
	defer page.Close()
	if got, err := ec2.CallerAddress(page.Client(), page.URL)(t.Context()); err != nil ||
		got != netip.MustParseAddr("198.51.100.9") {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ec2.CallerAddress(page.Client(), page.URL+"/x")(t.Context()); err == nil {
		t.Errorf("of an error: %v", got)
	}
}

// SSH is for those who connect, while they do.
func TestGroup_OpensTheGatewayToTheWorldAndSSHToNobodyYet(t *testing.T) {
	a := newAccount(t, usual(1))
	a.ensure("shop-pr-12")
	golden(t, "rules.txt", strings.Join(a.rules(), "\n")+"\n")
	a.ensure("shop-pr-13")
	if n := len(a.calls("AuthorizeSecurityGroupIngress")); n != 6 {
		t.Errorf("%d rules were made", n)
	}
}

func (a *account) rules() []string {
	var rules []string
	for _, call := range a.calls("AuthorizeSecurityGroupIngress") {
		form := call.Form
		rules = append(rules, strings.Join([]string{
			form.Get("IpPermissions.1.IpProtocol"), form.Get("IpPermissions.1.FromPort"),
			form.Get("IpPermissions.1.ToPort"),
			form.Get("IpPermissions.1.IpRanges.1.CidrIp") + form.Get("IpPermissions.1.Ipv6Ranges.1.CidrIpv6"),
		}, " "))
	}
	return rules
}

func TestGroup_OfSomebodyElseIsLeftAlone(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	a.cloud.MakeGroup("offshoot", nil)
	_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
	if err == nil || !strings.Contains(err.Error(), "is not offshoot's") || len(hint.Of(err)) != 1 {
		t.Errorf("%v", err)
	}
	if removed, err := a.provider.RemoveGroups(t.Context()); err != nil || len(removed) != 0 {
		t.Errorf("removed %v, %v", removed, err)
	}
}

func TestStop_OfASpotInstanceIsRefused(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1}, func(o *ec2.Options) { o.Spot = true })
	m := a.ensure("shop-pr-12")
	if err := a.provider.Stop(t.Context(), m.ID); !errors.Is(err, machine.ErrFixed) || len(hint.Of(err)) != 1 {
		t.Errorf("%v", err)
	}
}
