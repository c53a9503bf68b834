package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// startGateway makes the gateway run and lets it show that the preview is
// being made.
func (r *run) startGateway(ctx context.Context) error {
	err := r.underGatewayLock(ctx, r.engineID, func() error {
		if err := r.ensureGateway(ctx); err != nil {
			return err
		}
		return r.syncGateway(ctx)
	})
	if err != nil {
		return err
	}
	at, err := r.entrance(ctx)
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

func (r *run) fetchImages(ctx context.Context) error {
	r.Engine.AddLogins(r.options.Logins)
	if err := r.stack.Pull(ctx); err != nil {
		return err
	}
	return r.failed(ctx, r.stack.Build(ctx))
}

func (r *run) startAll(ctx context.Context) error {
	if err := r.settleDatabase(ctx); err != nil {
		return err
	}
	return r.failed(ctx, r.stack.Up(ctx, r.started...))
}

// migrate runs the migration in a container of its own.
func (r *run) migrate(ctx context.Context) error {
	if err := r.settleDatabase(ctx); err != nil {
		return err
	}
	m := r.options.Migrate
	began := time.Now()
	exit, err := r.stack.Run(ctx, compose.OneOff{Service: m.Service, Command: m.Command})
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
	if err := r.stack.Wait(ctx, r.timeout(), exposed...); err != nil {
		return r.failed(ctx, err)
	}
	if err := r.underGatewayLock(ctx, r.engineID, func() error { return r.syncGateway(ctx) }); err != nil {
		return err
	}
	return r.failed(ctx, r.awaitAnswers(ctx))
}

// route is the moment of the switch: the marker is made, and the gateway told.
// If it cannot be told, the marker is taken back.
func (r *run) route(ctx context.Context) error {
	if err := r.options.Guard.wanted(ctx); err != nil {
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

// container is that of a service of the next generation.
func (r *run) container(ctx context.Context, service string) (box, error) {
	s, err := look(ctx, r.Engine.Client(), r.next.Preview.ID)
	if err != nil {
		return box{}, err
	}
	for _, c := range s.boxes(r.next.Preview.ID, r.next.Number) {
		if c.service() == service {
			return c, nil
		}
	}
	return box{}, fmt.Errorf("service %s has no container", service)
}

// stepFailed is the failure of a service in this step, with the end of its log.
func (r *run) stepFailed(ctx context.Context, service string, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var log bytes.Buffer
	step := &StepError{Step: r.current, Service: service, Err: err}
	if r.stack.Logs(ctx, compose.LogOptions{Services: []string{service}, Tail: 20}, &log) == nil && log.Len() > 0 {
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
