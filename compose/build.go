package compose

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// BuildError is a build that failed in one of its steps.
type BuildError struct {
	Service string
	// Step is the instruction that failed, when one did.
	Step string
	// Tail is the end of the failing step's output.
	Tail []string
	Err  error
}

func (e *BuildError) Error() string {
	if e.Step == "" {
		return e.Service + ": " + e.Err.Error()
	}
	return e.Service + ": " + e.Step + ": " + e.Err.Error()
}

// Unwrap gives the builder's own error.
func (e *BuildError) Unwrap() error { return e.Err }

// Build builds the images of all services that have a build section, side by
// side where they do not need each other. A failing build is a *BuildError.
func (s *Stack) Build(ctx context.Context) error {
	rounds, err := s.buildOrder()
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	for _, services := range rounds {
		if err := s.buildRound(ctx, services); err != nil {
			return fmt.Errorf("build %w", err)
		}
	}
	return nil
}

func (s *Stack) buildRound(ctx context.Context, services []string) error {
	return sideBySide(services, func(name string) error { return s.buildImage(ctx, name) })
}

// sideBySide calls f for each name, at most four at a time, and joins the errors
// in the order of the names: one that fails does not stop the others.
func sideBySide(names []string, f func(name string) error) error {
	errs := make([]error, len(names))
	group := errgroup.Group{}
	group.SetLimit(4)
	for i, name := range names {
		group.Go(func() error {
			errs[i] = f(name)
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(errs...)
}

// buildOrder puts the services with a build section into rounds: a service that
// uses another's image as a build context comes in a later round.
func (s *Stack) buildOrder() ([][]string, error) {
	needs := map[string][]string{}
	for _, name := range s.project.ServiceNames() {
		if b := s.project.Services[name].Build; b != nil {
			needs[name] = serviceContexts(*b)
		}
	}
	built := map[string]bool{}
	var rounds [][]string
	for len(built) < len(needs) {
		var round []string
		for _, name := range sorted(needs) {
			if !built[name] && allBuilt(needs[name], needs, built) {
				round = append(round, name)
			}
		}
		if len(round) == 0 {
			return nil, hint.Usage(errors.New("services need each other's image"), "remove the cycle of service: contexts")
		}
		for _, name := range round {
			built[name] = true
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}

func serviceContexts(b types.BuildConfig) []string {
	var services []string
	for _, key := range sorted(b.AdditionalContexts) {
		if service, ok := strings.CutPrefix(b.AdditionalContexts[key], types.ServicePrefix); ok {
			services = append(services, service)
		}
	}
	return services
}

func allBuilt(names []string, needs map[string][]string, built map[string]bool) bool {
	for _, name := range names {
		if _, builds := needs[name]; builds && !built[name] {
			return false
		}
	}
	return true
}
