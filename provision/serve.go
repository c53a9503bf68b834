package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// startGateway makes the gateway run and lets it show that the preview is
// being made. Where another generation serves there is nothing else to show.
func (r *run) startGateway(ctx context.Context) error {
	var at entrance
	err := r.underGatewayLock(ctx, r.engineID, func() error {
		current, _, err := r.findGateway(ctx)
		if err != nil {
			return err
		}
		ran := current.ContainerJSONBase != nil && current.State.Running
		if err := r.ensureGateway(ctx); err != nil {
			return err
		}
		if at, err = r.entrance(ctx); err != nil || ran && r.serving.Number > 0 && !r.mended {
			return err
		}
		return r.syncGateway(ctx)
	})
	if err != nil {
		return err
	}
	if at != r.at { // the services would be told a wrong address
		return hint.Wrap(fmt.Errorf("another run moved the gateway from %s to %s", r.at, at), "run offshoot up again")
	}
	r.result.Links = r.next.links(at)
	if r.next.SignIn {
		r.result.Access, err = r.access(ctx, r.next, at)
	}
	return err
}

// copyAndKeep prepares the copies, and has what they lie in kept from then on.
func (r *run) copyAndKeep(ctx context.Context) error {
	err := r.prepareCopies(ctx)
	if err == nil {
		r.beginKeeper(ctx, r.held)
	}
	return err
}

// fetchDatabaseImage is ahead of the other images: the database is made while
// those are built.
func (r *run) fetchDatabaseImage(ctx context.Context) error {
	r.Docker.AddLogins(r.options.Logins)
	if err := r.fetch(ctx, r.stack.Load().ImagesFor(r.next.Database)); err != nil {
		return err
	}
	return r.settleDatabase(ctx)
}

func (r *run) fetchImages(ctx context.Context) error {
	fetched := r.stack.Load().ImagesFor(r.next.Database)
	return r.fetch(ctx, slices.DeleteFunc(r.stack.Load().Project().ServiceNames(), func(name string) bool { return slices.Contains(fetched, name) }))
}

func (r *run) fetch(ctx context.Context, services []string) error {
	err := r.stackIn(ctx).Fetch(ctx, services)
	var build *compose.BuildError
	if errors.As(err, &build) {
		return r.failed(ctx, err)
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

// migrate runs the migration in a container of its own.
func (r *run) migrate(ctx context.Context) error {
	if err := r.settleDatabase(ctx); err != nil {
		return err
	}
	m := r.options.Migrate
	began := time.Now()
	exit, err := r.stackIn(ctx).Run(ctx, compose.OneOff{Service: m.Service, Command: m.Command})
	if err != nil {
		return r.failed(ctx, err)
	}
	if exit.Code != 0 {
		return &StepError{Step: StepMigrate, Service: m.Service, Err: fmt.Errorf("exit %d", exit.Code), Tail: exit.Tail}
	}
	r.result.Migrated = &Migrated{Output: exit.Tail, Took: time.Since(began)}
	return nil
}

// waitReady waits until every service is ready in the stack's own terms, and
// until what is exposed answers to the gateway, which is proof enough of a
// service without a health check.
func (r *run) waitReady(ctx context.Context) error {
	defer r.tellConnected(ctx)
	var exposed []string
	for _, p := range r.next.Expose {
		exposed = append(exposed, p.Service)
	}
	if err := r.stackIn(ctx).Wait(ctx, r.timeout(), exposed...); err != nil {
		return r.failed(ctx, err)
	}
	err := r.underGatewayLock(ctx, r.engineID, func() error {
		_, _, err := r.connectGateway(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return r.failed(ctx, r.awaitAnswers(ctx))
}

// route is the moment of the switch: the marker is made, and the gateway told.
// If it cannot be told, the marker is taken back.
func (r *run) route(ctx context.Context) error {
	if err := r.options.Guard.Ask(ctx); err != nil {
		return err
	}
	if err := r.markServing(ctx); err != nil {
		return err
	}
	err := r.underGatewayLock(ctx, r.engineID, func() error { return r.syncGateway(ctx) })
	if err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(err, r.unmarkServing(ctx))
	}
	r.tellCertificates(ctx)
	return nil
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
	if r.stack.Load().Logs(ctx, compose.LogOptions{Services: []string{service}, Tail: 20}, &log) == nil && log.Len() > 0 {
		step.Tail = strings.Split(strings.TrimSpace(log.String()), "\n")
	}
	return step
}

// pause waits between two looks at something.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
