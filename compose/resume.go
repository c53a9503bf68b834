package compose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/compose/v5/pkg/compose"
	"github.com/docker/docker/api/types/container"
)

// StopProject stops the containers of a project that is on the engine, each
// after those that need it. What has stopped already is no error.
func StopProject(ctx context.Context, e *Engine, name string) error {
	c, err := NewStack(e, nil, nil).compose("stop")
	if err == nil {
		err = c.Stop(ctx, name, api.StopOptions{})
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	return nil
}

// Existing returns the stack of a project that is on the engine, as far as its
// containers tell of it: enough to start it again, to wait until it is ready and
// to read its logs.
func Existing(ctx context.Context, e *Engine, name string, observe func(Event)) (*Stack, error) {
	containers, err := List(ctx, e, map[string]string{api.ProjectLabel: name})
	if err != nil {
		return nil, err
	}
	p := &types.Project{Name: name, Services: types.Services{}}
	for _, c := range containers {
		if c.OneOff || c.Service == "" || strings.EqualFold(c.Labels[api.OneoffLabel], "true") {
			continue
		}
		service, again := p.Services[c.Service]
		scale := 1
		if again {
			scale += service.GetScale()
		}
		p.Services[c.Service] = types.ServiceConfig{
			Name: c.Service, Image: c.Image, Scale: &scale, DependsOn: dependenciesOf(c.Labels[api.DependenciesLabel]),
		}
	}
	return NewStack(e, p, observe), nil
}

// dependenciesOf reads the label in which compose keeps depends_on:
// "db:service_healthy:false,cache:service_started:false".
func dependenciesOf(label string) types.DependsOnConfig {
	found := types.DependsOnConfig{}
	for one := range strings.SplitSeq(label, ",") {
		name, rest, _ := strings.Cut(one, ":")
		condition, _, _ := strings.Cut(rest, ":")
		if name != "" {
			// Whether it was required is not in it. What has failed and was no
			// hindrance at first is none now.
			required := condition != types.ServiceConditionCompletedSuccessfully
			found[name] = types.ServiceDependency{Condition: condition, Required: required}
		}
	}
	return found
}

// Resume starts the containers of the stack that do not run, each after those
// that it needs, and as its file says when these are ready. It does not wait
// until all are. A dependency that fails is a *NotReady.
func (s *Stack) Resume(ctx context.Context) error {
	err := s.resumeInOrder(ctx)
	if ctx.Err() != nil {
		err = fmt.Errorf("start: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", s.project.Name, s.blame(ctx, s.project, err))
	}
	return nil
}

// resumeInOrder waits for what a service needs as an up does: Compose's own
// start would wait until the engine runs a health check by itself.
func (s *Stack) resumeInOrder(ctx context.Context) error {
	all, err := s.Ps(ctx)
	if err != nil {
		return err
	}
	p := s.withinReach()
	ctx, cancel := context.WithCancel(ctx)
	w := s.watch(ctx)
	defer w.end()
	defer cancel()
	return compose.InDependencyOrder(ctx, p, func(ctx context.Context, name string) error {
		ended := slices.DeleteFunc(slices.Clone(all), func(c Container) bool {
			return c.Service != name || c.OneOff || c.State == container.StateRunning
		})
		if len(ended) == 0 {
			return nil
		}
		if err := s.awaitDependencies(ctx, w, p, p.Services[name]); err != nil {
			return err
		}
		for _, c := range ended {
			if err := s.engine.Client().ContainerStart(ctx, c.ID, container.StartOptions{}); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.began[name] = time.Now()
		return nil
	})
}

// withinReach is the project with those dependencies alone that have a container.
func (s *Stack) withinReach() *types.Project {
	own := *s.project
	own.Services = types.Services{}
	for name, service := range s.project.Services {
		service.DependsOn = maps.Clone(service.DependsOn)
		maps.DeleteFunc(service.DependsOn, func(other string, _ types.ServiceDependency) bool {
			_, known := s.project.Services[other]
			return !known
		})
		own.Services[name] = service
	}
	return &own
}
