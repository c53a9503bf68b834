package ec2

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// groupName is that of the one security group that all machines of a VPC
// share: one per machine would have to be removed with it, which EC2 refuses
// for as long as its interface lasts.
const groupName = "offshoot"

// sshPort is not 22, where the image's own SSH server answers with a key that
// nobody knows before ours is there: what answers here has our key or is a
// stranger.
const sshPort = 2222

// endpointPort is where a machine's SSH server listens as well. Endpoints of EC2
// Instance Connect reach this port and 22, and no other.
const endpointPort = 3389

// port is where those who connect reach SSH.
func (p *Provider) port() int {
	if p.options.Connect == ConnectEndpoint {
		return endpointPort
	}
	return sshPort
}

// ruleAge is how long a rule for SSH stays that no run has asked for since. A
// group takes 60 rules, and every job of a CI service comes from another
// address.
const ruleAge = 24 * time.Hour

// A rule lets one network, or the interfaces of one group, reach one port, or
// all from there to the last.
type rule struct {
	port  int
	last  int // 0: the port alone
	from  netip.Prefix
	group string // empty: a network
}

// isSSH tells a rule for those who connect from somewhere.
func (r rule) isSSH() bool { return (r.port == sshPort || r.port == endpointPort) && r.group == "" }

// Services beyond the first of a machine without a domain are at these ports:
// a preview shows at most 20.
const firstService, lastService = 8443, 8461

// ServicePorts are those ports, for messages.
const ServicePorts = "8443 to 8461"

// ensureGroup finds or makes the shared group, and lets the world reach the
// gateway. SSH is opened by those who connect, each for as long as it takes; that
// they can is found out here, before a machine costs money.
func (p *Provider) ensureGroup(ctx context.Context, vpc string) (string, error) {
	if own := p.options.SecurityGroup; own != "" {
		return own, p.checkOwn(ctx, own)
	}
	if _, err := p.sshRules(ctx, vpc); err != nil {
		return "", err
	}
	group, exists, err := p.findGroup(ctx, vpc)
	if err == nil && !exists {
		group, err = p.makeGroup(ctx, vpc)
	}
	if err != nil {
		return "", err
	}
	_, err = p.open(ctx, group, gatewayRules())
	return aws.ToString(group.GroupId), err
}

// open makes the rules that are missing in the group, and removes those that
// nobody has asked for in a long time. It returns the rules for SSH that it made.
func (p *Provider) open(ctx context.Context, group types.SecurityGroup, wanted []rule) ([]rule, error) {
	missing, stale := ruleChanges(group.IpPermissions, wanted, p.clock.Now())
	kept := p.revoke(ctx, group, stale) // which is no reason to let nobody in
	made, err := p.authorize(ctx, group, missing, yielding(group.IpPermissions, slices.Concat(wanted, stale)))
	return made, errors.Join(err, kept)
}

// gatewayRules let the world reach the links.
func gatewayRules() []rule {
	var rules []rule
	for _, world := range []string{"0.0.0.0/0", "::/0"} {
		for _, port := range []int{80, 443} {
			rules = append(rules, rule{port: port, from: netip.MustParsePrefix(world)})
		}
		rules = append(rules, rule{port: firstService, from: netip.MustParsePrefix(world), last: lastService})
	}
	return rules
}

// forCaller tells whether SSH is opened for this computer's own address.
func (p *Provider) forCaller() bool { return len(p.options.SSH) == 0 }

// sshRules let those reach SSH who are to connect.
func (p *Provider) sshRules(ctx context.Context, vpc string) ([]rule, error) {
	if p.options.Connect == ConnectEndpoint {
		return p.endpointRules(ctx, vpc)
	}
	sources, err := p.sshSources(ctx)
	rules := make([]rule, 0, len(sources))
	for _, source := range sources {
		rules = append(rules, rule{port: sshPort, from: source.Masked()})
	}
	return rules, err
}

func (p *Provider) findGroup(ctx context.Context, vpc string) (types.SecurityGroup, bool, error) {
	output, err := p.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []types.Filter{filter("vpc-id", vpc), filter("group-name", groupName)},
	})
	if err != nil {
		return types.SecurityGroup{}, false, explain("DescribeSecurityGroups", err)
	}
	if len(output.SecurityGroups) == 0 {
		return types.SecurityGroup{}, false, nil
	}
	group := output.SecurityGroups[0]
	if labelsOf(group.Tags)[labelGroup] == "" {
		return group, false,
			hint.Wrap(fmt.Errorf("security group %s is called %s and is not offshoot's", aws.ToString(group.GroupId),
				groupName),
				"rename it, or set ec2.security_group to the one to use")
	}
	return group, true, nil
}

