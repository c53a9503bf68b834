package compose

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Up creates and starts the services, all when none is named, and what they
// depend on, in order and each after its depends_on condition. It does not wait
// until they are ready. A dependency that fails is a *NotReady; so is one that
// has not come up when ctx ends.
func (s *Stack) Up(ctx context.Context, services ...string) error {
	if err := s.Create(ctx, services...); err != nil {
		return err
	}
	return s.Start(ctx, services...)
}

// Create does of Up what takes the longest and runs nothing yet.
func (s *Stack) Create(ctx context.Context, services ...string) error {
	p, err := s.selected(services)
	if err == nil {
		err = s.create(ctx, "up", p)
	}
	if err != nil {
		return fmt.Errorf("up: %w", err)
	}
	return nil
}

// Start does of Up what is left to do after Create.
func (s *Stack) Start(ctx context.Context, services ...string) error {
	p, err := s.selected(services)
	if err != nil {
		return fmt.Errorf("up: %w", err)
	}
	for name := range p.Services {
		s.started[name] = true
	}
	if err := s.startInOrder(ctx, p); err != nil {
		return fmt.Errorf("up: %w", s.blame(ctx, p, err))
	}
	return nil
}

// selected is the project with only these services and what they depend on.
func (s *Stack) selected(services []string) (*types.Project, error) {
	p, err := s.runnable()
	if err != nil {
		return nil, err
	}
	for _, name := range services {
		if _, ok := p.Services[name]; !ok {
			return nil, hint.Usage(fmt.Errorf("no service %s in the compose file", name), "")
		}
	}
	return p.WithSelectedServices(services)
}

func (s *Stack) create(ctx context.Context, kind string, p *types.Project) error {
	c, err := s.compose(kind)
	if err != nil {
		return err
	}
	if err := s.disown(ctx, p); err != nil {
		return err
	}
	return explainNetworks(c.Create(ctx, p, api.CreateOptions{
		IgnoreOrphans: true, Recreate: api.RecreateDiverged, RecreateDependencies: api.RecreateNever, QuietPull: true,
	}))
}

// explainNetworks says what to do when the engine has no addresses left for a
// network. As it comes it has them for about thirty.
// https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file (default-address-pools)
func explainNetworks(err error) error {
	if err == nil || !strings.Contains(err.Error(), "non-overlapping IPv4 address pool") {
		return err
	}
	return hint.Wrap(err, "remove previews that nobody needs (offshoot list, offshoot sweep), "+
		"or give the engine more networks: default-address-pools in its daemon.json")
}

// disown blanks what an image says in our name: its containers would inherit
// those labels that we do not set.
func (s *Stack) disown(ctx context.Context, p *types.Project) error {
	for _, service := range p.Services {
		found, err := s.engine.Client().ImageInspect(ctx, service.Image)
		if errdefs.IsNotFound(err) || err == nil && found.Config == nil {
			continue // Creating says it better.
		}
		if err != nil {
			return fmt.Errorf("inspect %s: %w", service.Image, err)
		}
		for key := range found.Config.Labels {
			_, ours := service.Labels[key]
			if _, oneOff := service.CustomLabels[key]; strings.HasPrefix(key, labelPrefix) && !ours && !oneOff {
				service.CustomLabels[key] = ""
			}
		}
	}
	return nil
}

// start starts the services of p. It hides from compose when ctx ends: its
// wait for dependencies takes that for success.
func (s *Stack) start(ctx context.Context, kind string, p *types.Project) error {
	c, err := s.compose(kind)
	if err != nil {
		return err
	}
	err = c.Start(ctx, p.Name, api.StartOptions{Project: p})
	if ctx.Err() != nil {
		return fmt.Errorf("start: %w", ctx.Err())
	}
	return err
}

// blame names the services that kept others from starting, when there are any.
func (s *Stack) blame(ctx context.Context, p *types.Project, cause error) error {
	var known *NotReady
	late := isDeadline(cause)
	if errors.As(cause, &known) && !late {
		return cause
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	dependencies := map[string]bool{}
	for _, service := range p.Services {
		for name := range service.DependsOn {
			dependencies[name] = true
		}
	}
	seen, err := s.look(ctx, dependencies, nil)
	if err != nil {
		return cause
	}
	var bad []Seen
	for _, one := range seen {
		waiting := one.State == "created" || one.State == "missing"
		if one.Fatal || one.Health == container.Unhealthy || late && !one.ready && !waiting {
			bad = append(bad, one)
		}
	}
	if len(bad) == 0 {
		return cause
	}
	return &NotReady{Services: s.tails(ctx, bad), Cause: cause}
}
