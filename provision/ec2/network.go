package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A network is where machines are put.
type network struct {
	vpc     string
	subnets []subnet // in the order of their zones
}

type subnet struct {
	id, zone string
	onlyIPv6 bool
	private  bool // a machine there has no address on the internet
}

// network finds the subnets that are configured, or those of the default VPC.
func (p *Provider) network(ctx context.Context) (network, error) {
	input := &ec2.DescribeSubnetsInput{SubnetIds: p.options.Subnets}
	if len(p.options.Subnets) == 0 {
		vpc, err := p.defaultVPC(ctx)
		if err != nil {
			return network{}, err
		}
		input.Filters = []types.Filter{filter("vpc-id", vpc), filter("default-for-az", "true")}
	}
	var found []types.Subnet
	pages := ec2.NewDescribeSubnetsPaginator(p.api, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return network{}, explain("DescribeSubnets", err)
		}
		found = append(found, page.Subnets...)
	}
	n, err := networkOf(found)
	if err != nil {
		return n, err
	}
	return p.usable(ctx, n)
}

func networkOf(found []types.Subnet) (network, error) {
	var n network
	for _, s := range found {
		vpc := aws.ToString(s.VpcId)
		if n.vpc != "" && vpc != n.vpc {
			return n,
				hint.Usage(fmt.Errorf("ec2.subnets lie in two networks, %s and %s", n.vpc, vpc),
					"name subnets of one VPC")
		}
		n.vpc = vpc
		n.subnets = append(n.subnets,
			subnet{
				id: aws.ToString(s.SubnetId), zone: aws.ToString(s.AvailabilityZone),
				onlyIPv6: aws.ToBool(s.Ipv6Native),
			})
	}
	if len(n.subnets) == 0 {
		return n,
			hint.Usage(errors.New("the default VPC has no default subnet"),
				"set ec2.subnets, or make them: aws ec2 create-default-subnet")
	}
	slices.SortFunc(n.subnets,
		func(a, b subnet) int { return cmp.Or(cmp.Compare(a.zone, b.zone), cmp.Compare(a.id, b.id)) })
	return n, nil
}

func (p *Provider) defaultVPC(ctx context.Context) (string, error) {
	output, err := p.api.DescribeVpcs(ctx,
		&ec2.DescribeVpcsInput{Filters: []types.Filter{filter("is-default", "true")}})
	if err != nil {
		return "", explain("DescribeVpcs", err)
	}
	if len(output.Vpcs) == 0 {
		return "",
			hint.Usage(errors.New("the region has no default VPC"),
				"set ec2.subnets, or make one: aws ec2 create-default-vpc")
	}
	return aws.ToString(output.Vpcs[0].VpcId), nil
}

// callerAddress asks a page that answers with the address it was asked from.
func callerAddress(client *http.Client, page string) func(context.Context) (netip.Addr, error) {
	return func(ctx context.Context) (netip.Addr, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
		if err != nil {
			return netip.Addr{}, err
		}
		response, err := client.Do(request)
		if err != nil {
			return netip.Addr{}, err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(io.LimitReader(response.Body, 100))
		if err == nil && response.StatusCode != http.StatusOK {
			err = errors.New(response.Status)
		}
		if err != nil {
			return netip.Addr{}, err
		}
		return netip.ParseAddr(strings.TrimSpace(string(text)))
	}
}

// sshSources are the networks that may reach SSH.
func (p *Provider) sshSources(ctx context.Context) ([]netip.Prefix, error) {
	if len(p.options.SSH) > 0 {
		return p.options.SSH, nil
	}
	address, err := p.options.Caller(ctx)
	if err != nil {
		return nil,
			hint.Wrap(fmt.Errorf("find this computer's address: %w", err),
				"set ec2.ssh to the networks that may reach SSH")
	}
	prefix, err := address.Unmap().Prefix(address.Unmap().BitLen())
	return []netip.Prefix{prefix}, err
}
