package compose

import (
	"context"
	"strings"
	"time"
)

// NotReady names the services that are not ready and what was last seen of
// each.
type NotReady struct {
	Services []Seen
	// Cause is the deadline, or what else ended the wait; nil when a service
	// can never become ready.
	Cause error
}

// Seen is what was last seen of a service's container.
type Seen struct {
	Service string
	// State is "missing" when there is no container.
	State string
	// ExitCode of an exited or restarting container.
	ExitCode int
	// Health is the last output of the health check.
	Health string
	// Tail is the end of its log.
	Tail []string
	// Fatal: it will not become ready by waiting.
	Fatal bool
}

func (n *NotReady) Error() string {
	var names []string
	for _, s := range n.Services {
		names = append(names, s.Service+" "+s.describe())
	}
	return "not ready: " + strings.Join(names, ", ")
}

func (n *NotReady) Unwrap() error { return n.Cause }

// Wait returns when every service that was started is ready: it exited 0, or is
// healthy where it has a health check, or is running and not restarting. When a
// service cannot become ready any more, or after timeout, it is a *NotReady.
func (s *Stack) Wait(ctx context.Context, timeout time.Duration) error {
	return s.wait(ctx, timeout)
}
