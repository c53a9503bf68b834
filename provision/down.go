package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// downPatience is how long a down waits for a run that is just ending.
const downPatience = 10 * time.Second

// Down removes everything of one preview, and the gateway when it was the last.
// It is ErrNoPreview when there was nothing to remove.
func (e Engine) Down(ctx context.Context, preview Preview, guard Guard, observe func(Event)) (Removed, error) {
	d := newRun(e, Options{Preview: preview, Guard: guard}, observe)
	removed, err := d.down(ctx, preview.ID)
	if err != nil {
		return Removed{Removed: removed}, fmt.Errorf("down %s: %w", preview.ID, d.blame(ctx, err))
	}
	return Removed{Removed: removed, Previews: []Preview{preview}}, nil
}

func (j *job) down(ctx context.Context, id string) (removed compose.Removed, err error) {
	if id == "" {
		return removed, hint.Usage(errors.New("no preview is named"), "add --pr N or --branch NAME")
	}
	err = j.step(ctx, StepLock, func(ctx context.Context) error {
		if j.engineID, err = j.Docker.ID(ctx); err != nil {
			return err
		}
		j.lock, err = j.acquire(ctx, j.engineID, id, "down", j.options.Guard.Wait(downPatience))
		return err
	})
	if err != nil {
		return removed, err
	}
	defer j.lock.release()
	removed, err = j.downAlone(ctx, id)
	j.options.Guard.Tell(ctx, nil, err)
	return removed, err
}

// downAlone is down while no other run touches the preview.
func (j *job) downAlone(ctx context.Context, id string) (removed compose.Removed, err error) {
	if err := j.options.Guard.Ask(ctx); err != nil {
		return removed, err
	}
	found, err := look(ctx, j.Docker.Client(), id)
	if err == nil {
		err = found.of(j.options.Preview)
	}
	if err != nil {
		return removed, err
	}
	err = j.step(ctx, StepRemove, func(ctx context.Context) error {
		removed, err = compose.RemoveByLabel(ctx, j.Docker, map[string]string{labelPreview: id})
		// Even where nothing was left of the preview: a run that was killed here
		// may have left the gateway.
		return errors.Join(err, j.leaveMachine(ctx, j.engineID))
	})
	if err == nil && len(found.labels()) == 0 {
		err = ErrNoPreview
	}
	return removed, err
}

// DownAll removes every preview of one's repository. It goes on after one that
// fails and joins the errors.
func (e Engine) DownAll(ctx context.Context, one Preview, observe func(Event)) (Removed, error) {
	var all Removed
	previews, err := e.List(ctx, Filter{Repository: one.Repository, RepositoryID: one.RepositoryID})
	if err != nil {
		return all, err
	}
	if len(previews) == 0 {
		return all, fmt.Errorf("down: %w of %s", ErrNoPreview, one.Repository)
	}
	var errs []error
	for _, status := range previews {
		removed, err := e.Down(ctx, Preview{ID: status.Preview.ID}, Guard{}, observe)
		if err != nil && !errors.Is(err, ErrNoPreview) {
			errs = append(errs, err)
		}
		if err == nil {
			removed.Previews = []Preview{status.Preview}
		}
		all = joinRemoved(all, removed)
	}
	return all, errors.Join(errs...)
}

func joinRemoved(a, b Removed) Removed {
	return Removed{
		Removed: compose.Removed{
			Containers: slices.Concat(a.Containers, b.Containers),
			Networks:   slices.Concat(a.Networks, b.Networks),
			Volumes:    slices.Concat(a.Volumes, b.Volumes),
			Images:     slices.Concat(a.Images, b.Images),
		},
		Previews: slices.Concat(a.Previews, b.Previews),
	}
}
