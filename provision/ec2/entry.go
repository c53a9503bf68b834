package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// An entry is the way in to one machine for one connection: another computer may
// have made the machine, and jobs of a CI service come from another address each
// time. It is opened ahead of each dial, since others may have given the rule
// back meanwhile, and given back in the end.
type entry struct {
	provider *Provider
	machine  machine.Machine

	mutex   sync.Mutex // guards what follows
	at      instance   // the machine as EC2 shows it; zero: not asked for yet
	made    []rule     // by us, for this computer alone
	refused error      // why the last try let nobody in
}

// open lets this computer reach the machine. A group of the user's own is left as it is.
func (e *entry) open(ctx context.Context) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.refused = e.try(ctx)
}

func (e *entry) try(ctx context.Context) error {
	p := e.provider
	group, shared, err := e.shared(ctx)
	if err != nil || !shared {
		return err
	}
	wanted, err := p.sshRules(ctx, e.at.vpc)
	if err != nil {
		return err
	}
	// Those for SSH first: an organisation may deny the others, and whoever is in
	// can say so.
	made, err := p.open(ctx, group, slices.Concat(wanted, gatewayRules()))
	if p.forCaller() {
		e.made = append(e.made, made...)
	}
	return err
}

// shared finds the shared group, if that is what the machine is in.
func (e *entry) shared(ctx context.Context) (types.SecurityGroup, bool, error) {
	if e.at.ID == "" {
		found, err := e.provider.find(ctx, machine.Filter{}, filter("instance-id", e.machine.ID))
		if err != nil || len(found) == 0 {
			return types.SecurityGroup{}, false, err
		}
		e.at = found[0]
	}
	group, exists, err := e.provider.findGroup(ctx, e.at.vpc)
	if err != nil && !slices.Contains(e.at.groups, aws.ToString(group.GroupId)) {
		err = nil // it is somebody else's, and not the machine's
	}
	return group, exists && slices.Contains(e.at.groups, aws.ToString(group.GroupId)), err
}

// dial reaches the machine through the endpoint of its VPC.
func (e *entry) dial(ctx context.Context) (net.Conn, error) {
	e.mutex.Lock()
	at, refused := e.at, e.refused
	e.mutex.Unlock()
	if at.ID == "" {
		return nil, cmp.Or(refused, errors.New("AWS does not show it yet"))
	}
	return e.provider.tunnel(ctx, at)
}

// leave gives back the rules that were made for this computer. Another run at the
// same address keeps the connection that it has, and makes the rule anew when it
// needs another one. A rule that cannot be given back goes with its age.
func (e *entry) leave(ctx context.Context) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if len(e.made) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if group, exists, err := e.provider.findGroup(ctx, e.at.vpc); err == nil && exists {
		_ = e.provider.revoke(ctx, group, e.made)
	}
	e.made = nil
}

// explain adds to the error about a machine that did not answer why this
// computer may not have been let in.
func (e *entry) explain(err error) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.refused != nil {
		return errors.Join(err, fmt.Errorf("let this computer in: %w", e.refused))
	}
	return err
}

// A visit is a connection that closes the way behind it.
type visit struct {
	*host.SSH
	leave func()
}

// Close ends the connection and what runs over it.
func (v visit) Close() error {
	defer v.leave()
	return v.SSH.Close()
}

// yielding are our rules for SSH that may go where a group takes no more, the
// oldest first.
func yielding(have []types.IpPermission, kept []rule) []rule {
	var dated []datedRule
	for _, permission := range have {
		for _, r := range rulesOf(permission) {
			if r.isSSH() && !r.made.IsZero() && !slices.Contains(kept, r.rule) {
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
