package standin

import (
	"net/url"
	"slices"
	"time"
)

// LeaveVolume puts a volume into the account that is attached to nothing.
func (c *Cloud) LeaveVolume(made time.Time, tags map[string]string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	v := &volume{id: c.id("vol"), size: "30", made: made, tags: tags}
	c.volumes = append(c.volumes, v)
	return v.id
}

// LeaveInterface puts an interface into the account that is attached to
// nothing.
func (c *Cloud) LeaveInterface(tags map[string]string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := &card{id: c.id("eni"), subnet: "subnet-00", tags: tags}
	c.cards = append(c.cards, n)
	return n.id
}

func attachment(instance string) string {
	if instance == "" {
		return "available"
	}
	return "in-use"
}

func (c *Cloud) describeVolumes(form url.Values) ([]string, *apiError) {
	var items []string
	for _, v := range c.volumes {
		status := attachment(v.instance)
		ok, err := matches(form, v.tags, map[string]string{"status": status, "volume-id": v.id})
		if err != nil {
			return nil, err
		}
		if !ok || !c.shown(v.made) {
			continue
		}
		var attached []string
		if v.instance != "" {
			attached = append(attached,
				leaf("instanceId", v.instance)+leaf("volumeId", v.id)+leaf("status", "attached"))
		}
		items = append(items,
			leaf("volumeId", v.id)+leaf("size", v.size)+leaf("status", status)+leaf("createTime", stamp(v.made))+
				list("attachmentSet", attached)+v.tags.xml())
	}
	return c.page(form, items, "volumeSet")
}

func (c *Cloud) deleteVolume(form url.Values) ([]string, *apiError) {
	id := form.Get("VolumeId")
	n := slices.IndexFunc(c.volumes, func(v *volume) bool { return v.id == id })
	switch {
	case n < 0:
		return nil, problem("InvalidVolume.NotFound", "The volume '"+id+"' does not exist.")
	case c.volumes[n].instance != "":
		return nil, problem("VolumeInUse", "Volume "+id+" is currently attached to "+c.volumes[n].instance)
	}
	c.volumes = slices.Delete(c.volumes, n, n+1)
	return []string{leaf("return", "true")}, nil
}

func (c *Cloud) describeCards(form url.Values) ([]string, *apiError) {
	var items []string
	for _, n := range c.cards {
		status := attachment(n.instance)
		ok, err := matches(form, n.tags,
			map[string]string{"status": status, "network-interface-id": n.id, "group-id": n.group})
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		item := leaf("networkInterfaceId", n.id) + leaf("subnetId", n.subnet) + leaf("status", status) + n.tags.xml()
		if n.instance != "" {
			item += element("attachment", leaf("attachmentId", "eni-attach-"+n.id[4:]), leaf("instanceId", n.instance),
				leaf("status", "attached"))
		}
		items = append(items, item)
	}
	return c.page(form, items, "networkInterfaceSet")
}

func (c *Cloud) deleteCard(form url.Values) ([]string, *apiError) {
	id := form.Get("NetworkInterfaceId")
	n := slices.IndexFunc(c.cards, func(n *card) bool { return n.id == id })
	switch {
	case n < 0:
		return nil, problem("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '"+id+"' does not exist")
	case c.cards[n].instance != "":
		return nil, problem("InvalidParameterValue", "Network interface '"+id+"' is currently in use.")
	}
	c.cards = slices.Delete(c.cards, n, n+1)
	return []string{leaf("return", "true")}, nil
}

func (c *Cloud) createTags(form url.Values) ([]string, *apiError) {
	for _, id := range values(form, "ResourceId") {
		i, err := c.instance(id)
		if err != nil {
			return nil, err
		}
		i.tags.read(form, "Tag")
	}
	return []string{leaf("return", "true")}, nil
}

// Launch puts a running instance with these tags into the account.
func (c *Cloud) Launch(t map[string]string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	i := &instance{
		id: c.id("i"), typ: "t3.large", zone: zones[0], state: "running", made: c.now(), started: c.now(),
		address: "203.0.113.9", tags: t,
	}
	c.instances = append(c.instances, i)
	return i.id
}
