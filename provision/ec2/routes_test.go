package ec2_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

var allSubnets = []string{"subnet-00", "subnet-01", "subnet-02"}

func privately(o *ec2.Options) {
	o.Subnets, o.Connect, o.SSH = allSubnets, ec2.ConnectPrivate, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
}

// Where nobody gets to a machine, none is made.
func TestEnsure_SaysBeforeAMachineCostsMoneyThatNobodyWouldReachIt(t *testing.T) {
	public := func(o *ec2.Options) { o.Subnets = allSubnets }
	for name, c := range map[string]struct {
		land   standin.Land
		change func(*ec2.Options)
		want   string // empty: it is made
		advice string
	}{
		"private": {
			standin.Land{Private: allSubnets},
			public,
			"has no route to an internet gateway", "ec2.connect: instance-connect-endpoint",
		},
		"private and isolated": {
			standin.Land{Private: allSubnets[:1], Isolated: allSubnets[1:]},
			public,
			"subnet-02 has no route to an internet gateway", "public subnets",
		},
		"one is public": {standin.Land{Private: allSubnets[:2]}, public, "", ""},
		"only IPv6": {
			standin.Land{OnlyIPv6: allSubnets},
			public, "has IPv6 addresses alone",
			"ec2.subnets",
		},
		"one has IPv4": {standin.Land{OnlyIPv6: allSubnets[1:]}, public, "", ""},
		"blocked": {
			standin.Land{Blocked: "block-bidirectional"},
			public,
			"VPC Block Public Access", "ec2.connect",
		},
		"nobody is let in": {
			standin.Land{Blocked: "block-ingress"},
			public,
			"VPC Block Public Access", "ec2.connect",
		},
		"blocked but for the VPC": {standin.Land{
			Blocked:  "block-ingress",
			Excluded: []string{"arn:aws:ec2:eu-test-1:1:vpc/" + standin.VPC},
		}, public, "", ""},
		"blocked but for a subnet": {standin.Land{
			Blocked:  "block-ingress",
			Excluded: []string{"arn:aws:ec2:eu-test-1:1:subnet/subnet-01"},
		}, public, "", ""},
		"private, over a VPN": {standin.Land{Private: allSubnets}, privately, "", ""},
		"isolated, over a VPN": {
			standin.Land{Isolated: allSubnets},
			privately,
			"cannot install an engine", "a NAT",
		},
		"isolated, from an image of theirs": {
			standin.Land{Isolated: allSubnets},
			func(o *ec2.Options) { privately(o); o.Image = standin.AMI }, "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, standin.Options{Seed: 1, Land: c.land}, c.change)
			_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			hints := strings.Join(hint.Of(err), " ")
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(hints, c.advice) ||
				!errors.Is(err, hint.ErrUsage) {
				t.Errorf("%v, %q", err, hints)
			}
			if n := len(a.calls("RunInstances")); n != 0 {
				t.Errorf("%d machines were made", n)
			}
			if err := a.provider.Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("doctor: %v", err)
			}
		})
	}
}

// A key of yesterday's policy may not look at routes, and emulators know none.
func TestEnsure_MakesAMachineWhereRoutesCannotBeSeen(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1, Land: standin.Land{Private: allSubnets, Blocked: "block-ingress"}},
		func(o *ec2.Options) { o.Subnets = allSubnets })
	a.cloud.Deny("DescribeRouteTables", "DescribeVpcBlockPublicAccessOptions")
	a.ensure("shop-pr-12")
}

func TestEnsure_GivesNoPublicAddressWhereItLeadsNowhere(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1, Land: standin.Land{Private: allSubnets}}, privately)
	if m := a.ensure("shop-pr-12"); !strings.HasPrefix(m.Address, "10.0.") {
		t.Errorf("its address is %s", m.Address)
	}
	if got := a.calls("RunInstances")[0].Form.Get("NetworkInterface.1.AssociatePublicIpAddress"); got != "false" {
		t.Errorf("a public address: %s", got)
	}
	b := newAccount(t, standin.Options{Seed: 1}, privately) // there it leads out, and the way in is the private one
	if m := b.ensure("shop-pr-12"); !strings.HasPrefix(m.Address, "10.0.") {
		t.Errorf("its address is %s", m.Address)
	}
	if got := b.calls("RunInstances")[0].Form.Get("NetworkInterface.1.AssociatePublicIpAddress"); got != "true" {
		t.Errorf("a public address: %s", got)
	}
}

func TestEnsure_SaysWhyAnInstanceEndedThatTheDisksKeyDidNotLet(t *testing.T) {
	for reason, want := range map[string]string{
		"Client.InternalError: Client error on launch":                         "kms:CreateGrant",
		"Client.InvalidKMSKey.InvalidState: The KMS key provided is in an …":   "reset-ebs-default-kms-key-id",
		"Client.VolumeLimitExceeded: Volume limit exceeded":                    "quota of volumes",
		"Server.InsufficientInstanceCapacity: There is not enough capacity":    "ec2.type",
		"Server.SpotInstanceTermination: A Spot instance was terminated by us": "ec2.spot",
	} {
		a := newAccount(t, usual(1))
		a.cloud.FailBoot(reason, "")
		_, err := a.provider.Ensure(t.Context(), spec("shop-pr-12"))
		var boot *ec2.BootError
		if hints := strings.Join(hint.Of(err), " "); !errors.As(err, &boot) ||
			!strings.Contains(err.Error(), reason) || !strings.Contains(hints, want) {
			t.Errorf("%s: %v, %q", reason, err, hints)
		}
	}
}

