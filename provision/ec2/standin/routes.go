package standin

import (
	"net/url"
	"slices"
	"strconv"
)

// Land says what the networks of the account are like, by the ids of subnets. The
// others have a route to an internet gateway.
type Land struct {
	Private  []string // a NAT leads out, and nothing in
	Isolated []string // nothing leads out
	OnlyIPv6 []string
	Blocked  string   // the mode of VPC Block Public Access; empty: off
	Excluded []string // from it: arn:aws:ec2:…:vpc/… or …:subnet/…
}

func (c *Cloud) describeRouteTables(form url.Values) ([]string, *apiError) {
	gateway := leaf("destinationCidrBlock", "0.0.0.0/0") + leaf("gatewayId", "igw-0a") + leaf("state", "active")
	nat := leaf("destinationCidrBlock", "0.0.0.0/0") + leaf("natGatewayId", "nat-0a") + leaf("state", "active")
	local := leaf("destinationCidrBlock", "10.0.0.0/16") + leaf("gatewayId", "local") + leaf("state", "active")
	table := func(id string, subnets []string, routes ...string) string {
		main := leaf("routeTableAssociationId", "rtbassoc-"+id) + leaf("routeTableId", "rtb-"+id)
		associations := []string{main + leaf("main", "true")}
		if subnets != nil {
			associations = nil
		}
		for _, s := range subnets {
			associations = append(associations, main+leaf("main", "false")+leaf("subnetId", s))
		}
		return leaf("routeTableId", "rtb-"+id) + leaf("vpcId", VPC) + list("routeSet", append(routes, local)) +
			list("associationSet", associations)
	}
	items := []string{table("0a", nil, gateway)}
	if subnets := c.options.Land.Private; len(subnets) > 0 {
		items = append(items, table("0b", subnets, nat))
	}
	if subnets := c.options.Land.Isolated; len(subnets) > 0 {
		items = append(items, table("0c", subnets))
	}
	if ok, err := matches(form, nil, map[string]string{"vpc-id": VPC}); err != nil || !ok {
		return []string{list("routeTableSet", nil)}, err
	}
	return c.page(form, items, "routeTableSet")
}

func (c *Cloud) describeBlock(url.Values) ([]string, *apiError) {
	mode := c.options.Land.Blocked
	if mode == "" {
		mode = "off"
	}
	return []string{element("vpcBlockPublicAccessOptions", leaf("awsAccountId", owner), leaf("awsRegion", Region),
		leaf("state", "default-state"), leaf("internetGatewayBlockMode", mode))}, nil
}

func (c *Cloud) describeExclusions(form url.Values) ([]string, *apiError) {
	var items []string
	for n, arn := range c.options.Land.Excluded {
		items = append(items,
			leaf("exclusionId", "vpcbpa-exclude-0"+strconv.Itoa(n))+
				leaf("internetGatewayExclusionMode", "allow-bidirectional")+
				leaf("resourceArn", arn)+leaf("state", "create-complete"))
	}
	return c.page(form, items, "vpcBlockPublicAccessExclusionSet")
}

func (c *Cloud) getDiskKey(url.Values) ([]string, *apiError) {
	key := c.options.DiskKey
	if key == "" {
		key = "arn:aws:kms:" + Region + ":" + owner + ":alias/aws/ebs"
	}
	return []string{leaf("kmsKeyId", key)}, nil
}

// forbidden says what the account may not have.
func (c *Cloud) forbidden(form url.Values) *apiError {
	if c.options.NoSpotRole && form.Get("InstanceMarketOptions.MarketType") == "spot" {
		return problem("AuthFailure.ServiceLinkedRoleCreationNotPermitted",
			"The provided credentials do not have permission to create the service-linked role for EC2 Spot Instances.")
	}
	if slices.Contains(c.options.NotInPlan, form.Get("InstanceType")) {
		return problem("InvalidParameterCombination",
			"The specified instance type is not eligible for Free Tier. For a list of Free Tier instance types, "+
				"run 'describe-instance-types' with the filter 'free-tier-eligible=true'.")
	}
	if slices.Contains(c.options.Land.OnlyIPv6, form.Get("NetworkInterface.1.SubnetId")) &&
		form.Get("NetworkInterface.1.AssociatePublicIpAddress") == "true" {
		return problem("InvalidParameterCombination",
			"The associatePublicIpAddress parameter cannot be specified for an IPv6-only subnet.")
	}
	return nil
}
