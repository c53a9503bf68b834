package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// markAsleep says that a generation is stopped on request.
const markAsleep mark = "asleep"

// Stop stops all that serves a preview, which keeps its data and costs no
// memory then. Requests are told so. It is harmless when repeated.
func (e Engine) Stop(ctx context.Context, p Preview) error {
	return e.alone(ctx, p, "stop", func(engineID string, s survey, g generation) error {
		if state := s.state(p.ID); state != Serving && state != Asleep {
			return hint.Wrap(fmt.Errorf("it is %s, and not serving", state),
				"offshoot up%[1]s brings it up, offshoot down%[1]s removes it", g.Preview.Naming())
		}
		if err := e.sleep(ctx, s, g); err != nil {
			return err
		}
		err := e.underGatewayLock(ctx, engineID, func() error { return e.syncGateway(ctx) })
		if err != nil {
			return err
		}
		return compose.StopProject(ctx, e.Docker, g.Preview.project(g.Number))
	})
}

// Start starts a preview again that was stopped, or of which something has ended
// that ought to run, and waits until it is ready, for the timeout at each wait
// (0: 5 minutes). A service that does not become ready is a *StepError. What
// runs is left alone. Observe gets what happens; it may be nil.
func (e Engine) Start(ctx context.Context, p Preview, timeout time.Duration, observe func(Event)) (Status, error) {
	r := newRun(e, Options{Timeout: timeout}, observe)
	err := e.alone(ctx, p, "start", func(engineID string, s survey, g generation) error {
		r.engineID, r.next = engineID, g
		return r.letRun(ctx, s)
	})
	if err != nil {
		return Status{}, err
	}
	return e.Get(ctx, p)
}

func (r *run) letRun(ctx context.Context, s survey) error {
	g := r.next
	if s.serving(g.Preview.ID) == 0 {
		return hint.Wrap(fmt.Errorf("it is %s, and not serving", Incomplete),
			"offshoot up%[1]s brings it up, offshoot down%[1]s removes it", g.Preview.Naming())
	}
	l, err := lost(ctx, r.Docker.Client(), s, g)
	if err != nil {
		return err
	}
	if len(l.gone) > 0 {
		return hint.Wrap(fmt.Errorf("somebody removed %s", strings.Join(l.gone, ", ")),
			"offshoot up%s restores the preview", g.Preview.Naming())
	}
	if err := r.step(ctx, StepGateway, r.gatewayAgain); err != nil {
		return err
	}
	if err := r.keeperAgain(ctx, s); err != nil {
		return err
	}
	stack, err := compose.Existing(ctx, r.Docker, g.Preview.project(g.Number), nil)
	if err != nil {
		return err
	}
	r.stack.Store(stack)
	_, asleep := s.marker(g.Preview.ID, g.Number, markAsleep)
	_, stopped := s.marker(g.Preview.ID, g.Number, markStopped)
	if stopped || s.shares(g) {
		// A run was killed while it carried the data over: two servers on one
		// database would destroy it.
		if _, err := r.removeLeftovers(ctx, g.Preview.ID); err != nil {
			return err
		}
	}
	if asleep || stopped || len(l.ended) > 0 {
		err := r.step(ctx, StepStart, func(ctx context.Context) error { return r.startEnded(ctx, s) })
		if err != nil {
			return err
		}
	}
	if err := r.step(ctx, StepReady, r.readyAgain); err != nil {
		return err
	}
	// It may have been asleep, which is what the gateway says until it is told.
	return r.underGatewayLock(ctx, r.engineID, func() error { return r.syncGateway(ctx) })
}

// startEnded starts what has ended. First it is said that the preview serves: a
// run that is killed then leaves one that is down, which the next start starts.
func (r *run) startEnded(ctx context.Context, s survey) error {
	if err := r.wake(ctx, s, r.next); err != nil {
		return err
	}
	if err := r.startDatabaseAgain(ctx, s); err != nil {
		return err
	}
	inTime, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	return r.failed(ctx, r.stackIn(ctx).Resume(inTime))
}

// shares tells whether a container of another generation has a volume of this one's.
func (s survey) shares(g generation) bool {
	var own []string
	for _, c := range s.containersOf(g.Preview.ID, g.Number) {
		own = append(own, c.Volumes...)
	}
	return slices.ContainsFunc(s.containers, func(c seenContainer) bool {
		other := !c.keeps() && c.preview() == g.Preview.ID && generationOf(c.Labels).Number != g.Number
		return other && slices.ContainsFunc(c.Volumes, func(name string) bool { return slices.Contains(own, name) })
	})
}

// startDatabaseAgain starts the database first and waits for it, as an up does:
// others may end where they cannot reach it.
func (r *run) startDatabaseAgain(ctx context.Context, s survey) error {
	if r.next.Database == "" || len(r.stack.Load().Project().Services[r.next.Database].DependsOn) > 0 {
		return nil
	}
	for _, c := range s.containersOf(r.next.Preview.ID, r.next.Number) {
		if c.service() != r.next.Database || !c.over() {
			continue
		}
		if err := r.Docker.Client().ContainerStart(ctx, c.ID, container.StartOptions{}); err != nil {
			return r.failed(ctx, fmt.Errorf("start %s: %w", c.service(), err))
		}
	}
	return r.awaitDatabase(ctx)
}

// readyAgain is waitReady, and waits for the database's own word too.
func (r *run) readyAgain(ctx context.Context) error {
	if r.next.Database != "" {
		if err := r.awaitDatabase(ctx); err != nil {
			return err
		}
	}
	// What is shown was settled when the preview was made.
	r.result.Links, r.options.Expose = r.next.links(r.at), map[string]int{}
	for _, p := range r.next.Expose {
		r.options.Expose[p.Service] = p.Number
	}
	return r.waitReady(ctx)
}

// gatewayAgain makes the gateway run where it does not.
func (o *opening) gatewayAgain(ctx context.Context) error {
	err := o.underGatewayLock(ctx, o.engineID, func() error {
		current, exists, err := o.findGateway(ctx)
		if err != nil || exists && current.State.Running {
			return err
		}
		return o.ensureGateway(ctx)
	})
	if err == nil {
		o.at, err = o.entrance(ctx)
	}
	return err
}

// keeperAgain makes the keeper run where it does not.
func (e Engine) keeperAgain(ctx context.Context, s survey) error {
	for _, c := range s.containers {
		if !c.keeps() || !c.over() {
			continue
		}
		if err := e.Docker.Client().ContainerStart(ctx, c.ID, container.StartOptions{}); err != nil {
			return fmt.Errorf("start the keeper: %w", err)
		}
	}
	return nil
}

// sleep says that a generation is asleep; it is harmless when repeated.
func (e Engine) sleep(ctx context.Context, s survey, g generation) error {
	k, _, kept := s.keeper(g.Preview.ID, g.Number)
	if !kept {
		return g.set(ctx, e.Docker.Client(), markAsleep, nil)
	}
	if k.is == markAsleep {
		return nil
	}
	to := k
	to.is, to.since = markAsleep, time.Now()
	return e.rename(ctx, g, k, to)
}

// wake says that it is not; it is harmless when repeated.
func (e Engine) wake(ctx context.Context, s survey, g generation) error {
	k, _, kept := s.keeper(g.Preview.ID, g.Number)
	if !kept {
		return g.unset(ctx, e.Docker.Client(), markAsleep)
	}
	to := k
	to.is, to.since = markServing, time.Time{}
	return e.rename(ctx, g, k, to)
}
