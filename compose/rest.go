package compose

import (
	"context"
	"fmt"

	"github.com/docker/compose/v5/pkg/api"
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

// StartProject starts the containers of a project again, each after those that
// it needs, and as its file says when these are ready.
func StartProject(ctx context.Context, e *Engine, name string) error {
	c, err := NewStack(e, nil, nil).compose("start")
	if err == nil {
		err = c.Start(ctx, name, api.StartOptions{})
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return nil
}
