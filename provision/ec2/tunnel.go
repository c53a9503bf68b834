package ec2

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/coder/websocket"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// endpointIn finds the EC2 Instance Connect Endpoint of a VPC: the one in the
// subnet, or else the first. Each reaches all subnets of its VPC.
func (p *Provider) endpointIn(ctx context.Context, vpc, subnet string) (types.Ec2InstanceConnectEndpoint, error) {
	var found []types.Ec2InstanceConnectEndpoint
	pages := ec2.NewDescribeInstanceConnectEndpointsPaginator(p.api, &ec2.DescribeInstanceConnectEndpointsInput{
		Filters: []types.Filter{
			filter("vpc-id", vpc),
			filter("state", string(types.Ec2InstanceConnectEndpointStateCreateComplete)),
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return types.Ec2InstanceConnectEndpoint{}, explain("DescribeInstanceConnectEndpoints", err)
		}
		found = append(found, page.InstanceConnectEndpoints...)
	}
	if len(found) == 0 {
		return types.Ec2InstanceConnectEndpoint{},
			hint.Usage(fmt.Errorf("%s has no EC2 Instance Connect Endpoint that is ready", vpc),
				"make one, once for the VPC: aws ec2 create-instance-connect-endpoint --subnet-id SUBNET")
	}
	slices.SortFunc(found, func(a, b types.Ec2InstanceConnectEndpoint) int {
		return cmp.Compare(aws.ToString(a.InstanceConnectEndpointId), aws.ToString(b.InstanceConnectEndpointId))
	})
	if n := slices.IndexFunc(found,
		func(e types.Ec2InstanceConnectEndpoint) bool { return aws.ToString(e.SubnetId) == subnet }); n >= 0 {
		return found[n], nil
	}
	return found[0], nil
}

// endpointRules let the endpoint reach SSH. One that keeps the address of who
// connects needs a rule for that address.
func (p *Provider) endpointRules(ctx context.Context, vpc string) ([]rule, error) {
	endpoint, err := p.endpointIn(ctx, vpc, "")
	if err != nil {
		return nil, err
	}
	var rules []rule
	for _, group := range endpoint.SecurityGroupIds {
		rules = append(rules, rule{port: endpointPort, group: group})
	}
	if !aws.ToBool(endpoint.PreserveClientIp) {
		return rules, nil
	}
	sources, err := p.sshSources(ctx)
	for _, source := range sources {
		rules = append(rules, rule{port: endpointPort, from: source.Masked()})
	}
	return rules, err
}

// tunnel is a connection to the machine's SSH through the VPC's endpoint, which
// ends after an hour at the latest. What is sent there is a signed link.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html
func (p *Provider) tunnel(ctx context.Context, i instance) (net.Conn, error) {
	endpoint, err := p.endpointIn(ctx, i.vpc, i.subnet)
	if err != nil {
		return nil, err
	}
	link, err := p.tunnelLink(ctx, endpoint, i)
	if err != nil {
		return nil, err
	}
	socket, response, err := websocket.Dial(ctx, link, &websocket.DialOptions{HTTPClient: p.options.Tunnels})
	if err != nil {
		return nil, explainTunnel(aws.ToString(endpoint.InstanceConnectEndpointId), response, err)
	}
	return websocket.NetConn(context.WithoutCancel(ctx), socket, websocket.MessageBinary), nil
}

// emptyBody is the hash that a signature has for a request without a body.
const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (p *Provider) tunnelLink(
	ctx context.Context, endpoint types.Ec2InstanceConnectEndpoint, i instance,
) (string, error) {
	query := url.Values{
		"instanceConnectEndpointId": {aws.ToString(endpoint.InstanceConnectEndpointId)},
		"privateIpAddress":          {i.private},
		"remotePort":                {strconv.Itoa(endpointPort)}, "X-Amz-Expires": {"60"},
	}
	link := url.URL{Scheme: "wss", Host: aws.ToString(endpoint.DnsName), Path: "/openTunnel", RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link.String(), nil)
	if err != nil {
		return "", err
	}
	credentials, err := p.api.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return "", explain("OpenTunnel", err)
	}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, credentials, request, emptyBody, "ec2-instance-connect",
		p.Region(), p.clock.Now())
	return signed, err
}

// explainTunnel says why there is no tunnel. The link is in none of it: who has
// it may connect for a minute.
func explainTunnel(endpoint string, response *http.Response, err error) error {
	if response == nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return fmt.Errorf("%s: %w", endpoint, err)
	}
	defer response.Body.Close()
	var said struct{ ErrorCode, Message string }
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
	_ = json.Unmarshal(text, &said) // where it is something else, the status has to do
	switch {
	case strings.Contains(said.ErrorCode, "AccessDenied"), response.StatusCode == http.StatusForbidden:
		return explain("OpenTunnel", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: said.Message})
	case said.ErrorCode != "":
		return fmt.Errorf("%s: %s: %s", endpoint, said.ErrorCode, said.Message)
	}
	return fmt.Errorf("%s: %s", endpoint, response.Status)
}
