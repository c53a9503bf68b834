package compose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"golang.org/x/sync/errgroup"
)

// imagePrefix is that of all images we build.
const imagePrefix = "offshoot/"

// Removed lists what was removed, by name.
type Removed struct {
	Containers, Networks, Volumes, Images []string
}

// Count is how many things were removed.
func (r Removed) Count() int {
	return len(r.Containers) + len(r.Networks) + len(r.Volumes) + len(r.Images)
}

// RemoveByLabel removes every container, network, volume and image that has all
// the labels, and nothing else. Containers of others are disconnected from the
// networks first. It works on what a killed run left half-made, and is harmless
// when repeated. It goes on after an error and joins them all.
func RemoveByLabel(ctx context.Context, e *Engine, labels map[string]string) (Removed, error) {
	return remove(ctx, e, labels, nil)
}

// passes bounds how often remove looks again: what a killed run had asked for
// may appear while its other things are removed.
const passes = 4

func remove(ctx context.Context, e *Engine, labels map[string]string, keep []string) (Removed, error) {
	if len(labels) == 0 {
		return Removed{}, errors.New("remove by label: no label given")
	}
	r := &removal{engine: e, labels: labels, keep: keep}
	for range passes {
		before := r.removed.Count()
		r.errs = nil
		r.containers(ctx)
		r.networks(ctx)
		r.volumes(ctx)
		r.images(ctx)
		if r.removed.Count() == before || ctx.Err() != nil {
			break
		}
	}
	for _, names := range [][]string{r.removed.Containers, r.removed.Networks, r.removed.Volumes, r.removed.Images} {
		slices.Sort(names)
	}
	return r.removed, errors.Join(r.errs...)
}

type removal struct {
	engine  *Engine
	labels  map[string]string
	keep    []string
	removed Removed
	errs    []error
}

// done notes the outcome; what is gone already is neither removed nor an error.
func (r *removal) done(kind, name string, to *[]string, err error) {
	switch {
	case err == nil:
		*to = append(*to, name)
	case errdefs.IsNotFound(err):
	default:
		r.errs = append(r.errs, fmt.Errorf("remove %s %s: %w", kind, name, err))
	}
}

func (r *removal) containers(ctx context.Context) {
	found, err := List(ctx, r.engine, r.labels)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	outcomes := make([]error, len(found))
	group := errgroup.Group{}
	for i, c := range found {
		group.Go(func() error {
			outcomes[i] = r.container(ctx, c.ID)
			return nil
		})
	}
	_ = group.Wait()
	for i, c := range found {
		r.done("container", c.Name, &r.removed.Containers, outcomes[i])
	}
}

func (r *removal) container(ctx context.Context, id string) error {
	err := r.engine.Client().ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) {
		return r.gone(ctx, id)
	}
	return err
}

// gone waits for a container that someone else is removing already.
func (r *removal) gone(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		info, err := r.engine.Client().ContainerInspect(ctx, id)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still %s: %w", info.State.Status, ctx.Err())
		case <-tick.C:
		}
	}
}

func (r *removal) networks(ctx context.Context) {
	api := r.engine.Client()
	found, err := api.NetworkList(ctx, network.ListOptions{Filters: byLabel(r.labels)})
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("list networks: %w", err))
	}
	for _, n := range found {
		info, err := api.NetworkInspect(ctx, n.ID, network.InspectOptions{})
		if err == nil {
			for _, id := range sorted(info.Containers) {
				if err := api.NetworkDisconnect(ctx, n.ID, id, true); err != nil && !errdefs.IsNotFound(err) {
					r.errs = append(r.errs,
						fmt.Errorf("disconnect %s from %s: %w", info.Containers[id].Name, n.Name, err))
				}
			}
			err = api.NetworkRemove(ctx, n.ID)
		}
		r.done("network", n.Name, &r.removed.Networks, err)
	}
}

func (r *removal) volumes(ctx context.Context) {
	found, err := r.engine.Client().VolumeList(ctx, volume.ListOptions{Filters: byLabel(r.labels)})
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("list volumes: %w", err))
	}
	for _, v := range found.Volumes {
		if slices.Contains(r.keep, v.Name) {
			continue
		}
		r.done("volume", v.Name, &r.removed.Volumes, r.engine.Client().VolumeRemove(ctx, v.Name, true))
	}
}

func (r *removal) images(ctx context.Context) {
	found, err := r.engine.Client().ImageList(ctx, image.ListOptions{Filters: byLabel(r.labels)})
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("list images: %w", err))
	}
	for _, i := range found {
		r.image(ctx, i)
	}
}

// image removes our names of an image, and with the last name the image. A name
// that someone else gave it stays, and so does the image.
func (r *removal) image(ctx context.Context, i image.Summary) {
	// Engines before 25 list an image without a name as one called this.
	tags := slices.DeleteFunc(slices.Clone(i.RepoTags), func(tag string) bool { return tag == "<none>:<none>" })
	names := slices.DeleteFunc(slices.Clone(tags),
		func(tag string) bool { return !strings.HasPrefix(tag, imagePrefix) })
	if len(tags) == 0 {
		names = []string{i.ID}
	}
	for _, name := range names {
		_, err := r.engine.Client().ImageRemove(ctx, name, image.RemoveOptions{Force: true, PruneChildren: true})
		r.done("image", name, &r.removed.Images, err)
	}
}
