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

// An image is what a machine boots from.
type image struct {
	id   string // of an AMI, or resolve:ssm: and the parameter that names the newest
	root string // the device of its root volume
}

// newest are public parameters of AWS's that name the newest image, which
// RunInstances looks up itself:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
var newest = map[string]map[types.ArchitectureType]image{
	Ubuntu: {
		types.ArchitectureTypeX8664: {"resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id", "/dev/sda1"},
		types.ArchitectureTypeArm64: {"resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id", "/dev/sda1"},
	},
	AmazonLinux: {
		types.ArchitectureTypeX8664: {"resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "/dev/xvda"},
		types.ArchitectureTypeArm64: {"resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", "/dev/xvda"},
	},
}

// image finds what the configured types can boot.
func (p *Provider) image(ctx context.Context) (image, error) {
	architecture, err := p.architecture(ctx)
	if err != nil {
		return image{}, err
	}
	if known, ok := newest[p.options.Image]; ok {
		return known[architecture], nil
	}
	output, err := p.api.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{p.options.Image}})
	if err != nil {
		return image{}, explain("DescribeImages", err)
	}
	if len(output.Images) == 0 {
		return image{},
			hint.Usage(fmt.Errorf("there is no image %s", p.options.Image),
				"AMIs belong to one region: check ec2.image and ec2.region")
	}
	return imageOf(output.Images[0], architecture, p.options)
}

func imageOf(found types.Image, architecture types.ArchitectureType, o Options) (image, error) {
	switch {
	case string(found.Architecture) != string(architecture):
		return image{},
			hint.Usage(fmt.Errorf("image %s is for %s, and the types %s are %s", o.Image, found.Architecture,
				strings.Join(o.Types, ", "), architecture),
				"change ec2.image or ec2.type")
	case found.State != types.ImageStateAvailable:
		return image{},
			hint.Usage(fmt.Errorf("image %s is %s", o.Image, found.State),
				"wait until it is available, or change ec2.image")
	case found.RootDeviceType != types.DeviceTypeEbs:
		return image{}, hint.Usage(fmt.Errorf("image %s has no EBS volume for its root", o.Image), "change ec2.image")
	}
	root := aws.ToString(found.RootDeviceName)
	for _, device := range found.BlockDeviceMappings {
		if aws.ToString(device.DeviceName) != root || device.Ebs == nil {
			continue
		}
		if size := aws.ToInt32(device.Ebs.VolumeSize); int(size) > o.Disk {
			return image{},
				hint.Usage(fmt.Errorf("image %s needs a disk of %d GB", o.Image, size), "set ec2.disk to %d or more",
					size)
		}
	}
	return image{o.Image, root}, nil
}

// architecture is the one that all configured types share.
func (p *Provider) architecture(ctx context.Context) (types.ArchitectureType, error) {
	input := &ec2.DescribeInstanceTypesInput{}
	for _, name := range p.options.Types {
		input.InstanceTypes = append(input.InstanceTypes, types.InstanceType(name))
	}
	output, err := p.api.DescribeInstanceTypes(ctx, input)
	if err != nil {
		return "", explain("DescribeInstanceTypes", err)
	}
	for _, candidate := range []types.ArchitectureType{types.ArchitectureTypeX8664, types.ArchitectureTypeArm64} {
		if len(output.InstanceTypes) > 0 &&
			!slices.ContainsFunc(output.InstanceTypes, func(info types.InstanceTypeInfo) bool {
				return info.ProcessorInfo == nil ||
					!slices.Contains(info.ProcessorInfo.SupportedArchitectures, candidate)
			}) {
			return candidate, nil
		}
	}
	return "",
		hint.Usage(fmt.Errorf("the types %s have no architecture in common", strings.Join(p.options.Types, ", ")),
			"name types in ec2.type that are all amd64 or all arm64")
}
