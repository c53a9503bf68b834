package compose

import (
	"context"
	"io"
)

// OneOff is a command to run in a container of its own that is made like those
// of Service: same image, entrypoint, environment, volumes and networks.
type OneOff struct {
	Service string
	// Command replaces the service's; empty: the service's own.
	Command []string
	// Env is added to the service's.
	Env map[string]string
	// Out gets stdout and stderr as they come; nil: they are only kept.
	Out io.Writer
}

// Exit is how a one-off container ended.
type Exit struct {
	Code int
	// Tail is the end of its output.
	Tail []string
}

// Run runs a one-off container to its end and removes it. Services it depends
// on are not started. A command that ran and failed is an Exit, not an error.
func (s *Stack) Run(ctx context.Context, o OneOff) (Exit, error) {
	return s.run(ctx, o)
}
