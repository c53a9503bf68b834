package provision

import (
	"context"
	"fmt"
	"maps"

	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A mark is a fact about a generation that can change: the labels of its
// containers cannot. Those that have to last are in the name of the generation's
// keeper. The others, and all of a generation of an earlier version, are empty
// volumes with labels. The engine renames, makes and removes as one act, so that
// a killed run leaves the fact or none.
type mark string

const (
	markBegun   mark = "begun"   // it is being made
	markServing mark = "serving" // it is ready: requests go to the highest of these
	markKept    mark = "kept"    // it failed, and is left for a look at it
	markStopped mark = "stopped" // its containers are stopped while its data is carried over
)

func (g generation) markName(m mark) string {
	return g.Preview.project(g.Number) + "-" + string(m)
}

// set makes a marker; it is harmless when repeated.
func (g generation) set(ctx context.Context, api client.APIClient, m mark, more map[string]string) error {
	labels := g.labels()
	maps.Copy(labels, more)
	labels[labelMark] = string(m)
	made, err := createVolume(ctx, api, volume.CreateOptions{Name: g.markName(m), Labels: labels})
	if err != nil {
		return fmt.Errorf("mark generation %d as %s: %w", g.Number, m, err)
	}
	if made.Labels[labelMark] != string(m) || made.Labels[labelPreview] != g.Preview.ID {
		return hint.Wrap(fmt.Errorf("volume %s %w", made.Name, errForeign), "remove or rename that volume")
	}
	return nil
}

// unset removes a marker; it is harmless when repeated.
func (g generation) unset(ctx context.Context, api client.APIClient, m mark) error {
	err := api.VolumeRemove(ctx, g.markName(m), false)
	if err != nil && !notFound(err) {
		return fmt.Errorf("unmark generation %d as %s: %w", g.Number, m, err)
	}
	return nil
}
