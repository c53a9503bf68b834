package ec2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A way is where a subnet sends what is for the internet.
type way int

const (
	wayUnknown  way = iota // it could not be found out
	wayNowhere             // it stays in the network
	wayOut                 // out, through a NAT for example, and nobody in
	wayInternet            // to an internet gateway: also in
)

// usable leaves the subnets in which a machine can be reached as it is
// configured, and reaches what it installs. Only what is certain keeps one from
// it: before a machine costs money, and not when nobody gets to it.
func (p *Provider) usable(ctx context.Context, n network) (network, error) {
	var ways waysOf
	if len(p.options.Subnets) > 0 { // default subnets lead to the internet by AWS's own making
		ways = p.ways(ctx, n.vpc)
	}
	blocked := p.blocked(ctx, n)
	left := network{vpc: n.vpc}
	var reasons []string
	for _, s := range n.subnets {
		if reason := p.unusable(s, ways.of(s.id), blocked(s.id)); reason != "" {
			reasons = append(reasons, s.id+" "+reason)
			continue
		}
		w := ways.of(s.id)
		s.private = w == wayOut || w == wayNowhere // one would lead nowhere
		left.subnets = append(left.subnets, s)
	}
	if len(left.subnets) > 0 {
		return left, nil
	}
	return n, hint.Usage(fmt.Errorf("no subnet for machines: %s", strings.Join(reasons, "; ")), "%s", p.otherWay())
}

func (p *Provider) unusable(s subnet, w way, blocked bool) string {
	switch {
	case s.onlyIPv6:
		return "has IPv6 addresses alone, and machines need IPv4"
	case p.options.Connect == ConnectPublic && (w == wayOut || w == wayNowhere):
		return "has no route to an internet gateway: nobody reaches a machine there"
	case p.options.Connect == ConnectPublic && blocked:
		return "lies behind VPC Block Public Access: nobody reaches a machine there"
	case w == wayNowhere && !amiID.MatchString(p.options.Image):
		return "has no route out: a machine there cannot install an engine"
	}
	return ""
}

// otherWay is what the user can do where no subnet is of use.
func (p *Provider) otherWay() string {
	if p.options.Connect == ConnectPublic {
		return "name public subnets in ec2.subnets, or set ec2.connect: " + ConnectEndpoint + " (or " +
			ConnectPrivate + ", over a VPN)"
	}
	return "name subnets with a NAT in ec2.subnets, or an image in ec2.image that has an engine, such as offshoot " +
		"bake makes one"
}

// waysOf are those of the subnets of a VPC.
type waysOf struct {
	main     way
	bySubnet map[string]way
}

func (w waysOf) of(subnet string) way {
	if own, ok := w.bySubnet[subnet]; ok {
		return own
	}
	return w.main
}

// ways reads the route tables. Where that is not allowed nothing is known.
func (p *Provider) ways(ctx context.Context, vpc string) waysOf {
	found := waysOf{bySubnet: map[string]way{}}
	pages := ec2.NewDescribeRouteTablesPaginator(p.api,
		&ec2.DescribeRouteTablesInput{Filters: []types.Filter{filter("vpc-id", vpc)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, once)
		if err != nil {
			return waysOf{}
		}
		for _, table := range page.RouteTables {
			w := wayOf(table.Routes)
			for _, a := range table.Associations {
				if aws.ToBool(a.Main) {
					found.main = w
				} else if id := aws.ToString(a.SubnetId); id != "" {
					found.bySubnet[id] = w
				}
			}
		}
	}
	return found
}

// once keeps the SDK from asking again for what can be done without.
func once(o *ec2.Options) { o.RetryMaxAttempts = 1 }

func wayOf(routes []types.Route) way {
	found := wayNowhere
	for _, r := range routes {
		switch {
		case r.State == types.RouteStateBlackhole:
		case r.DestinationPrefixListId != nil && r.VpcPeeringConnectionId == nil &&
			!strings.HasPrefix(aws.ToString(r.GatewayId), "vpce-"):
			found = max(found, wayOut) // it may name the internet
		case aws.ToString(r.DestinationCidrBlock) != "0.0.0.0/0":
		case strings.HasPrefix(aws.ToString(r.GatewayId), "igw-"):
			return wayInternet
		default:
			found = max(found, wayOut)
		}
	}
	return found
}

// blocked tells of which subnets VPC Block Public Access keeps the world out.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
func (p *Provider) blocked(ctx context.Context, n network) func(subnet string) bool {
	no := func(string) bool { return false }
	output, err := p.api.DescribeVpcBlockPublicAccessOptions(ctx, &ec2.DescribeVpcBlockPublicAccessOptionsInput{}, once)
	if err != nil || output.VpcBlockPublicAccessOptions == nil {
		return no
	}
	switch output.VpcBlockPublicAccessOptions.InternetGatewayBlockMode {
	case types.InternetGatewayBlockModeBlockBidirectional, types.InternetGatewayBlockModeBlockIngress:
	default:
		return no
	}
	open, err := p.excluded(ctx)
	if err != nil || slices.Contains(open, "vpc/"+n.vpc) {
		return no
	}
	return func(subnet string) bool { return !slices.Contains(open, "subnet/"+subnet) }
}

// excluded are the VPCs and subnets to which the world is let in all the same.
func (p *Provider) excluded(ctx context.Context) ([]string, error) {
	var open []string
	input := &ec2.DescribeVpcBlockPublicAccessExclusionsInput{}
	for {
		output, err := p.api.DescribeVpcBlockPublicAccessExclusions(ctx, input, once)
		if err != nil {
			return nil, explain("DescribeVpcBlockPublicAccessExclusions", err)
		}
		for _, e := range output.VpcBlockPublicAccessExclusions {
			arn := aws.ToString(e.ResourceArn)
			if e.InternetGatewayExclusionMode == types.InternetGatewayExclusionModeAllowBidirectional &&
				!strings.HasPrefix(string(e.State), "delete") {
				open = append(open, arn[strings.LastIndex(arn, ":")+1:])
			}
		}
		if input.NextToken = output.NextToken; aws.ToString(input.NextToken) == "" {
			return open, nil
		}
	}
}
