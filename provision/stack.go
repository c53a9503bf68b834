package provision

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/offshoot-dev/offshoot/compose"
)

// copyAndKeep prepares the copies, and has what they lie in kept from then on.
func (r *run) copyAndKeep(ctx context.Context) error {
	err := r.prepareCopies(ctx)
	if err == nil {
		r.beginKeeper(ctx, r.held)
	}
	return err
}

// stackIn is the stack, of which is told as of the context's step.
func (r *run) stackIn(ctx context.Context) *compose.Stack {
	step := r.stepIn(ctx)
	return r.stack.Load().Observed(func(e compose.Event) { r.follow(step, e) })
}

// createAll makes the containers of all services while the database is not yet
// what they expect: to make them takes longer than to start them.
func (r *run) createAll(ctx context.Context) error {
	if err := r.settleDatabase(ctx); err != nil {
		return err
	}
	return r.failed(ctx, r.stackIn(ctx).Create(ctx, r.started...))
}

func (r *run) startAll(ctx context.Context) error {
	return r.failed(ctx, r.stackIn(ctx).Start(ctx, r.started...))
}

// container is that of a service of the next generation. It is asked for again
// and again, so that nothing else is looked for.
func (r *run) container(ctx context.Context, service string) (seenContainer, error) {
	found, err := r.Docker.Client().ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labelPreview+"="+r.next.Preview.ID), filters.Arg("label", composeService+"="+service),
	)})
	if err != nil {
		return seenContainer{}, fmt.Errorf("list containers: %w", err)
	}
	var s survey
	for _, c := range found {
		s.containers = append(s.containers, seenContainerOf(c))
	}
	for _, c := range s.containersOf(r.next.Preview.ID, r.next.Number) {
		if c.service() == service {
			return c, nil
		}
	}
	return seenContainer{}, fmt.Errorf("service %s has no container", service)
}

// stepFailed is the failure of a service in this step, with the end of its log.
func (r *run) stepFailed(ctx context.Context, service string, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var log bytes.Buffer
	step := &StepError{Step: r.stepIn(ctx), Service: service, Err: err}
	if service == r.next.Database && r.nursery.service != "" {
		service = r.nursery.service
	}
	end := compose.LogOptions{Services: []string{service}, Tail: 20}
	if r.stack.Load().Logs(ctx, end, &log) == nil && log.Len() > 0 {
		step.Tail = strings.Split(strings.TrimSpace(log.String()), "\n")
	}
	return step
}
