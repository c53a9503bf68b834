package standin

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type instance struct {
	id, typ, zone, subnet, image string
	group                        string
	token                        string
	state                        string
	until                        time.Time // when the state passes
	made, started                time.Time
	address, private             string
	reason                       string
	spot                         bool
	keepVolume                   bool
	userData                     []byte
	tags                         tags
	form                         url.Values
}

type volume struct {
	id       string
	instance string // empty: attached to nothing
	size     string
	made     time.Time
	tags     tags
}

// A card is a network interface.
type card struct {
	id, subnet, group string
	instance          string
	tags              tags
}

type launched struct{ parameters, instance string }

var stateCodes = map[string]int{
	"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64,
	"stopped": 80,
}

// advance lets every state pass whose time has come.
func (c *Cloud) advance() {
	now := c.now()
	for _, i := range c.instances {
		if i.until.IsZero() || now.Before(i.until) {
			continue
		}
		at := i.until
		i.until = time.Time{}
		switch i.state {
		case "pending":
			c.boot(i, at)
		case "stopping":
			i.state = "stopped"
			if c.options.Stopped != nil {
				c.options.Stopped(i.id)
			}
		case "shutting-down":
			c.end(i, at)
		case "terminated":
			i.state = "forgotten"
		}
	}
	c.instances = slices.DeleteFunc(c.instances, func(i *instance) bool { return i.state == "forgotten" })
}

func (c *Cloud) boot(i *instance, at time.Time) {
	if c.failBoot != "" {
		i.reason = c.failBoot
		c.end(i, at)
		return
	}
	i.state = "running"
	n := slices.Index(c.instances, i)
	if i.address = fmt.Sprintf("203.0.113.%d",
		1+n%250); i.form.Get("NetworkInterface.1.AssociatePublicIpAddress") == "false" {
		i.address = ""
	}
	if c.options.Booted != nil {
		i.address = c.options.Booted(i.id, i.userData)
	}
}

// end terminates an instance: what is its own goes with it.
func (c *Cloud) end(i *instance, at time.Time) {
	i.state, i.address, i.until = "terminated", "", at.Add(c.options.Record)
	c.volumes = slices.DeleteFunc(c.volumes, func(v *volume) bool { return v.instance == i.id && !i.keepVolume })
	for _, v := range c.volumes {
		if v.instance == i.id {
			v.instance = ""
		}
	}
	c.cards = slices.DeleteFunc(c.cards, func(n *card) bool { return n.instance == i.id })
	if c.options.Ended != nil {
		c.options.Ended(i.id)
	}
}

func (c *Cloud) instance(id string) (*instance, *apiError) {
	for _, i := range c.instances {
		if i.id == id && c.shown(i.made) {
			return i, nil
		}
	}
	if !strings.HasPrefix(id, "i-") {
		return nil, problem("InvalidInstanceID.Malformed", "Invalid id: \""+id+"\"")
	}
	return nil, problem("InvalidInstanceID.NotFound", "The instance ID '"+id+"' does not exist")
}

// parameters are what a token must come with again.
func parameters(form url.Values) string {
	rest := url.Values{}
	for key, value := range form {
		if key != "ClientToken" {
			rest[key] = value
		}
	}
	return rest.Encode()
}

func (c *Cloud) runInstances(form url.Values) ([]string, *apiError) {
	token := form.Get("ClientToken")
	if before, used := c.tokens[token]; used && token != "" {
		return c.again(before, form)
	}
	i, err := c.plan(form)
	if err != nil {
		return nil, err
	}
	c.instances = append(c.instances, i)
	c.volumes = append(c.volumes, &volume{
		id: c.id("vol"), instance: i.id, size: form.Get("BlockDeviceMapping.1.Ebs.VolumeSize"), made: c.now(),
		tags: tagsFor(form, "volume"),
	})
	c.cards = append(c.cards,
		&card{
			id: c.id("eni"), subnet: i.subnet, group: i.group, instance: i.id,
			tags: tagsFor(form, "network-interface"),
		})
	if token != "" {
		c.tokens[token] = launched{parameters(form), i.id}
	}
	c.advance()
	return c.reservation(i), nil
}

// again answers a token that was used before.
func (c *Cloud) again(before launched, form url.Values) ([]string, *apiError) {
	if before.parameters != parameters(form) {
		return nil,
			problem("IdempotentParameterMismatch",
				"The request uses the same client token as a previous, but non-identical request.")
	}
	for _, i := range c.instances {
		if i.id == before.instance && i.state != "terminated" && i.state != "shutting-down" {
			return c.reservation(i), nil
		}
	}
	return nil,
		problem("IdempotentInstanceTerminated", "The client token is that of an instance that has been terminated.")
}

