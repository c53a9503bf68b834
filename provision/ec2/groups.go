package ec2

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// What security groups of the user's own do with a port.
type opening int

const (
	shut     opening = iota // nobody reaches it
	others                  // some do, and not this address
	untold                  // rules by prefix list or group: the address may be meant
	admitted                // this address does
)

// openingOf tells what groups do with a port. One of them is enough.
func openingOf(groups []types.SecurityGroup, port int, from netip.Addr) opening {
	found := shut
	for _, group := range groups {
		for _, permission := range group.IpPermissions {
			if coversPort(permission, port) {
				found = max(found, openingBy(permission, from))
			}
		}
	}
	return found
}

func coversPort(permission types.IpPermission, port int) bool {
	switch aws.ToString(permission.IpProtocol) {
	case "-1":
		return true
	case "tcp", "6":
		return permission.FromPort == nil ||
			int(*permission.FromPort) <= port && port <= int(aws.ToInt32(permission.ToPort))
	}
	return false
}

func openingBy(permission types.IpPermission, from netip.Addr) opening {
	found := shut
	networks := make([]*string, 0, len(permission.IpRanges)+len(permission.Ipv6Ranges))
	for _, r := range permission.IpRanges {
		networks = append(networks, r.CidrIp)
	}
	for _, r := range permission.Ipv6Ranges {
		networks = append(networks, r.CidrIpv6)
	}
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(aws.ToString(network))
		switch {
		case err == nil && from.IsValid() && prefix.Contains(from.Unmap()):
			return admitted
		case err == nil:
			found = max(found, others)
		}
	}
	if len(permission.PrefixListIds)+len(permission.UserIdGroupPairs) > 0 {
		found = max(found, untold)
	}
	return found
}

func (p *Provider) groups(ctx context.Context, ids ...string) ([]types.SecurityGroup, error) {
	output, err := p.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: ids})
	if err != nil {
		return nil, explain("DescribeSecurityGroups", err)
	}
	return output.SecurityGroups, nil
}

// checkOwn refuses a group of the user's own by which nobody can connect, before
// a machine costs money. Whether this computer can shows when it does.
func (p *Provider) checkOwn(ctx context.Context, id string) error {
	found, err := p.groups(ctx, id)
	if denied(err) {
		return nil
	}
	if err != nil || openingOf(found, p.port(), netip.Addr{}) != shut {
		return err
	}
	return hint.Usage(fmt.Errorf("security group %s lets nobody reach port %d", id, p.port()),
		"it is your own, and left as it is: add a rule for those who connect, or remove ec2.security_group")
}

// ownPatience is how long a machine may not answer whose groups have no rule for
// the address that this computer seems to have, and rules for others: it may go
// there by another one.
const ownPatience = 30 * time.Second

// shutOut tells which rule is missing where the machine's groups are the user's
// own and let this computer in by none. Err is how the last dial ended.
func (e *entry) shutOut(ctx context.Context, err error, waited time.Duration) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	p := e.provider
	if errors.Is(err, syscall.ECONNREFUSED) || e.at.ID == "" || e.refused != nil || p.options.Connect != ConnectPublic {
		return nil
	}
	if _, shared, err := e.shared(ctx); err != nil || shared {
		return nil
	}
	found, failed := p.groups(ctx, e.at.groups...)
	address, unknown := p.options.Caller(ctx)
	if failed != nil || unknown != nil {
		return nil // the wait goes on
	}
	switch openingOf(found, p.port(), address) {
	case admitted, untold:
		return nil
	case others:
		if waited < ownPatience {
			return nil
		}
	}
	groups := slices.Clone(e.at.groups)
	network, _ := address.Unmap().Prefix(address.Unmap().BitLen())
	return hint.Wrap(fmt.Errorf("security group %s has no rule that lets %s reach port %d", strings.Join(groups, ", "),
		address, p.port()),
		"it is your own, and left as it is: aws ec2 authorize-security-group-ingress --group-id %s --protocol tcp "+
			"--port %d --cidr %s", groups[0], p.port(), network)
}
