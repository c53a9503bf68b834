package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// An IdleImage was built by offshoot for a generation that nobody makes, looks
// at or is served by any more, whatever repository that was of, and no
// container has it.
type IdleImage struct {
	ID         string
	Name       string // the first of its names; the id where it has none
	Repository string
	Preview    string
	Generation int
	Bytes      int64 // that no other image has too, where the engine can tell
	Created    time.Time

	names []string
}

// IdleImages lists the idle images of an engine, the oldest first.
func (e Engine) IdleImages(ctx context.Context) ([]IdleImage, error) {
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return nil, err
	}
	s, err := look(ctx, e.Docker.Client(), "")
	if err != nil {
		return nil, err
	}
	all, err := builtImages(ctx, e.Docker.Client(), labelPreview)
	if err != nil {
		return nil, err
	}
	idle := slices.DeleteFunc(all, func(i IdleImage) bool {
		return !slices.Contains(s.stale(i.Preview, time.Now()), i.Generation) || e.isHeld(ctx, engineID, i.Preview)
	})
	slices.SortFunc(idle, func(a, b IdleImage) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return idle, nil
}

// builtImages are those with a label that we built and no container has.
func builtImages(ctx context.Context, api client.APIClient, label string) ([]IdleImage, error) {
	images, err := api.ImageList(ctx,
		image.ListOptions{SharedSize: true, Filters: filters.NewArgs(filters.Arg("label", label))})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	containers, err := api.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var found []IdleImage
	for _, i := range images {
		used := slices.ContainsFunc(containers, func(c container.Summary) bool { return c.ImageID == i.ID })
		if builtByUs(i) && !used {
			found = append(found, idleImageOf(i))
		}
	}
	return found, nil
}

func idleImageOf(i image.Summary) IdleImage {
	g := generationOf(i.Labels)
	idle := IdleImage{
		ID: i.ID, Name: i.ID, Repository: g.Preview.Repository, Preview: g.Preview.ID, Generation: g.Number,
		Bytes: i.Size - max(i.SharedSize, 0), Created: time.Unix(i.Created, 0),
	}
	for _, name := range i.RepoTags {
		if strings.HasPrefix(name, "offshoot/"+g.Preview.ID+"/") {
			idle.names = append(idle.names, name)
		}
	}
	if len(idle.names) > 0 {
		idle.Name = idle.names[0]
	}
	return idle
}

// RemoveIdleImage removes our names of an image that still is idle, and with
// the last name the image. It is done when it is gone already. A run that is at
// work on its preview is *LockedError.
func (e Engine) RemoveIdleImage(ctx context.Context, idle IdleImage) error {
	engineID, err := e.Docker.ID(ctx)
	if err != nil {
		return err
	}
	l, err := e.acquire(ctx, engineID, idle.Preview, "sweep", downPatience)
	if err != nil {
		return err
	}
	defer l.release()
	api := e.Docker.Client()
	s, err := look(ctx, api, idle.Preview)
	if err != nil {
		return err
	}
	if !slices.Contains(s.stale(idle.Preview, time.Now()), idle.Generation) {
		return nil
	}
	names := idle.names
	if len(names) == 0 {
		names = []string{idle.ID}
	}
	var errs []error
	for _, name := range names {
		// Not by force: a container may have it by now.
		if _, err := api.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true}); err != nil &&
			!notFound(err) {
			errs = append(errs, fmt.Errorf("remove image %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
