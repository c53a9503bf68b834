package ec2

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Extend changes when a machine expires, zero: never. It neither makes nor
// starts one. The label counts from now on; the machine's own timer learns of
// it from the next Connect.
func (p *Provider) Extend(ctx context.Context, id string, expires time.Time) (machine.Machine, error) {
	i, exists, err := p.confirm(ctx, id)
	switch {
	case err != nil:
	case !exists || !i.alive():
		err = machine.ErrGone
	case !i.ours():
		err = hint.Usage(fmt.Errorf("instance %w", errForeign), "offshoot touches only what bears its labels")
	default:
		err = p.label(ctx, &i, machine.LabelExpires, machine.Spec{Expires: expires}.AllLabels()[machine.LabelExpires])
	}
	if err != nil {
		return machine.Machine{}, fmt.Errorf("extend %s: %w", id, err)
	}
	return i.Machine, nil
}

func (p *Provider) label(ctx context.Context, i *instance, key, value string) error {
	_, err := p.api.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{i.ID}, Tags: []types.Tag{{Key: aws.String(key), Value: aws.String(value)}},
	})
	if err != nil {
		return explain("CreateTags", err)
	}
	i.Labels[key] = value
	i.SetLabels(i.Labels)
	return nil
}
