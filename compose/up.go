package compose

import "context"

// Up creates and starts the services, all when none is named, and what they
// depend on, in order and each after its depends_on condition. It does not wait
// until they are ready. A dependency that fails is a *NotReady.
func (s *Stack) Up(ctx context.Context, services ...string) error {
	return s.up(ctx, services)
}
