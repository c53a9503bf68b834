package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// A Leftover is a volume or an interface of offshoot's that is attached to
// nothing, or a security group that nothing is in. AWS removes the first two
// with their instance, unless something went wrong.
type Leftover struct {
	Kind    string    `json:"kind"` // volume, interface, security group
	ID      string    `json:"id"`
	Preview string    `json:"preview"`
	Created time.Time `json:"created,omitzero"` // AWS does not say it of interfaces

	generation int // of the machine
}

const (
	kindVolume    = "volume"
	kindInterface = "interface"
	kindGroup     = "security group"
)

// Leftovers finds what instances that pass the filter have left behind. That they are attached to
// nothing is what AWS says of each of them, and does not follow from a list
// of instances, which may be empty for other reasons. A volume that is
// younger than the given age may be one that is just being attached.
func (p *Provider) Leftovers(ctx context.Context, f machine.Filter, age time.Duration) ([]Leftover, error) {
	found, err := p.remains(ctx, tagFilters(f)...)
	if err != nil {
		return nil, err
	}
	now := p.clock.Now()
	return slices.DeleteFunc(found, func(l Leftover) bool { return !l.Created.IsZero() && now.Sub(l.Created) < age }),
		nil
}

// LeftoversOf finds those of a repository: of its name, and where its forge's
// number is known of any name that it had. See Leftovers.
func (p *Provider) LeftoversOf(ctx context.Context, repository, number string, age time.Duration) ([]Leftover, error) {
	found, err := p.Leftovers(ctx, machine.Filter{Repository: repository}, age)
	if err != nil || number == "" || repository == "" {
		return found, err
	}
	numbered, err := p.Leftovers(ctx, machine.Filter{Number: number}, age)
	if err != nil {
		return nil, err
	}
	for _, l := range numbered {
		if !slices.ContainsFunc(found, func(known Leftover) bool { return known.Kind == l.Kind && known.ID == l.ID }) {
			found = append(found, l)
		}
	}
	return found, nil
}

// Remove removes a leftover; it is done when it is gone already. AWS refuses
// what has been attached since.
func (p *Provider) Remove(ctx context.Context, l Leftover) error { return p.remove(ctx, l) }

func (p *Provider) remains(ctx context.Context, filters ...types.Filter) ([]Leftover, error) {
	volumes, err := p.looseVolumes(ctx, filters)
	if err != nil {
		return nil, err
	}
	interfaces, err := p.looseInterfaces(ctx, filters)
	if err != nil {
		return nil, err
	}
	found := slices.Concat(volumes, interfaces)
	slices.SortFunc(found,
		func(a, b Leftover) int { return cmp.Or(cmp.Compare(a.Preview, b.Preview), cmp.Compare(a.ID, b.ID)) })
	return found, nil
}

func (p *Provider) looseVolumes(ctx context.Context, filters []types.Filter) ([]Leftover, error) {
	pages := ec2.NewDescribeVolumesPaginator(p.api, &ec2.DescribeVolumesInput{
		Filters: append([]types.Filter{filter("status", "available")}, filters...), MaxResults: aws.Int32(500),
	})
	var found []Leftover
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain("DescribeVolumes", err)
		}
		for _, v := range page.Volumes {
			l := leftover(kindVolume, v.VolumeId, v.Tags)
			if l.Preview != "" && v.State == types.VolumeStateAvailable && len(v.Attachments) == 0 {
				l.Created = aws.ToTime(v.CreateTime)
				found = append(found, l)
			}
		}
	}
	return found, nil
}

func (p *Provider) looseInterfaces(ctx context.Context, filters []types.Filter) ([]Leftover, error) {
	pages := ec2.NewDescribeNetworkInterfacesPaginator(p.api, &ec2.DescribeNetworkInterfacesInput{
		Filters: append([]types.Filter{filter("status", "available")}, filters...), MaxResults: aws.Int32(500),
	})
	var found []Leftover
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain("DescribeNetworkInterfaces", err)
		}
		for _, n := range page.NetworkInterfaces {
			l := leftover(kindInterface, n.NetworkInterfaceId, n.TagSet)
			if l.Preview != "" && n.Status == types.NetworkInterfaceStatusAvailable && n.Attachment == nil {
				found = append(found, l)
			}
		}
	}
	return found, nil
}

func leftover(kind string, id *string, tags []types.Tag) Leftover {
	labels := labelsOf(tags)
	l := Leftover{Kind: kind, ID: aws.ToString(id), Preview: labels[machine.LabelPreview]}
	l.generation, _ = strconv.Atoi(labels[labelGeneration])
	return l
}

func (p *Provider) remove(ctx context.Context, l Leftover) error {
	var err error
	switch l.Kind {
	case kindVolume:
		_, err = p.api.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: &l.ID})
		err = explain("DeleteVolume", unlessGone(err))
	case kindInterface:
		_, err = p.api.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &l.ID})
		err = explain("DeleteNetworkInterface", unlessGone(err))
	case kindGroup:
		_, err = p.api.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &l.ID})
		if isCode(err, "DependencyViolation") {
			return fmt.Errorf("remove %s: %w", l.ID, ErrInUse)
		}
		err = explain("DeleteSecurityGroup", unlessGone(err))
	default:
		return fmt.Errorf("remove %s: a %q is no leftover", l.ID, l.Kind)
	}
	if err != nil {
		return fmt.Errorf("remove %s %s: %w", l.Kind, l.ID, err)
	}
	return nil
}

// ErrInUse says that a leftover has come into use again.
var ErrInUse = errors.New("it is in use again")

// UnusedGroups finds the shared security groups that nothing is in, of whatever
// repository. An Ensure that loses one to somebody who removes it makes it
// anew.
func (p *Provider) UnusedGroups(ctx context.Context) ([]Leftover, error) {
	output, err := p.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []types.Filter{filter("group-name", groupName), filter("tag-key", labelGroup)},
	})
	if err != nil {
		return nil, explain("DescribeSecurityGroups", err)
	}
	var unused []Leftover
	for _, group := range output.SecurityGroups {
		id := aws.ToString(group.GroupId)
		members, err := p.api.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{
			Filters: []types.Filter{filter("group-id", id)}, MaxResults: aws.Int32(5),
		})
		if err != nil {
			return nil, explain("DescribeNetworkInterfaces", err)
		}
		if len(members.NetworkInterfaces) == 0 {
			unused = append(unused, Leftover{Kind: kindGroup, ID: id})
		}
	}
	return unused, nil
}

// RemoveGroups removes the shared security groups that nothing is in. One that
// has just come into use is kept, which AWS sees to.
func (p *Provider) RemoveGroups(ctx context.Context) (removed []string, err error) {
	unused, err := p.UnusedGroups(ctx)
	errs := []error{err}
	for _, group := range unused {
		err := p.remove(ctx, group)
		switch {
		case errors.Is(err, ErrInUse):
		case err != nil:
			errs = append(errs, err)
		default:
			removed = append(removed, group.ID)
		}
	}
	return removed, errors.Join(errs...)
}

func unlessGone(err error) error {
	if notFound(err) {
		return nil
	}
	return err
}
