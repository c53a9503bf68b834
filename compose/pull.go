package compose

import "context"

// Pull fetches the images that the services' pull policy asks for: by default
// those that the engine does not have. Errors name the image and the service.
func (s *Stack) Pull(ctx context.Context) error { return s.pull(ctx) }
