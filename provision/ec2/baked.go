package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Images lists what was baked for a repository, oldest first, also what is
// still being made.
func (p *Provider) Images(ctx context.Context, repository string) ([]Image, error) {
	return p.images(ctx, bakedFor(repository)...)
}

// LabelBase is on images that were baked: what the machine was made from.
const LabelBase = "dev.offshoot.base"

// Base is what to begin with for an image: the given one, or where that was
// baked what it began with, so that no image grows out of the last one.
func (p *Provider) Base(ctx context.Context, image string) (string, error) {
	if !amiID.MatchString(image) {
		return cmp.Or(image, Ubuntu), nil
	}
	found, exists, err := p.imageByID(ctx, image)
	if err != nil || !exists || found.Labels[labelBaked] == "" {
		return image, err
	}
	return cmp.Or(found.Labels[LabelBase], Ubuntu), nil
}

func bakedFor(repository string) []types.Filter {
	return append(tagFilters(machine.Filter{Repository: repository}), filter("tag-key", labelBaked))
}

func (p *Provider) images(ctx context.Context, filters ...types.Filter) ([]Image, error) {
	pages := ec2.NewDescribeImagesPaginator(p.api, &ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: filters})
	var found []Image
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain("DescribeImages", err)
		}
		for _, raw := range page.Images {
			found = append(found, bakedOf(raw))
		}
	}
	slices.SortFunc(found,
		func(a, b Image) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return found, nil
}

// Prune removes the images of a repository that are older than the one to
// keep, and copies of disks that lost their image. It goes on after one that
// cannot be removed.
func (p *Provider) Prune(ctx context.Context, repository string, keep Image) (removed []Image, err error) {
	// The copies first: one that is made in between has an image in the list.
	copies, err := p.snapshots(ctx, repository)
	if err != nil {
		return nil, err
	}
	all, err := p.Images(ctx, repository)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, im := range all {
		delete(copies, im.Labels[machine.LabelPreview])
		if im.ID == keep.ID || !im.Created.Before(keep.Created) {
			continue
		}
		if err := p.RemoveImage(ctx, im); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, im)
	}
	for _, lost := range copies {
		errs = append(errs, p.deleteSnapshots(ctx, lost))
	}
	return removed, errors.Join(errs...)
}

// RemoveImage removes an image, and then the copies of disks that it was made
// of. It refuses one that was not baked.
func (p *Provider) RemoveImage(ctx context.Context, im Image) error {
	if im.Labels[labelBaked] == "" {
		return hint.Usage(fmt.Errorf("image %s was not baked by offshoot", im.ID),
			"offshoot touches only what bears its labels")
	}
	_, err := p.api.DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: &im.ID})
	if err != nil && !notFound(err) && !isCode(err, "InvalidAMIID.Unavailable") {
		return fmt.Errorf("remove image %s: %w", im.ID, explain("DeregisterImage", err))
	}
	if err := p.deleteSnapshots(ctx, im.Snapshots); err != nil {
		return fmt.Errorf("remove image %s: %w", im.ID, err)
	}
	return nil
}

func (p *Provider) deleteSnapshots(ctx context.Context, ids []string) error {
	var errs []error
	for _, id := range ids {
		_, err := p.api.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: &id})
		errs = append(errs, explain("DeleteSnapshot", unlessGone(err)))
	}
	return errors.Join(errs...)
}

// snapshots are the copies of disks that were baked for a repository, by the
// preview of the machine: an image and its copies have the same.
func (p *Provider) snapshots(ctx context.Context, repository string) (map[string][]string, error) {
	pages := ec2.NewDescribeSnapshotsPaginator(p.api, &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"}, Filters: bakedFor(repository), MaxResults: aws.Int32(500),
	})
	found := map[string][]string{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain("DescribeSnapshots", err)
		}
		for _, s := range page.Snapshots {
			if preview := labelsOf(s.Tags)[machine.LabelPreview]; preview != "" {
				found[preview] = append(found[preview], aws.ToString(s.SnapshotId))
			}
		}
	}
	return found, nil
}
