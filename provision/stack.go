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
func (h *shape) copyAndKeep(ctx context.Context) error {
	err := h.prepareCopies(ctx)
	if err == nil {
		h.beginKeeper(ctx, h.held)
	}
	return err
}

// stackIn is the stack, of which is told as of the context's step.
func (h *shape) stackIn(ctx context.Context) *compose.Stack {
	step := h.stepIn(ctx)
	return h.stack.Load().Observed(func(e compose.Event) { h.follow(step, e) })
}

// createAll makes the containers of all services while the database is not yet
// what they expect: to make them takes longer than to start them.
func (h *shape) createAll(ctx context.Context) error {
	if err := h.settleDatabase(ctx); err != nil {
		return err
	}
	return h.failed(ctx, h.stackIn(ctx).Create(ctx, h.started...))
}

func (h *shape) startAll(ctx context.Context) error {
	return h.failed(ctx, h.stackIn(ctx).Start(ctx, h.started...))
}

// container is that of a service of the next generation. It is asked for again
// and again, so that nothing else is looked for.
func (h *shape) container(ctx context.Context, service string) (seenContainer, error) {
	found, err := h.Docker.Client().ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labelPreview+"="+h.next.Preview.ID), filters.Arg("label", composeService+"="+service),
	)})
	if err != nil {
		return seenContainer{}, fmt.Errorf("list containers: %w", err)
	}
	var s survey
	for _, c := range found {
		s.containers = append(s.containers, seenContainerOf(c))
	}
	for _, c := range s.containersOf(h.next.Preview.ID, h.next.Number) {
		if c.service() == service {
			return c, nil
		}
	}
	return seenContainer{}, fmt.Errorf("service %s has no container", service)
}

// stepFailed is the failure of a service in this step, with the end of its log.
func (f *filling) stepFailed(ctx context.Context, service string, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var log bytes.Buffer
	step := &StepError{Step: f.stepIn(ctx), Service: service, Err: err}
	if service == f.next.Database && f.nursery.service != "" {
		service = f.nursery.service
	}
	end := compose.LogOptions{Services: []string{service}, Tail: 20}
	if f.stack.Load().Logs(ctx, end, &log) == nil && log.Len() > 0 {
		step.Tail = strings.Split(strings.TrimSpace(log.String()), "\n")
	}
	return step
}
