package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/offshoot-dev/offshoot/compose"
)

// cleanupTime bounds every removal, which goes on when the run was
// interrupted.
const cleanupTime = 2 * time.Minute

// sturdy is a context for cleaning up after ctx.
func sturdy(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
}

// removeGeneration removes one generation of a preview, and those volumes of
// the preview that nothing holds any more.
func (e Engine) removeGeneration(ctx context.Context, id string, number int) error {
	_, err := compose.RemoveByLabel(ctx, e.Docker, map[string]string{
		labelPreview: id, labelGeneration: strconv.Itoa(number),
	})
	if err != nil {
		return fmt.Errorf("remove generation %d: %w", number, err)
	}
	return e.removeVolumes(ctx, id)
}

// removeVolumes removes the volumes of a preview that are neither of the
// generation that serves nor in use by any container. Volumes carry no
// generation of their own, since one may be handed on to the next.
func (e Engine) removeVolumes(ctx context.Context, id string) error {
	api := e.Docker.Client()
	s, err := look(ctx, api, id)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range s.unusedVolumes(id) {
		if err := api.VolumeRemove(ctx, name, false); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("remove volume %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// unusedVolumes names the volumes of a preview that no container has and that
// are not of a generation which is still there.
func (s survey) unusedVolumes(id string) []string {
	alive := s.generations(id)
	var unused []string
	for _, v := range s.volumes {
		of, err := strconv.Atoi(v.Labels[labelVolumeOf])
		if v.Labels[labelPreview] != id || v.Labels[labelMark] != "" || err == nil && slices.Contains(alive, of) {
			continue
		}
		if !slices.ContainsFunc(s.containers,
			func(c seenContainer) bool { return slices.Contains(c.Volumes, v.Name) }) {
			unused = append(unused, v.Name)
		}
	}
	return unused
}

// removeLeftovers removes every generation of a preview but the one that
// serves, and lets that one go on if a run was killed while it was stopped.
func (e Engine) removeLeftovers(ctx context.Context, id string) (removed []int, err error) {
	s, err := look(ctx, e.Docker.Client(), id)
	if err != nil {
		return nil, err
	}
	return e.removeLeftoversOf(ctx, s, id)
}

func (e Engine) removeLeftoversOf(ctx context.Context, s survey, id string) (removed []int, err error) {
	serving := s.serving(id)
	for _, number := range s.generations(id) {
		if number == serving {
			continue
		}
		if err := e.removeGeneration(ctx, id, number); err != nil {
			return removed, err
		}
		removed = append(removed, number)
	}
	if serving == 0 {
		return removed, e.removeVolumes(ctx, id)
	}
	return removed, e.resume(ctx, s.generation(id, serving))
}

// leaveMachine removes the gateway, its network and its image when no preview
// is left, and otherwise tells it what is.
func (e Engine) leaveMachine(ctx context.Context, engineID string) error {
	return e.underGatewayLock(ctx, engineID, func() error {
		everything, err := e.lookAll(ctx)
		if err != nil {
			return err
		}
		if len(everything.previews()) == 0 {
			return errors.Join(e.removeGateway(ctx), e.dropLocks(ctx, engineID))
		}
		current, exists, err := e.findGateway(ctx)
		if err != nil || !exists || !current.State.Running {
			return err // the next up makes it run, and tells it then
		}
		return e.syncGateway(ctx)
	})
}

func (e Engine) removeGateway(ctx context.Context) error {
	err := e.removeGatewayContainer(ctx)
	return errors.Join(err, e.removeTemplates(ctx), e.removeGatewayVolume(ctx),
		removeGatewayImages(ctx, e.Docker.Client(), e.gateway(), ""))
}

// removeGatewayContainer removes the container and its network: what is not kept
// between two gateways.
func (e Engine) removeGatewayContainer(ctx context.Context) error {
	api := e.Docker.Client()
	current, exists, err := e.findGateway(ctx)
	if err != nil && !errors.Is(err, errForeign) {
		return err
	}
	var errs []error
	if exists {
		err := api.ContainerRemove(ctx, current.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("remove the gateway: %w", err))
		}
	}
	found, err := api.NetworkInspect(ctx, e.gatewayNetwork(), network.InspectOptions{})
	if err == nil && found.Labels[labelGateway] != "" {
		if err := api.NetworkRemove(ctx, found.ID); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("remove the network of the gateway: %w", err))
		}
	}
	return errors.Join(errs...)
}
