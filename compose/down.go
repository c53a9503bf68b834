package compose

import "context"

// Stop stops the containers and keeps them.
func (s *Stack) Stop(ctx context.Context) error { return s.stop(ctx) }

// Down removes the stack's containers with their anonymous volumes, its
// networks, volumes and built images. It is harmless when repeated.
func (s *Stack) Down(ctx context.Context) error { return s.down(ctx) }
