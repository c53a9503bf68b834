package compose

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/compose/v5/pkg/compose"
)

const (
	// labelPrefix is that of all labels of ours.
	labelPrefix = "dev.offshoot."
	// oneOffLabel marks a container that Run made; its value is the service.
	oneOffLabel = labelPrefix + "run"
)

// Stack runs one transformed project on an engine. Its methods may be called
// one after another. At the same time only images may be fetched beside
// whatever else, and, once a first Up has made the networks and volumes, Create
// beside Run.
type Stack struct {
	engine  *Engine
	project *types.Project
	events  *observer
	started map[string]bool // by Up; Wait judges these

	// Patience is how long Up waits for what a service depends on; 0: as long as
	// its context lasts.
	Patience time.Duration
	// Stall is how long a pull may stand still; 0: that of package stall.
	Stall time.Duration

	*seen
}

// seen is what has been seen of a stack's containers.
type seen struct {
	mu       sync.Mutex           // guards what is below
	began    map[string]time.Time // when Up started the containers of a service
	steadies map[string]steady    // by container
	answers  map[string]*answer   // by container
}

// NewStack returns the stack of p, as Transform made it. Observe gets what
// happens, one call at a time; it may be nil.
func NewStack(e *Engine, p *types.Project, observe func(Event)) *Stack {
	quiet()
	return &Stack{
		engine: e, project: p, events: &observer{observe: observe}, started: map[string]bool{},
		seen: &seen{began: map[string]time.Time{}, steadies: map[string]steady{}, answers: map[string]*answer{}},
	}
}

// Observed is the same stack, of which another observer is told what happens.
func (s *Stack) Observed(observe func(Event)) *Stack {
	view := *s
	view.events = &observer{observe: observe}
	return &view
}

// Project is the project that the stack runs.
func (s *Stack) Project() *types.Project { return s.project }

// With is the same stack with another project of the same name, as SettleData
// and Place make it. The one before is not used any more.
func (s *Stack) With(p *types.Project) *Stack {
	other := *s
	other.project = p
	return &other
}

// compose is Compose's own implementation; what it does is observed as kind.
func (s *Stack) compose(kind string) (api.Compose, error) {
	c, err := compose.NewComposeService(s.engine.cli,
		compose.WithStreams(io.Discard, io.Discard, emptyReader{}),
		compose.WithPrompt(compose.AlwaysOkPrompt()),
		compose.WithEventProcessor(&bus{kind: kind, to: s.events}))
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return c, nil
}

// runnable is the project as compose gets it: images are there, built or
// pulled, so that it neither builds nor pulls.
func (s *Stack) runnable() (*types.Project, error) {
	p, err := s.project.WithServicesEnabled()
	if err != nil {
		return nil, err
	}
	for name, service := range p.Services {
		service.Build = nil
		service.PullPolicy = types.PullPolicyNever
		service.CustomLabels = composeLabels(p, name)
		p.Services[name] = service
	}
	return p, nil
}

// composeLabels are those by which compose knows its containers.
func composeLabels(p *types.Project, service string) types.Labels {
	return types.Labels{
		api.ProjectLabel:     p.Name,
		api.ServiceLabel:     service,
		api.VersionLabel:     api.ComposeVersion,
		api.WorkingDirLabel:  p.WorkingDir,
		api.ConfigFilesLabel: strings.Join(p.ComposeFiles, ","),
		api.OneoffLabel:      "False",
	}
}

// observer hands events on, one at a time.
type observer struct {
	mu      sync.Mutex
	observe func(Event)
}

func (o *observer) emit(e Event) {
	if o.observe == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.observe(e)
}
