package compose

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/compose"
	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// startInOrder starts each service when what it depends on is as its
// depends_on wants it. Compose's own wait would take a slow start for a failure
// as soon as the engine calls a service unhealthy, and waits for the engine to
// ask: so it gets one service at a time, and waits for nothing.
func (s *Stack) startInOrder(ctx context.Context, p *types.Project) error {
	running, err := s.allRunning(ctx, p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := s.watch(ctx)
	defer w.end()
	defer cancel()
	return compose.InDependencyOrder(ctx, p, func(ctx context.Context, name string) error {
		if err := s.awaitDependencies(ctx, w, p, p.Services[name]); err != nil || running[name] {
			return err
		}
		if err := s.start(ctx, "up", alone(p, name)); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.began[name] = time.Now()
		return nil
	})
}

// allRunning are the services of which every container runs already.
func (s *Stack) allRunning(ctx context.Context, p *types.Project) (map[string]bool, error) {
	all, err := s.Ps(ctx)
	if err != nil {
		return nil, err
	}
	running := map[string]bool{}
	for name, service := range p.Services {
		left := service.GetScale()
		for _, c := range all {
			if c.Service == name && !c.OneOff && c.State == container.StateRunning {
				left--
			}
		}
		running[name] = left <= 0
	}
	return running, nil
}

// alone is a project of a single service that depends on nothing.
func alone(p *types.Project, name string) *types.Project {
	own, service := *p, p.Services[name]
	service.DependsOn = nil
	own.Services = types.Services{name: service}
	return &own
}

// awaitDependencies waits until a service may start. That its dependencies have
// been started is a matter of the order.
func (s *Stack) awaitDependencies(ctx context.Context, w *watch, p *types.Project, service types.ServiceConfig) error {
	left := map[string]bool{}
	for name, d := range service.DependsOn {
		other, known := p.Services[name]
		if known && d.Condition != types.ServiceConditionStarted && other.GetScale() > 0 && other.Provider == nil {
			left[name] = true
		}
	}
	if s.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Patience)
		defer cancel()
	}
	for len(left) > 0 {
		changed := w.changed()
		seen, err := s.look(ctx, left, w)
		if ctx.Err() != nil {
			return fmt.Errorf("start: %w", ctx.Err())
		}
		if err != nil {
			return err
		}
		for _, one := range seen {
			met, err := s.meets(ctx, one, service.Name, service.DependsOn[one.Service])
			if err != nil {
				return err
			}
			if met {
				delete(left, one.Service)
			}
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("start: %w", ctx.Err())
		case <-changed:
		case <-time.After(lookEvery):
		}
	}
	return nil
}

// meets tells whether a dependency is as its dependent wants it. One that can
// never be is an error, unless the dependent can do without.
func (s *Stack) meets(ctx context.Context, one Seen, dependent string, d types.ServiceDependency) (bool, error) {
	verdict := judgeDependency(one, d)
	if verdict != failed {
		return verdict == met, nil
	}
	if !d.Required {
		s.events.emit(Event{
			Kind: "up", Subject: dependent,
			Text: "starts without what it may depend on: " + one.String(), State: Warning,
		})
		return true, nil
	}
	if d.Condition == types.ServiceConditionHealthy && one.State == container.StateRunning {
		return false,
			hint.Wrap(fmt.Errorf("%s waits for %s to be healthy, which has no health check", dependent, one.Service),
				"give %s a healthcheck, or let %s depend on it by service_started", one.Service, dependent)
	}
	return false, &NotReady{Services: s.tails(ctx, []Seen{one})}
}

type verdict int

const (
	notYet verdict = iota
	met
	failed
)

// judgeDependency judges what a service depends on. That something is
// unhealthy says only that it is slow, and ends the wait for what is optional.
func judgeDependency(one Seen, d types.ServiceDependency) verdict {
	ended := slices.Contains([]string{"exited", "dead", "removing", "missing"}, one.State)
	switch {
	case d.Condition == types.ServiceConditionCompletedSuccessfully:
		switch {
		case one.State == "exited" && one.ExitCode == 0:
			return met
		case ended:
			return failed
		}
	case d.Condition != types.ServiceConditionHealthy: // Compose knows no other, and does not wait
		return met
	case ended, one.State == "running" && one.Health == "",
		one.Health == container.Unhealthy && !one.ready && !d.Required:
		return failed
	case one.State == "running" && one.ready:
		return met
	}
	return notYet
}
