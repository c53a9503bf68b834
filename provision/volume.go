package provision

import (
	"context"

	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// createVolume makes a volume, or finds the one of that name. The engine's
// answer to the call has no labels of a volume that was there before the engine
// was restarted, so that they are asked for.
func createVolume(ctx context.Context, api client.APIClient, options volume.CreateOptions) (volume.Volume, error) {
	made, err := api.VolumeCreate(ctx, options)
	if err != nil || len(made.Labels) > 0 {
		return made, err
	}
	found, err := api.VolumeInspect(ctx, options.Name)
	if notFound(err) {
		return made, nil
	}
	return found, err
}
