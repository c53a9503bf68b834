package ec2

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// labelBaked is on images that were baked and on their snapshots: when.
const labelBaked = "dev.offshoot.baked"

// An Image is one that was baked of a machine.
type Image struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Created   time.Time         `json:"created,omitzero"`
	Labels    map[string]string `json:"labels,omitempty"`
	Snapshots []string          `json:"snapshots,omitempty"`
	state     types.ImageState
	reason    string
}

// bakePatience is how long AWS may take to copy a disk.
const bakePatience = 40 * time.Minute

// Bake makes an image of a machine, which is stopped first, and returns when
// other machines can be made of it. The image and the copy of its disk bear the
// machine's labels, but for those that are of the machine alone, from the very
// call that makes them. One that failed is removed. Where ctx ends first, the
// image is left, which Images shows.
func (p *Provider) Bake(ctx context.Context, m machine.Machine) (Image, error) {
	im, err := p.bake(ctx, m)
	if err != nil {
		return Image{}, fmt.Errorf("bake %s: %w", m.ID, err)
	}
	return im, nil
}

func (p *Provider) bake(ctx context.Context, m machine.Machine) (Image, error) {
	if err := p.Stop(ctx, m.ID); err != nil {
		return Image{}, err
	}
	labels := maps.Clone(m.Labels)
	for _, own := range []string{machine.LabelExpires, labelGeneration, labelHostKey} {
		delete(labels, own)
	}
	labels[labelBaked] = p.clock.Now().UTC().Format(time.RFC3339)
	if err := checkLabels(labels); err != nil {
		return Image{}, err
	}
	id, err := p.createImage(ctx, m, labels)
	if err != nil {
		return Image{}, err
	}
	im, err := p.awaitImage(ctx, id)
	if err != nil && im.state == types.ImageStateFailed {
		err = errors.Join(err, p.RemoveImage(ctx, im))
	}
	return im, err
}

// imageName is unique in the account, since it is the only thing that keeps a
// repeated call from making a second image: there is no token for it.
func imageName(m machine.Machine) string { return "offshoot " + m.Preview + " " + m.ID }

func (p *Provider) createImage(ctx context.Context, m machine.Machine, labels map[string]string) (string, error) {
	name, tags := imageName(m), tagsOf(labels)
	output, err := p.api.CreateImage(ctx, &ec2.CreateImageInput{
		// it is stopped
		InstanceId: &m.ID, Name: &name, Description: aws.String("baked by offshoot for " + m.Repository),
		NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{
			{ResourceType: types.ResourceTypeImage, Tags: tags}, {ResourceType: types.ResourceTypeSnapshot, Tags: tags},
		},
	})
	switch {
	case isCode(err, "InvalidAMIName.Duplicate"): // the answer of an earlier try was lost
		return p.imageNamed(ctx, name)
	case err != nil:
		return "", explain("CreateImage", err)
	}
	return aws.ToString(output.ImageId), nil
}

func (p *Provider) imageNamed(ctx context.Context, name string) (id string, err error) {
	err = p.poll(ctx, propagation, "wait for the image", func() (string, bool, error) {
		found, err := p.images(ctx, filter("name", literal(name)))
		if len(found) > 0 {
			id = found[0].ID
		}
		return "AWS does not show it", id != "", err
	})
	return id, err
}

// awaitImage waits until an image can be used, and returns what it saw last.
func (p *Provider) awaitImage(ctx context.Context, id string) (im Image, err error) {
	begun := p.clock.Now()
	err = p.poll(ctx, bakePatience, "wait until "+id+" is available", func() (string, bool, error) {
		found, exists, err := p.imageByID(ctx, id)
		switch {
		case err != nil:
			return "", false, err
		case !exists && p.clock.Now().Sub(begun) > propagation:
			return "", false, errors.New("AWS no longer knows the image " + id)
		case !exists:
			return "AWS does not show it yet", false, nil
		}
		im = found
		if im.state == types.ImageStateFailed {
			return "", false,
				hint.Wrap(fmt.Errorf("AWS could not make the image: %s", im.reason),
					"retry; where it names a quota, remove old AMIs with offshoot bake --prune")
		}
		return "it is " + string(im.state), im.state == types.ImageStateAvailable, nil
	})
	return im, err
}

func (p *Provider) imageByID(ctx context.Context, id string) (Image, bool, error) {
	output, err := p.api.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
	if notFound(err) {
		return Image{}, false, nil
	}
	if err != nil || len(output.Images) == 0 {
		return Image{}, false, explain("DescribeImages", err)
	}
	return bakedOf(output.Images[0]), true, nil
}

func bakedOf(raw types.Image) Image {
	im := Image{
		ID: aws.ToString(raw.ImageId), Name: aws.ToString(raw.Name), Labels: labelsOf(raw.Tags),
		state: raw.State,
	}
	im.Created, _ = time.Parse(time.RFC3339, aws.ToString(raw.CreationDate))
	if raw.StateReason != nil {
		im.reason = aws.ToString(raw.StateReason.Message)
	}
	for _, device := range raw.BlockDeviceMappings {
		if device.Ebs != nil && device.Ebs.SnapshotId != nil {
			im.Snapshots = append(im.Snapshots, *device.Ebs.SnapshotId)
		}
	}
	return im
}