func TestPolicy_NamesThePartitionOfTheRegion(t *testing.T) {
	for region, want := range map[string]string{
		"": "arn:aws:", "eu-west-1": "arn:aws:", "us-gov-west-1": "arn:aws-us-gov:", "cn-north-1": "arn:aws-cn:",
		"us-isob-east-1": "arn:aws-iso-b:", "eusc-de-east-1": "arn:aws-eusc:",
	} {
		text, err := ec2.Options{Region: region, Spot: true}.Policy()
		if err != nil || strings.Count(text, `"arn:`) != strings.Count(text, `"`+want) {
			t.Errorf("%s: %v: %s", region, err, text)
		}
		if !strings.Contains(text, want+"iam::*:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot") {
			t.Errorf("%s: no role for spot: %s", region, text)
		}
	}
}

func TestPolicy_PassesTheRolesThatMachinesHave(t *testing.T) {
	for name, c := range map[string]struct {
		options ec2.Options
		others  []string
		want    []string
	}{
		"none":             {ec2.Options{}, []string{""}, nil},
		"that of previews": {ec2.Options{Profile: "web"}, []string{"web"}, []string{"arn:aws:iam::*:role/web"}},
		"and that of others": {
			ec2.Options{Region: "cn-north-1", Profile: "web"},
			[]string{"reader"},
			[]string{"arn:aws-cn:iam::*:role/reader", "arn:aws-cn:iam::*:role/web", "ec2.amazonaws.com.cn"},
		},
	} {
		text, err := c.options.Policy(c.others...)
		if err != nil || strings.Contains(text, "iam:PassRole") != (len(c.want) > 0) ||
			strings.Contains(text, "role/\"") {
			t.Errorf("%s: %v: %s", name, err, text)
		}
		for _, part := range c.want {
			if strings.Count(text, `"`+part+`"`) != 1 {
				t.Errorf("%s: not %s once: %s", name, part, text)
			}
		}
	}
}

func TestRights_TryEveryTypeOnEveryMarket(t *testing.T) {
	for name, c := range map[string]struct {
		cloud standin.Options
		spot  bool
		want  []string // in the rights
		fails bool
	}{
		"all is well": {
			standin.Options{},
			true,
			[]string{"ec2:RunInstances: there", "spot t3.large: there", "t3a.large: there"},
			false,
		},
		"no role for spot": {
			standin.Options{NoSpotRole: true},
			true,
			[]string{
				"ec2:RunInstances: there",
				"spot t3.large: the account lacks the role AWSServiceRoleForEC2Spot; once",
				"iam:CreateServiceLinkedRole", "\nt3.large: there",
			},
			false,
		},
		"a type of the plan": {
			standin.Options{NotInPlan: []string{"t3.large"}},
			false,
			[]string{
				"ec2:RunInstances: there", "\nt3.large: the account's plan refuses the type",
				"\nt3a.large: there",
			},
			false,
		},
		"no type of the plan": {
			standin.Options{NotInPlan: []string{"t3.large", "t3a.large"}},
			false,
			[]string{"ec2:RunInstances: RunInstances: InvalidParameterCombination", "t3a.large: the account's plan"},
			true,
		},
		"a disk key of theirs": {
			standin.Options{DiskKey: "arn:aws:kms:eu-test-1:1:key/0a"},
			false,
			[]string{"ec2:GetEbsDefaultKmsKeyId: disks are encrypted with arn:aws:kms:eu-test-1:1:key/0a"},
			false,
		},
	} {
		a := newAccount(t, c.cloud, func(o *ec2.Options) { o.Spot = c.spot })
		rights, err := a.provider.Rights(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var lines strings.Builder
		failed := false
		for _, r := range rights {
			lines.WriteString("\n" + r.String())
			failed = failed || r.Err != nil && !errors.Is(r.Err, ec2.ErrUntold)
		}
		for _, want := range c.want {
			if !strings.Contains(lines.String(), want) {
				t.Errorf("%s: no %q in %s", name, want, lines.String())
			}
		}
		if failed != c.fails || len(a.cloud.Left()) != 0 {
			t.Errorf("%s: failed %v, left %v: %s", name, failed, a.cloud.Left(), lines.String())
		}
	}
}

// The account as it is, and not a fault that passes.
func TestEnsure_FallsBackInAnAccountWithoutTheRoleForSpot(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1, NoSpotRole: true, NotInPlan: []string{"t3.large"}},
		func(o *ec2.Options) { o.Spot = true })
	if m := a.ensure("shop-pr-12"); m.Type != "t3a.large" {
		t.Errorf("it is a %s", m.Type)
	}
}