func (c *Cloud) plan(form url.Values) (*instance, *apiError) {
	id, group := form.Get("NetworkInterface.1.SubnetId"), form.Get("NetworkInterface.1.SecurityGroupId.1")
	subnet, err := c.subnet(id)
	if err != nil {
		return nil, err
	}
	if err := c.checkImage(form.Get("ImageId"), form.Get("InstanceType")); err != nil {
		return nil, err
	}
	if _, err := c.group(group); group != "" && err != nil {
		return nil, err
	}
	spot := form.Get("InstanceMarketOptions.MarketType") == "spot"
	typ := form.Get("InstanceType")
	if c.noRoom[typ] || c.noRoom[typ+" "+subnet.zone] || spot && c.noRoom["spot"] {
		return nil,
			problem("InsufficientInstanceCapacity",
				"We currently do not have sufficient "+typ+" capacity in the Availability Zone you requested.")
	}
	userData, decoded := base64.StdEncoding.DecodeString(form.Get("UserData"))
	if decoded != nil || len(userData) > 16<<10 {
		return nil, problem("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	now := c.now()
	return &instance{
		id: c.id("i"), typ: typ, zone: subnet.zone, subnet: id, image: form.Get("ImageId"), group: group,
		token: form.Get("ClientToken"),
		state: "pending", until: now.Add(c.options.Pending), made: now, started: now, spot: spot, userData: userData,
		private:    fmt.Sprintf("10.0.%d.%d", len(c.instances)/250, len(c.instances)%250+4),
		keepVolume: form.Get("BlockDeviceMapping.1.Ebs.DeleteOnTermination") != "true",
		tags:       tagsFor(form, "instance"), form: form,
	}, nil
}

func (c *Cloud) reservation(all ...*instance) []string {
	var items []string
	for _, i := range all {
		items = append(items, i.xml())
	}
	return []string{leaf("reservationId", c.id("r")), leaf("ownerId", owner), list("instancesSet", items)}
}

func stateXML(name, state string) string {
	return element(name, leaf("code", strconv.Itoa(stateCodes[state])), leaf("name", state))
}

func (i *instance) xml() string {
	fields := []string{
		leaf("instanceId", i.id), leaf("imageId", i.image), stateXML("instanceState", i.state),
		leaf("instanceType", i.typ),
		leaf("launchTime", stamp(i.started)), element("placement", leaf("availabilityZone", i.zone)),
		leaf("clientToken", i.token),
		leaf("subnetId", i.subnet), leaf("vpcId", VPC), i.tags.xml(),
	}
	if i.state != "terminated" {
		fields = append(fields, leaf("privateIpAddress", i.private),
			list("groupSet", []string{leaf("groupId", i.group)}))
	}
	if i.address != "" {
		fields = append(fields, leaf("ipAddress", i.address))
	}
	if i.reason != "" {
		cause, _, _ := strings.Cut(i.reason, ":")
		fields = append(fields, element("stateReason", leaf("code", cause), leaf("message", i.reason)))
	}
	if i.spot {
		fields = append(fields, leaf("instanceLifecycle", "spot"))
	}
	return strings.Join(fields, "")
}

func (c *Cloud) describeInstances(form url.Values) ([]string, *apiError) {
	ids := values(form, "InstanceId")
	for _, id := range ids {
		if _, err := c.instance(id); err != nil {
			return nil, err
		}
	}
	if len(ids) > 0 && form.Get("MaxResults") != "" {
		return nil,
			problem("InvalidParameterCombination",
				"The parameter instancesSet cannot be used with the parameter maxResults")
	}
	var items []string
	for _, i := range c.instances {
		ok, err := matches(form, i.tags,
			map[string]string{"instance-state-name": i.state, "instance-id": i.id, "vpc-id": VPC})
		if err != nil {
			return nil, err
		}
		if ok && c.shown(i.made) && (len(ids) == 0 || slices.Contains(ids, i.id)) {
			items = append(items,
				leaf("reservationId", "r-"+i.id[2:])+leaf("ownerId", owner)+list("instancesSet", []string{i.xml()}))
		}
	}
	return c.page(form, items, "reservationSet")
}

// change moves instances from one of some states to another.
func (c *Cloud) change(form url.Values, do func(i *instance) *apiError) ([]string, *apiError) {
	var found []*instance
	for _, id := range values(form, "InstanceId") {
		i, err := c.instance(id)
		if err != nil {
			return nil, err
		}
		found = append(found, i)
	}
	var items []string
	for _, i := range found {
		before := i.state
		if err := do(i); err != nil {
			return nil, err
		}
		items = append(items,
			leaf("instanceId", i.id)+stateXML("currentState", i.state)+stateXML("previousState", before))
	}
	return []string{list("instancesSet", items)}, nil
}

func (c *Cloud) startInstances(form url.Values) ([]string, *apiError) {
	return c.change(form, func(i *instance) *apiError {
		switch i.state {
		case "stopped":
			i.state, i.started, i.until = "pending", c.now(), c.now().Add(c.options.Pending)
		case "pending", "running":
		default:
			return incorrect(i)
		}
		return nil
	})
}

func (c *Cloud) stopInstances(form url.Values) ([]string, *apiError) {
	return c.change(form, func(i *instance) *apiError {
		switch {
		case i.spot:
			return problem("UnsupportedOperation",
				"You can't stop the Spot Instance '"+i.id+
					"' because it is associated with a one-time Spot Instance request.")
		case i.state == "running":
			i.state, i.address, i.until = "stopping", "", c.now().Add(c.options.Ending)
		case i.state != "stopping" && i.state != "stopped":
			return incorrect(i)
		}
		return nil
	})
}

func (c *Cloud) terminateInstances(form url.Values) ([]string, *apiError) {
	return c.change(form, func(i *instance) *apiError {
		if i.state != "terminated" && i.state != "shutting-down" {
			i.state, i.address, i.until = "shutting-down", "", c.now().Add(c.options.Ending)
		}
		return nil
	})
}

func incorrect(i *instance) *apiError {
	return problem("IncorrectInstanceState", "The instance '"+i.id+"' is not in a state from which it can be moved.")
}
