package ec2

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// errForeign says that an instance does not bear offshoot's labels.
var errForeign = errors.New("is not offshoot's")

// Destroy terminates an instance, waits until it is seen to be gone, and
// removes the volumes and interfaces that outlived it.
func (p *Provider) Destroy(ctx context.Context, id string) error {
	i, exists, err := p.confirm(ctx, id)
	if err == nil && exists && !i.ours() {
		err = hint.Usage(fmt.Errorf("instance %w", errForeign), "offshoot touches only what bears its labels")
	}
	if err == nil && exists {
		err = p.destroy(ctx, i)
	}
	if err != nil {
		return fmt.Errorf("destroy %s: %w", id, err)
	}
	return nil
}

// confirm reads an instance, and asks again before it believes that there is
// none: AWS may not show yet what was just made.
func (p *Provider) confirm(ctx context.Context, id string) (i instance, exists bool, err error) {
	deadline := p.clock.Now().Add(propagation)
	for {
		i, exists, err = p.get(ctx, id)
		if exists || err != nil || p.clock.Now().After(deadline) {
			return i, exists, err
		}
		if err := p.clock.Sleep(ctx, propagation/5); err != nil {
			return i, false, err
		}
	}
}

func (p *Provider) destroy(ctx context.Context, i instance) error {
	if !i.gone() {
		if err := p.terminate(ctx, i.ID); err != nil {
			return err
		}
		if err := p.awaitGone(ctx, i.ID); err != nil {
			return err
		}
	}
	remains, err := p.remains(ctx, filter("tag:"+machine.LabelPreview, literal(i.Preview)),
		filter("tag:"+labelGeneration, strconv.Itoa(i.generation)))
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range remains {
		errs = append(errs, p.remove(ctx, r))
	}
	return errors.Join(errs...)
}

// terminate asks for the end of an instance; it is harmless when repeated.
func (p *Provider) terminate(ctx context.Context, id string) error {
	_, err := p.api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
	if err != nil && !notFound(err) {
		return explain("TerminateInstances", err)
	}
	return nil
}

// endPatience is how long an instance may take to shut down.
const endPatience = 10 * time.Minute

func (p *Provider) awaitGone(ctx context.Context, id string) error {
	return p.poll(ctx, endPatience, "wait until it is gone", func() (string, bool, error) {
		i, exists, err := p.get(ctx, id)
		return "it is " + string(i.raw), !exists || i.gone(), err
	})
}

// Stop stops an instance and waits until it is.
func (p *Provider) Stop(ctx context.Context, id string) error {
	i, exists, err := p.confirm(ctx, id)
	switch {
	case err != nil:
	case !exists || !i.alive():
		err = machine.ErrGone
	case !i.ours():
		err = hint.Usage(fmt.Errorf("instance %w", errForeign), "offshoot touches only what bears its labels")
	case i.spot:
		err = hint.Wrap(fmt.Errorf("a spot instance cannot be stopped: %w", machine.ErrFixed),
			"destroy it, or turn ec2.spot off")
	default:
		err = p.stop(ctx, i)
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", id, err)
	}
	return nil
}

func (p *Provider) stop(ctx context.Context, i instance) error {
	if i.State == machine.Starting {
		var err error
		if i, err = p.await(ctx, i, machine.Running); err != nil {
			return err
		}
	}
	if i.State == machine.Running {
		_, err := p.api.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{i.ID}})
		if err != nil {
			return explain("StopInstances", err)
		}
	}
	if i.State == machine.Stopped {
		return nil
	}
	_, err := p.await(ctx, i, machine.Stopped)
	return err
}
