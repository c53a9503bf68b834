package compose

import "context"

// BuildError is a build that failed in one of its steps.
type BuildError struct {
	Service string
	// Step is the instruction that failed.
	Step string
	// Tail is the end of the failing step's output.
	Tail []string
	Err  error
}

func (e *BuildError) Error() string { return "build " + e.Service + ": " + e.Err.Error() }

// Unwrap gives the builder's own error.
func (e *BuildError) Unwrap() error { return e.Err }

// Build builds the images of all services that have a build section, side by
// side where they do not need each other. A failing build is a *BuildError.
func (s *Stack) Build(ctx context.Context) error { return s.build(ctx) }
