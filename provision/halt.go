package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// halt stops the containers of the serving generation that have a volume which
// the next one takes over: two servers on one database would destroy it. What
// is stopped is written down first, so that resume can start it again even
// after this process has been killed.
func (j *job) halt(ctx context.Context) error {
	if len(j.carried) == 0 {
		return nil
	}
	api := j.Docker.Client()
	s, err := look(ctx, api, j.serving.Preview.ID)
	if err != nil {
		return err
	}
	var ids []string
	for _, c := range s.containersOf(j.serving.Preview.ID, j.serving.Number) {
		if c.running() && c.hasOneOf(j.carried) {
			ids = append(ids, c.short())
		}
	}
	if err := j.serving.set(ctx, api, markStopped,
		map[string]string{labelContainers: strings.Join(ids, ",")}); err != nil {
		return err
	}
	if err := j.underGatewayLock(ctx, j.engineID, func() error { return j.syncGateway(ctx) }); err != nil {
		return err
	}
	for _, id := range ids {
		if err := api.ContainerStop(ctx, id, container.StopOptions{}); err != nil && !notFound(err) {
			return fmt.Errorf("stop what serves: %w", err)
		}
	}
	return nil
}

func (c seenContainer) hasOneOf(volumes map[string]string) bool {
	for _, name := range volumes {
		if slices.Contains(c.Volumes, name) {
			return true
		}
	}
	return false
}

// resume starts again what halt has stopped; it is harmless when that is
// nothing.
func (e Engine) resume(ctx context.Context, g generation) error {
	api := e.Docker.Client()
	s, err := look(ctx, api, g.Preview.ID)
	if err != nil {
		return err
	}
	marker, stopped := s.marker(g.Preview.ID, g.Number, markStopped)
	if !stopped {
		return nil
	}
	var errs []error
	for id := range strings.SplitSeq(marker.Labels[labelContainers], ",") {
		if id == "" {
			continue
		}
		if err := api.ContainerStart(ctx, id, container.StartOptions{}); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("start again what served: %w", err))
		}
	}
	return errors.Join(append(errs, g.unset(ctx, api, markStopped))...)
}
