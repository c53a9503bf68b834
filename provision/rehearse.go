package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// What the names of rehearsals and recordings begin with that are for themselves.
const (
	onceRehearsed = "rehearse-"
	onceRecorded  = "record-"
)

// IdentifyRehearsal names a rehearsal that is no preview's. No two have the same name.
func IdentifyRehearsal(repository, project string) (Preview, error) {
	return identifyOnce(repository, project, onceRehearsed)
}

// IdentifyRecording names a preview of which only is recorded what it asks. No two have the same name.
func IdentifyRecording(repository, project string) (Preview, error) {
	return identifyOnce(repository, project, onceRecorded)
}

// Rehearse loads an archive, runs the migration on clones of it, and tells what it did there and would do to
// production. Nothing but the database and the service that migrates is started, and nothing of it is left.
func (e Engine) Rehearse(ctx context.Context, options Options, observe func(Event)) (*rehearse.Report, error) {
	r := newRun(e, options, observe)
	r.bare = true
	err := r.loadOptions(ctx)
	if err == nil {
		err = r.rehearseBare(ctx)
	}
	if err != nil {
		return nil, r.blame(ctx, err)
	}
	return r.result.Rehearsal, nil
}

func (r *run) rehearseBare(ctx context.Context) error {
	if err := r.step(ctx, StepLock, r.takeLock); err != nil {
		return err
	}
	defer r.lock.release()
	r.removeForgotten(ctx)
	err := r.prepare(ctx)
	if err == nil {
		err = r.perform(ctx, r.loading(r.prepareCopies))
	}
	if err == nil {
		err = r.step(ctx, StepRehearse, (&rehearsal{of: &r.cloning}).do)
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return r.undo(ctx, err)
}

// loadOptions finds the archive, without which there is nothing to do.
func (r *run) loadOptions(ctx context.Context) error {
	if r.options.Migrate == nil {
		return hint.Usage(errors.New("there is no migration to rehearse"),
			"name the service that migrates in offshoot.yaml: preview: {migrate: {service: NAME}}")
	}
	if r.options.Load != nil {
		if err := r.options.Load(ctx, &r.options); err != nil {
			return err
		}
	}
	if r.options.Archive == "" {
		return hint.Usage(errors.New("there is no archive to rehearse on"),
			"give one with --archive, or set source in offshoot.yaml")
	}
	return nil
}

// removeForgotten removes what killed rehearsals of the repository have left. That it cannot is told by whoever needs
// the room.
func (r *run) removeForgotten(ctx context.Context) {
	s, err := r.lookAll(ctx)
	if err != nil {
		return
	}
	for _, id := range s.previews() {
		i := slices.IndexFunc(s.labels(), func(labels map[string]string) bool { return labels[labelPreview] == id })
		p := previewOf(s.labels()[i])
		if strings.HasPrefix(p.Name, onceRehearsed) && p.SameRepository(r.options.Preview) &&
			id != r.options.Preview.ID && !r.isHeld(ctx, r.engineID, id) {
			_, _ = r.Down(ctx, p, Guard{}, nil)
		}
	}
}

// onlyNeeded leaves of a project what a rehearsal needs, where it is for itself.
func (h *shape) onlyNeeded(project *types.Project) *types.Project {
	if !h.bare {
		return project
	}
	project = compose.Only(project, h.next.Database, h.options.Migrate.Service)
	h.started = project.ServiceNames()
	return project
}
