package ec2

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// admit lets this computer reach a machine: another one may have made it, and
// jobs of a CI service come from another address each time. A group of the
// user's own is left as it is.
func (p *Provider) admit(ctx context.Context, m machine.Machine) error {
	if p.options.SecurityGroup != "" {
		return nil
	}
	found, err := p.find(ctx, machine.Filter{}, filter("instance-id", m.ID))
	if err != nil || len(found) == 0 {
		return err
	}
	group, exists, err := p.findGroup(ctx, found[0].vpc)
	if err != nil || !exists || !slices.Contains(found[0].groups, aws.ToString(group.GroupId)) {
		return err
	}
	sources, err := p.sshSources(ctx)
	if err != nil {
		return err
	}
	return p.open(ctx, group, wantedRules(sources))
}

// yielding are our rules for SSH that may go where a group takes no more, the
// oldest first.
func yielding(have []types.IpPermission, kept []rule) []rule {
	var dated []datedRule
	for _, permission := range have {
		for _, r := range rulesOf(permission) {
			if r.port == sshPort && !r.made.IsZero() && !slices.Contains(kept, r.rule) {
				dated = append(dated, r)
			}
		}
	}
	slices.SortStableFunc(dated, func(a, b datedRule) int { return a.made.Compare(b.made) })
	rules := make([]rule, len(dated))
	for i, r := range dated {
		rules[i] = r.rule
	}
	return rules
}

func isFull(err error) bool {
	return isCode(err, "RulesPerSecurityGroupLimitExceeded") || isCode(err, "RulesPerSecurityGroupLimit")
}

// unadmitted adds to the error about a machine that did not answer why this
// computer may not have been let in.
func (p *Provider) unadmitted(err, refused error) error {
	if group := p.options.SecurityGroup; group != "" {
		return hint.Wrap(err, "security group %s is your own, and left as it is: it has to let this computer reach port %d", group, sshPort)
	}
	if refused != nil {
		return errors.Join(err, fmt.Errorf("let this computer in: %w", refused))
	}
	return err
}
