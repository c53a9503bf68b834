package compose

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
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

// Fetch pulls and builds the images of these services. Those whose images they
// are made of are among them, or were fetched before: ImagesFor names them.
func (s *Stack) Fetch(ctx context.Context, services []string) error {
	if err := s.pull(ctx, services); err != nil {
		return err
	}
	return s.build(ctx, services)
}

// ImagesFor names the services whose images one service needs: its own, that of
// a service which builds the image it uses, and what these are built from.
func (s *Stack) ImagesFor(service string) []string {
	needed := map[string]bool{}
	var need func(name string)
	need = func(name string) {
		one, known := s.project.Services[name]
		if needed[name] || !known {
			return
		}
		needed[name] = true
		if one.Build != nil {
			for _, other := range serviceContexts(*one.Build) {
				need(other)
			}
			return
		}
		for _, other := range s.project.ServiceNames() {
			if s.project.Services[other].Build != nil && s.project.Services[other].Image == one.Image {
				need(other)
			}
		}
	}
	need(service)
	return sorted(needed)
}

// Build builds the images of all services that have a build section, side by
// side where they do not need each other. A failing build is a *BuildError.
func (s *Stack) Build(ctx context.Context) error {
	return s.build(ctx, s.project.ServiceNames())
}

func (s *Stack) build(ctx context.Context, wanted []string) error {
	rounds, err := s.buildOrder()
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	for _, services := range rounds {
		services = slices.DeleteFunc(services, func(name string) bool { return !slices.Contains(wanted, name) })
		if err := s.buildRound(ctx, services); err != nil {
			return fmt.Errorf("build %w", err)
		}
	}
	return nil
}

func (s *Stack) buildRound(ctx context.Context, services []string) error {
	return sideBySide(s.alike(services), func(same []string) error { return s.buildImage(ctx, same) })
}

// alike puts services together that build the same: one build gives the image
// all their names.
func (s *Stack) alike(services []string) (groups [][]string) {
	for _, name := range services {
		one := s.project.Services[name]
		i := slices.IndexFunc(groups, func(same []string) bool {
			other := s.project.Services[same[0]]
			return one.Platform == other.Platform && reflect.DeepEqual(one.Build, other.Build)
		})
		if i < 0 {
			groups = append(groups, []string{name})
			continue
		}
		groups[i] = append(groups[i], name)
	}
	return groups
}

// sideBySide calls f for each name, at most four at a time, and joins the errors
// in the order of the names: one that fails does not stop the others.
func sideBySide[T any](names []T, f func(name T) error) error {
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
			return nil,
				hint.Usage(errors.New("services need each other's image"), "remove the cycle of service: contexts")
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
