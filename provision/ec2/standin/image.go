package standin

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// A baked image and the copy of its disk, each of which may be gone.
type baked struct {
	id, name, snapshot string
	architecture, size string
	made, ready        time.Time
	failed             string // why, when it is ready
	noImage, noCopy    bool
	tags, copyTags     tags
}

func (b *baked) left() []string {
	var left []string
	if !b.noImage {
		left = append(left, b.id)
	}
	if !b.noCopy {
		left = append(left, b.snapshot)
	}
	return left
}

func (c *Cloud) bakedImage(id string) *baked {
	for _, b := range c.baked {
		if b.id == id && !b.noImage && c.shown(b.made) {
			return b
		}
	}
	return nil
}

func (b *baked) checkUse(architecture string) *apiError {
	if b.architecture != architecture {
		return problem("InvalidParameterValue",
			"The architecture of the specified instance type does not match that of the AMI.")
	}
	return nil
}

func (b *baked) state(now time.Time) string {
	switch {
	case now.Before(b.ready):
		return "pending"
	case b.failed != "":
		return "failed"
	}
	return "available"
}

// FailBake lets every image that is made from now on fail, with that reason.
func (c *Cloud) FailBake(reason string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.failBake = reason
}

func (c *Cloud) createImage(form url.Values) ([]string, *apiError) {
	i, err := c.instance(form.Get("InstanceId"))
	if err != nil {
		return nil, err
	}
	if i.state != "running" && i.state != "stopped" {
		return nil, incorrect(i)
	}
	name := form.Get("Name")
	if len(name) < 3 || len(name) > 128 ||
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789()[] ./-'@_") != "" {
		return nil, problem("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long")
	}
	if n := slices.IndexFunc(c.baked, func(b *baked) bool { return b.name == name && !b.noImage }); n >= 0 {
		return nil, problem("InvalidAMIName.Duplicate", "AMI name "+name+" is already in use by AMI "+c.baked[n].id)
	}
	b := &baked{
		id: c.id("ami"), name: name, snapshot: c.id("snap"), architecture: architectures[i.typ],
		size: i.form.Get("BlockDeviceMapping.1.Ebs.VolumeSize"),
		made: c.now(), ready: c.now().Add(c.options.Baking), failed: c.failBake, tags: tagsFor(form, "image"),
		copyTags: tagsFor(form, "snapshot"),
	}
	c.baked = append(c.baked, b)
	return []string{leaf("imageId", b.id)}, nil
}

func (c *Cloud) deregisterImage(form url.Values) ([]string, *apiError) {
	b := c.bakedImage(form.Get("ImageId"))
	if b == nil {
		return nil, problem("InvalidAMIID.Unavailable", "The image ID '"+form.Get("ImageId")+"' is no longer available")
	}
	b.noImage = true
	return []string{leaf("return", "true")}, nil
}

func (c *Cloud) deleteSnapshot(form url.Values) ([]string, *apiError) {
	id := form.Get("SnapshotId")
	n := slices.IndexFunc(c.baked, func(b *baked) bool { return b.snapshot == id && !b.noCopy })
	switch {
	case n < 0:
		return nil, problem("InvalidSnapshot.NotFound", "The snapshot '"+id+"' does not exist.")
	case !c.baked[n].noImage:
		return nil, problem("InvalidSnapshot.InUse", "The snapshot "+id+" is currently in use by "+c.baked[n].id)
	}
	c.baked[n].noCopy = true
	return []string{leaf("return", "true")}, nil
}

func (c *Cloud) describeSnapshots(form url.Values) ([]string, *apiError) {
	var items []string
	for _, b := range c.baked {
		ok, err := matches(form, b.copyTags, map[string]string{"snapshot-id": b.snapshot})
		if err != nil {
			return nil, err
		}
		if ok && !b.noCopy && c.shown(b.made) {
			items = append(items,
				leaf("snapshotId", b.snapshot)+leaf("startTime", stamp(b.made))+leaf("status", "completed")+
					b.copyTags.xml())
		}
	}
	return c.page(form, items, "snapshotSet")
}

// A picture is an image that an instance can be made from.
type picture struct {
	id, architecture, state, size string
}

var pictures = []picture{
	{AMI, "x86_64", "available", "8"},
	{ArmAMI, "arm64", "available", "8"},
	{LargeAMI, "x86_64", "available", "64"},
	{BrokenAMI, "x86_64", "failed", "8"},
}

func (c *Cloud) describeImages(form url.Values) ([]string, *apiError) {
	ids := values(form, "ImageId")
	var items []string
	for _, id := range ids {
		n := slices.IndexFunc(pictures, func(p picture) bool { return p.id == id })
		switch {
		case n >= 0:
			items = append(items, pictures[n].xml())
		case c.bakedImage(id) == nil:
			return nil, problem("InvalidAMIID.NotFound", "The image id '["+id+"]' does not exist")
		}
	}
	for _, b := range c.baked {
		ok, err := matches(form, b.tags, map[string]string{"name": b.name})
		if err != nil {
			return nil, err
		}
		if ok && c.bakedImage(b.id) != nil && (len(ids) == 0 || slices.Contains(ids, b.id)) {
			items = append(items, b.xml(c.now()))
		}
	}
	return c.page(form, items, "imagesSet")
}

func (p picture) xml() string {
	return leaf("imageId", p.id) + leaf("imageState", p.state) + leaf("architecture", p.architecture) +
		leaf("rootDeviceType", "ebs") +
		leaf("rootDeviceName", "/dev/sda1") +
		list("blockDeviceMapping",
			[]string{leaf("deviceName", "/dev/sda1") + element("ebs", leaf("volumeSize", p.size))})
}

func (b *baked) xml(now time.Time) string {
	state := b.state(now)
	reason := ""
	if state == "failed" {
		reason = element("stateReason", leaf("code", "Client.InternalError"), leaf("message", b.failed))
	}
	disk := leaf("deviceName", "/dev/sda1") + element("ebs", leaf("volumeSize", b.size), leaf("snapshotId", b.snapshot))
	return leaf("imageId", b.id) + leaf("name", b.name) + leaf("imageState", state) +
		leaf("architecture", b.architecture) + leaf("rootDeviceType", "ebs") +
		leaf("rootDeviceName", "/dev/sda1") + leaf("creationDate", stamp(b.made)) +
		list("blockDeviceMapping", []string{disk}) + reason + b.tags.xml()
}
