package compose

import (
	"context"
	"fmt"

	"github.com/docker/compose/v5/pkg/api"
)

// Stop stops the containers, in order, and keeps them.
func (s *Stack) Stop(ctx context.Context) error {
	p, err := s.runnable()
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	c, err := s.compose("stop")
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if err := c.Stop(ctx, p.Name, api.StopOptions{Project: p}); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// Down removes the stack's containers with their anonymous volumes, its
// networks, volumes and built images, but not the volumes named in keep. It
// kills: where a volume lives on, Stop first. It is harmless when repeated.
func (s *Stack) Down(ctx context.Context, keep ...string) error {
	removed, err := remove(ctx, s.engine, map[string]string{api.ProjectLabel: s.project.Name}, keep)
	for _, names := range [][]string{removed.Containers, removed.Networks, removed.Volumes, removed.Images} {
		for _, name := range names {
			s.events.emit(Event{Kind: "down", Subject: name, Text: "removed", State: Done})
		}
	}
	if err != nil {
		return fmt.Errorf("down: %w", err)
	}
	return nil
}
