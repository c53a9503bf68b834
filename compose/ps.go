package compose

import (
	"context"
	"time"
)

// Container is a container as the engine lists it.
type Container struct {
	ID, Name, Image string
	// Project and Service are those of compose; OneOff is one made by Run.
	Project, Service string
	OneOff           bool
	// State is created, running, restarting, exited, paused, dead or removing.
	State string
	// Health is healthy, unhealthy, starting, or empty without a health check.
	Health   string
	ExitCode int
	Created  time.Time
	Labels   map[string]string
	// Networks maps the name of a network to the address in it.
	Networks map[string]string
}

// Ps lists the containers of the stack, one-offs included, by name.
func (s *Stack) Ps(ctx context.Context) ([]Container, error) {
	return s.ps(ctx)
}

// List lists the containers that have all the labels, by name.
func List(ctx context.Context, e *Engine, labels map[string]string) ([]Container, error) {
	return list(ctx, e, labels)
}
