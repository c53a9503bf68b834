package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// staleAfter is how long a generation that is not ready may be in the making.
// The lock tells at once that its run is dead, but a run in a container, or
// against an engine elsewhere, holds a lock that is not to be seen from here.
const staleAfter = time.Hour

// stale are the generations that serve nobody and that nobody has begun of
// late or keeps for a look. One without a marker is what is left of a removal.
func (s survey) stale(id string, now time.Time) []int {
	var stale []int
	serving := s.serving(id)
	for _, number := range s.generations(id) {
		_, kept := s.marker(id, number, markKept)
		begun, marked := s.marker(id, number, markBegun)
		if number == serving || kept || marked && now.Sub(begun.Created) < staleAfter {
			continue
		}
		stale = append(stale, number)
	}
	return stale
}

// RemoveStale removes the generations of a preview that killed runs left, and
// what there is of volumes beside them. A run that is at work is *LockedError.
func (e Engine) RemoveStale(ctx context.Context, id string) (err error) {
	if id == "" {
		return noPreview(id)
	}
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return err
	}
	l, err := e.acquire(ctx, engineID, id, "sweep", downPatience)
	if err != nil {
		return err
	}
	defer l.release()
	s, err := look(ctx, e.Docker.Client(), id)
	if err != nil {
		return err
	}
	var errs []error
	for _, number := range s.stale(id, time.Now()) {
		errs = append(errs, e.removeGeneration(ctx, id, number))
	}
	if serving := s.serving(id); serving > 0 { // it may have been stopped for its data
		errs = append(errs, e.resume(ctx, s.generation(id, serving)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove what is left of %s: %w", id, err)
	}
	return nil
}

// IdleGateway tells whether the gateway, or what belongs to it, is there with
// no preview to serve: a run was killed when it had removed the last.
func (e Engine) IdleGateway(ctx context.Context) (bool, error) {
	everything, err := e.lookAll(ctx)
	if err != nil || len(everything.previews()) > 0 {
		return false, err
	}
	return e.hasGateway(ctx)
}

func (e Engine) hasGateway(ctx context.Context) (bool, error) {
	api := e.Docker.Client()
	_, exists, err := e.findGateway(ctx)
	if err != nil && !errors.Is(err, errForeign) || exists {
		return exists, err
	}
	found, err := api.NetworkInspect(ctx, e.gatewayNetwork(), network.InspectOptions{})
	if err == nil {
		return found.Labels[labelGateway] != "", nil
	}
	if !notFound(err) {
		return false, fmt.Errorf("network of the gateway: %w", err)
	}
	return hasGatewayImage(ctx, api, e.gateway())
}

func hasGatewayImage(ctx context.Context, api client.APIClient, gateway string) (bool, error) {
	images, err := api.ImageList(ctx,
		image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelGateway+"="+gateway))})
	if err != nil {
		return false, fmt.Errorf("list images of the gateway: %w", err)
	}
	return slices.ContainsFunc(images, func(i image.Summary) bool { return len(i.RepoTags) > 0 }), nil
}

// RemoveIdleGateway removes the gateway with all that belongs to it, if there
// is still no preview for it.
func (e Engine) RemoveIdleGateway(ctx context.Context) error {
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return err
	}
	return e.leaveMachine(ctx, engineID)
}
