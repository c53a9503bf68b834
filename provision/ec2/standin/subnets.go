package standin

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

type subnet struct {
	id, vpc, zone string
}

func (c *Cloud) subnets() []subnet {
	all := []subnet{{OtherNet, OtherVPC, zones[0]}}
	if !c.options.NoDefaultVPC {
		for i, zone := range zones {
			all = append(all, subnet{fmt.Sprintf("subnet-0%d", i), VPC, zone})
		}
	}
	return all
}

func (c *Cloud) subnet(id string) (subnet, *apiError) {
	for _, s := range c.subnets() {
		if s.id == id {
			return s, nil
		}
	}
	return subnet{}, problem("InvalidSubnetID.NotFound", "The subnet ID '"+id+"' does not exist")
}

func (c *Cloud) describeSubnets(form url.Values) ([]string, *apiError) {
	ids := values(form, "SubnetId")
	for _, id := range ids {
		if _, err := c.subnet(id); err != nil {
			return nil, err
		}
	}
	var items []string
	for _, s := range c.subnets() {
		isDefault := strconv.FormatBool(s.vpc == VPC)
		ok, err := matches(form, nil, map[string]string{"vpc-id": s.vpc, "default-for-az": isDefault})
		if err != nil {
			return nil, err
		}
		if ok && (len(ids) == 0 || slices.Contains(ids, s.id)) {
			items = append(items,
				leaf("subnetId", s.id)+leaf("vpcId", s.vpc)+leaf("availabilityZone", s.zone)+
					leaf("defaultForAz", isDefault)+leaf("state", "available")+
					leaf("ipv6Native", strconv.FormatBool(slices.Contains(c.options.Land.OnlyIPv6, s.id))))
		}
	}
	return c.page(form, items, "subnetSet")
}

func (c *Cloud) describeVPCs(form url.Values) ([]string, *apiError) {
	var items []string
	for _, id := range []string{OtherVPC, VPC} {
		if id == VPC && c.options.NoDefaultVPC {
			continue
		}
		isDefault := strconv.FormatBool(id == VPC)
		ok, err := matches(form, nil, map[string]string{"is-default": isDefault, "vpc-id": id})
		if err != nil {
			return nil, err
		}
		if ok {
			items = append(items,
				leaf("vpcId", id)+leaf("isDefault", isDefault)+leaf("cidrBlock", "10.0.0.0/16")+
					leaf("state", "available"))
		}
	}
	return c.page(form, items, "vpcSet")
}

var architectures = map[string]string{
	"t3.large": "x86_64", "t3a.large": "x86_64", "m6i.large": "x86_64",
	"t4g.large": "arm64", "m7g.large": "arm64",
}

func (c *Cloud) describeTypes(form url.Values) ([]string, *apiError) {
	var items []string
	for _, name := range values(form, "InstanceType") {
		architecture, known := architectures[name]
		if !known {
			return nil, problem("InvalidInstanceType", "The following supplied instance types do not exist: ["+name+"]")
		}
		items = append(items,
			leaf("instanceType", name)+element("processorInfo", list("supportedArchitectures", []string{architecture})))
	}
	return c.page(form, items, "instanceTypeSet")
}

// checkImage knows the parameters that name the newest images, as far as it
// matters: they are AWS's own, and of one architecture.
func (c *Cloud) checkImage(id, typ string) *apiError {
	want, known := architectures[typ]
	if !known {
		return problem("InvalidParameterValue", "Invalid value '"+typ+"' for InstanceType.")
	}
	if n := slices.IndexFunc(pictures, func(p picture) bool { return p.id == id }); n >= 0 {
		if pictures[n].architecture != want {
			return problem("InvalidParameterValue",
				"The architecture of the specified instance type does not match that of the AMI.")
		}
		return nil
	}
	if b := c.bakedImage(id); b != nil {
		return b.checkUse(want)
	}
	for _, parameter := range parametersOf[want] {
		if id == "resolve:ssm:"+parameter {
			return nil
		}
	}
	return problem("InvalidAMIID.NotFound", "The image id '["+id+"]' does not exist")
}

var parametersOf = map[string][]string{
	"x86_64": {
		"/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
		"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
	},
	"arm64": {
		"/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
		"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
	},
}
