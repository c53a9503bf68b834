package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// A loss is what a generation that serves, or sleeps, has no longer: of a
// restart of the engine, of a crash, or of somebody who pruned.
type loss struct {
	ended []string // services that ought to run and have ended
	gone  []string // what was removed, as one says it: "the container of web"
	runs  bool     // any of it does
}

// lost compares a generation with what is on the engine.
func lost(ctx context.Context, api client.APIClient, s survey, g generation) (loss, error) {
	containers := s.containersOf(g.Preview.ID, g.Number)
	l := loss{gone: s.gone(g)}
	for _, c := range containers {
		if c.running() {
			l.runs = true
		}
		if !c.over() {
			continue
		}
		found, err := api.ContainerInspect(ctx, c.ID)
		if notFound(err) {
			continue // it has just gone
		}
		if err != nil {
			return l, fmt.Errorf("inspect %s: %w", c.Name, err)
		}
		if g.needs(c.service()) || outlasts(found) || found.State.ExitCode != 0 {
			l.ended = append(l.ended, c.service())
		}
	}
	slices.Sort(l.ended)
	l.ended = slices.Compact(l.ended)
	return l, nil
}

// over tells whether a container will do nothing more by itself.
func (c seenContainer) over() bool {
	return slices.Contains([]string{container.StateExited, container.StateDead, container.StateCreated}, c.State)
}

// outlasts tells a container that is meant to run for good from one that may
// have done what it was for.
func outlasts(c container.InspectResponse) bool {
	if c.HostConfig == nil {
		return false
	}
	policy := c.HostConfig.RestartPolicy
	return policy.IsAlways() || policy.IsUnlessStopped()
}

// needs tells whether a service is one without which there is no preview.
func (g generation) needs(service string) bool {
	return service == g.Database || slices.ContainsFunc(g.Expose, func(p port) bool { return p.Service == service })
}

// gone names what a generation cannot be started without and has not got.
func (s survey) gone(g generation) []string {
	var gone []string
	containers := s.containersOf(g.Preview.ID, g.Number)
	has := func(service string) bool {
		return slices.ContainsFunc(containers, func(c seenContainer) bool { return c.service() == service })
	}
	services := []string{g.Database}
	for _, p := range g.Expose {
		services = append(services, p.Service)
	}
	slices.Sort(services)
	for _, service := range slices.Compact(services) {
		if service != "" && !has(service) {
			gone = append(gone, "the container of "+service)
		}
	}
	own := g.Preview.project(g.Number) + "_"
	for _, c := range containers {
		for _, name := range c.Networks {
			if strings.HasPrefix(name, own) && !slices.Contains(s.networks, name) {
				gone = append(gone, "the network "+name)
			}
		}
	}
	slices.Sort(gone)
	return slices.Compact(gone)
}

// told puts what is lost into a status.
func (s *Status) told(l loss) {
	switch {
	case s.State != Serving && s.State != Asleep:
	case len(l.gone) > 0:
		s.State, s.Gone = Broken, l.gone
	case s.State == Asleep || len(l.ended) == 0:
	case l.runs:
		s.State, s.Down = PartlyDown, l.ended
	default:
		s.State, s.Down = Ended, l.ended
	}
}
