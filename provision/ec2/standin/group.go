package standin

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
)

type group struct {
	id, name, vpc, text string
	made                time.Time
	rules               []rule
	tags                tags
}

type rule struct {
	protocol, from, to string
	cidr, cidr6        string
	source             string // the id of a group
	text               string
}

// A Rule lets a network, or the cards of a group, reach a port.
type Rule struct{ Port, From string }

func (g *group) list() []Rule {
	rules := make([]Rule, 0, len(g.rules))
	for _, r := range g.rules {
		rules = append(rules, Rule{r.from, r.cidr + r.cidr6 + r.source})
	}
	return rules
}

// ruled tells the test about the rules of a group.
func (c *Cloud) ruled(g *group) {
	if c.options.Ruled != nil {
		c.options.Ruled(g.id, g.list())
	}
}

func (r rule) same(other rule) bool {
	r.text, other.text = "", ""
	return r == other
}

func (c *Cloud) group(id string) (*group, *apiError) {
	for _, g := range c.groups {
		if g.id == id {
			return g, nil
		}
	}
	return nil, problem("InvalidGroup.NotFound", "The security group '"+id+"' does not exist")
}

func (c *Cloud) createGroup(form url.Values) ([]string, *apiError) {
	g := &group{
		id: c.id("sg"), name: form.Get("GroupName"), vpc: form.Get("VpcId"), text: form.Get("GroupDescription"),
		made: c.now(),
		tags: tagsFor(form, "security-group"),
	}
	if slices.ContainsFunc(c.groups, func(other *group) bool { return other.name == g.name && other.vpc == g.vpc }) {
		return nil,
			problem("InvalidGroup.Duplicate", "The security group '"+g.name+"' already exists for VPC '"+g.vpc+"'")
	}
	c.groups = append(c.groups, g)
	return []string{leaf("return", "true"), leaf("groupId", g.id), g.tags.xml()}, nil
}

func (c *Cloud) deleteGroup(form url.Values) ([]string, *apiError) {
	g, err := c.group(form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.cards, func(n *card) bool { return n.group == g.id }) {
		return nil, problem("DependencyViolation", "resource "+g.id+" has a dependent object")
	}
	c.groups = slices.DeleteFunc(c.groups, func(other *group) bool { return other == g })
	return []string{leaf("return", "true")}, nil
}

func (c *Cloud) describeGroups(form url.Values) ([]string, *apiError) {
	ids := values(form, "GroupId")
	for _, id := range ids {
		if _, err := c.group(id); err != nil {
			return nil, err
		}
	}
	var items []string
	for _, g := range c.groups {
		ok, err := matches(form, g.tags, map[string]string{"group-name": g.name, "vpc-id": g.vpc, "group-id": g.id})
		if err != nil {
			return nil, err
		}
		if ok && c.shown(g.made) && (len(ids) == 0 || slices.Contains(ids, g.id)) {
			items = append(items,
				leaf("groupId", g.id)+leaf("groupName", g.name)+leaf("vpcId", g.vpc)+leaf("groupDescription", g.text)+
					g.rulesXML()+g.tags.xml())
		}
	}
	return c.page(form, items, "securityGroupInfo")
}

func (g *group) rulesXML() string {
	var items []string
	for _, r := range g.rules {
		item := leaf("ipProtocol", r.protocol) + leaf("fromPort", r.from) + leaf("toPort", r.to)
		text := ""
		if r.text != "" {
			text = leaf("description", r.text)
		}
		switch {
		case r.source != "":
			item += list("groups", []string{leaf("groupId", r.source) + leaf("userId", owner) + text})
		case r.cidr != "":
			item += list("ipRanges", []string{leaf("cidrIp", r.cidr) + text})
		default:
			item += list("ipv6Ranges", []string{leaf("cidrIpv6", r.cidr6) + text})
		}
		items = append(items, item)
	}
	return list("ipPermissions", items)
}

func rulesIn(form url.Values) []rule {
	const at = "IpPermissions.1."
	r := rule{protocol: form.Get(at + "IpProtocol"), from: form.Get(at + "FromPort"), to: form.Get(at + "ToPort")}
	r.cidr, r.cidr6 = form.Get(at+"IpRanges.1.CidrIp"), form.Get(at+"Ipv6Ranges.1.CidrIpv6")
	r.source = form.Get(at + "Groups.1.GroupId")
	r.text = cmp.Or(form.Get(at+"IpRanges.1.Description"), form.Get(at+"Ipv6Ranges.1.Description"),
		form.Get(at+"Groups.1.Description"))
	return []rule{r}
}

func (c *Cloud) authorize(form url.Values) ([]string, *apiError) {
	g, err := c.group(form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	for _, r := range rulesIn(form) {
		if slices.ContainsFunc(g.rules, r.same) {
			return nil, problem("InvalidPermission.Duplicate", "the specified rule already exists")
		}
		if len(g.rules) >= 60 {
			return nil,
				problem("RulesPerSecurityGroupLimitExceeded",
					"The maximum number of rules per security group has been reached.")
		}
		if strings.Trim(r.text,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789. _-:/()#,@[]+=&;{}!$*") != "" {
			return nil, problem("InvalidParameterValue", "Invalid rule description")
		}
		g.rules = append(g.rules, r)
	}
	c.ruled(g)
	return []string{leaf("return", "true")}, nil
}

func (c *Cloud) revoke(form url.Values) ([]string, *apiError) {
	g, err := c.group(form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	for _, r := range rulesIn(form) {
		if !slices.ContainsFunc(g.rules, r.same) {
			return nil,
				problem("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
		g.rules = slices.DeleteFunc(g.rules, r.same)
	}
	c.ruled(g)
	return []string{leaf("return", "true")}, nil
}

// MakeGroup puts a security group into the default VPC, with rules for IPv4.
func (c *Cloud) MakeGroup(name string, t map[string]string, rules ...Rule) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	g := &group{id: c.id("sg"), name: name, vpc: VPC, tags: t}
	for _, r := range rules {
		g.rules = append(g.rules, rule{protocol: "tcp", from: r.Port, to: r.Port, cidr: r.From})
	}
	c.groups = append(c.groups, g)
	return g.id
}

// Open are the networks and groups that reach a port by a rule of any group, the oldest rule first.
func (c *Cloud) Open(port string) []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var networks []string
	for _, g := range c.groups {
		for _, r := range g.rules {
			if r.from == port {
				networks = append(networks, r.cidr+r.cidr6+r.source)
			}
		}
	}
	return networks
}