// makeGroup makes the group, or waits for the one that another run makes.
func (p *Provider) makeGroup(ctx context.Context, vpc string) (group types.SecurityGroup, err error) {
	_, err = p.api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: aws.String(groupName), Description: aws.String("shared by the machines of offshoot"), VpcId: &vpc,
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSecurityGroup,
			Tags:         tagsOf(map[string]string{labelGroup: "shared", labelName: groupName}),
		}},
	})
	if err != nil && !isCode(err, "InvalidGroup.Duplicate") {
		return group, explain("CreateSecurityGroup", err)
	}
	err = p.poll(ctx, propagation, "wait for the security group", func() (string, bool, error) {
		found, exists, err := p.findGroup(ctx, vpc)
		group = found
		return "AWS does not show it", exists, err
	})
	return group, err
}

// ruleChanges compares the rules that there are with the wanted ones: which to
// add, and which of ours for SSH to remove since nobody asks for them any more.
// A wanted one that is half as old as that is made anew.
func ruleChanges(have []types.IpPermission, wanted []rule, now time.Time) (missing, stale []rule) {
	made := map[rule]time.Time{}
	for _, permission := range have {
		for _, found := range rulesOf(permission) {
			made[found.rule] = found.made
			if found.isSSH() && !found.made.IsZero() && now.Sub(found.made) > ruleAge {
				stale = append(stale, found.rule)
			}
		}
	}
	for _, r := range wanted {
		at, exists := made[r]
		switch {
		case !exists:
			missing = append(missing, r)
		case !r.isSSH() || at.IsZero():
		case now.Sub(at) > ruleAge:
			missing = append(missing, r) // it is among the stale ones
		case now.Sub(at) > ruleAge/2:
			missing, stale = append(missing, r), append(stale, r)
		}
	}
	return missing, stale
}

type datedRule struct {
	rule
	made time.Time // zero: not by us
}

const ruleText = "offshoot "

func rulesOf(permission types.IpPermission) []datedRule {
	var rules []datedRule
	add := func(network, description *string) {
		prefix, err := netip.ParsePrefix(aws.ToString(network))
		if err != nil || permission.FromPort == nil || permission.ToPort == nil {
			return
		}
		made, _ := time.Parse(time.RFC3339, strings.TrimPrefix(aws.ToString(description), ruleText))
		found := rule{port: int(*permission.FromPort), from: prefix}
		if last := int(*permission.ToPort); last != found.port {
			found.last = last
		}
		rules = append(rules, datedRule{found, made})
	}
	for _, r := range permission.IpRanges {
		add(r.CidrIp, r.Description)
	}
	for _, r := range permission.Ipv6Ranges {
		add(r.CidrIpv6, r.Description)
	}
	for _, g := range permission.UserIdGroupPairs {
		if permission.FromPort != nil && aws.ToInt32(permission.FromPort) == aws.ToInt32(permission.ToPort) {
			rules = append(rules,
				datedRule{rule: rule{port: int(*permission.FromPort), group: aws.ToString(g.GroupId)}})
		}
	}
	return rules
}

// permission is a rule as EC2 takes it.
func (r rule) permission(description *string) types.IpPermission {
	network := aws.String(r.from.String())
	permission := types.IpPermission{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(int32(r.port)),
		ToPort: aws.Int32(int32(max(r.port, r.last))),
	}
	if r.group != "" {
		permission.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String(r.group), Description: description}}
		return permission
	}
	if r.from.Addr().Is6() {
		permission.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: network, Description: description}}
		return permission
	}
	permission.IpRanges = []types.IpRange{{CidrIp: network, Description: description}}
	return permission
}

// authorize adds rules one by one: of several in one call, one that another
// run has just added would refuse them all. Where the group is full, one of
// those that may go makes room. It returns the rules for SSH that nobody else has
// made.
func (p *Provider) authorize(
	ctx context.Context, group types.SecurityGroup, rules, yielding []rule,
) (made []rule, err error) {
	description := aws.String(ruleText + p.clock.Now().UTC().Format(time.RFC3339))
	for len(rules) > 0 {
		_, err := p.api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: group.GroupId, IpPermissions: []types.IpPermission{rules[0].permission(description)},
		})
		switch {
		case err == nil || isCode(err, "InvalidPermission.Duplicate"):
			if err == nil && rules[0].isSSH() {
				made = append(made, rules[0])
			}
			rules = rules[1:]
		case isFull(err) && len(yielding) > 0:
			if err := p.revoke(ctx, group, yielding[:1]); err != nil {
				return made, err
			}
			yielding = yielding[1:]
		default:
			return made, explain("AuthorizeSecurityGroupIngress", err)
		}
	}
	return made, nil
}

// revoke removes rules. It goes on after one that cannot be removed.
func (p *Provider) revoke(ctx context.Context, group types.SecurityGroup, rules []rule) error {
	var errs []error
	for _, r := range rules {
		_, err := p.api.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
			GroupId: group.GroupId, IpPermissions: []types.IpPermission{r.permission(nil)},
		})
		if err != nil && !notFound(err) {
			errs = append(errs, explain("RevokeSecurityGroupIngress", err))
		}
		if denied(err) || ctx.Err() != nil {
			break // it is the same for all
		}
	}
	return errors.Join(errs...)
}
