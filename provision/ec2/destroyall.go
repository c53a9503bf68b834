package ec2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// mostTerminated is how many instances EC2 terminates in one call.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
const mostTerminated = 1000

// DestroyAll is Destroy for each of the instances, and waits for all of them at
// once. What no list of offshoot's instances shows is left to Destroy, which
// does not believe one such list.
func (p *Provider) DestroyAll(ctx context.Context, ids []string) []error {
	found, err := p.byID(ctx)
	if err != nil {
		return slices.Repeat([]error{err}, len(ids))
	}
	errs := make([]error, len(ids))
	together := []instance{}
	for i, id := range ids {
		if one, ok := found[id]; ok {
			together = append(together, one)
		} else {
			errs[i] = p.Destroy(ctx, id)
		}
	}
	outcome := map[string]error{}
	for part := range slices.Chunk(together, mostTerminated) {
		p.destroyPart(ctx, part, outcome)
	}
	for i, id := range ids {
		if _, ok := found[id]; ok && outcome[id] != nil {
			errs[i] = fmt.Errorf("destroy %s: %w", id, outcome[id])
		}
	}
	return errs
}

// byID are all instances of offshoot's, also those that are gone and still on
// record.
func (p *Provider) byID(ctx context.Context) (map[string]instance, error) {
	list, err := p.find(ctx, machine.Filter{})
	if err != nil {
		return nil, err
	}
	found := make(map[string]instance, len(list))
	for _, i := range list {
		found[i.ID] = i
	}
	return found, nil
}

// destroyPart terminates instances in one call. EC2 does all of it or nothing:
// one that it refuses is found by asking for each.
func (p *Provider) destroyPart(ctx context.Context, part []instance, outcome map[string]error) {
	var ids []string
	for _, i := range part {
		if !i.gone() {
			ids = append(ids, i.ID)
		}
	}
	if len(ids) > 0 {
		if _, err := p.api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: ids}); err != nil {
			for _, id := range ids {
				outcome[id] = p.terminate(ctx, id)
			}
		}
		p.awaitAllGone(ctx, ids, outcome)
	}
	p.removeRemains(ctx, part, outcome)
}

// awaitAllGone waits for those that were terminated.
func (p *Provider) awaitAllGone(ctx context.Context, ids []string, outcome map[string]error) {
	waiting := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return outcome[id] != nil })
	err := p.poll(ctx, endPatience, "wait until it is gone", func() (string, bool, error) {
		if len(waiting) == 0 {
			return "", true, nil
		}
		found, err := p.byID(ctx)
		if err != nil {
			return "", false, err
		}
		waiting = slices.DeleteFunc(waiting, func(id string) bool {
			i, exists := found[id]
			if !exists { // which is rare, and a list proves nothing
				var failed error
				i, exists, failed = p.get(ctx, id)
				err = errors.Join(err, failed)
				exists = exists || failed != nil
			}
			return !exists || i.gone()
		})
		return strconv.Itoa(len(waiting)) + " are not", len(waiting) == 0, err
	})
	for _, id := range waiting {
		outcome[id] = errors.Join(outcome[id], err)
	}
}

// removeRemains removes what outlived instances that are gone.
func (p *Provider) removeRemains(ctx context.Context, part []instance, outcome map[string]error) {
	gone := map[string]string{} // preview and generation to the instance
	for _, i := range part {
		if outcome[i.ID] == nil {
			gone[key(i.Preview, i.generation)] = i.ID
		}
	}
	remains, err := p.remains(ctx, filter("tag-key", machine.LabelPreview))
	for _, id := range gone {
		outcome[id] = err
	}
	for _, r := range remains {
		if id, ok := gone[key(r.Preview, r.generation)]; ok {
			outcome[id] = errors.Join(outcome[id], p.remove(ctx, r))
		}
	}
}

func key(preview string, generation int) string { return preview + "/" + strconv.Itoa(generation) }
