package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A template is the data directory of a database that an archive was just loaded
// into, and that was shut down in order: a volume of the gateway's. The next
// generation that wants the same archive, in the same image with the same
// settings, begins with a clone of it instead of loading the archive again.
//
//	nursery ─► load ─► stop ─► clone into it ─► mark it whole ─► start ─► migrate
//	                         template, whole ─► clone ─────────► start ─► migrate
//
// The nursery is a container of the database's own kind that nothing but its
// server and our load works in: see nursery.go.
//
// A template without its mark was left by a run that was killed, and is never used.
type template struct {
	name string
}

// Labels and names of volumes keep the word that earlier versions had for a
// template, so that those which they made are found.
const (
	labelTemplate   = prefix + "seed"   // on a template's volumes: its name
	labelTemplateOf = prefix + "cloned" // on a clone: the template's name
	labelUsed       = prefix + "used"   // on a template's volumes: when
	labelBytes      = prefix + "bytes"  // on a template's mark: how large it is
)

// mark is an empty volume that is made last.
func (t template) mark() string { return t.name + "-whole" }

// use is an empty volume that tells when the template was last cloned. It is made
// anew for that, since labels do not change.
func (t template) use() string { return t.name + "-used" }

func (t template) volumes() []string { return []string{t.mark(), t.use(), t.name} }

const (
	// templateTime is how long a run waits for another one that copies or removes
	// templates.
	templateTime = 2 * time.Minute
	// makerTime is how long it waits for one that loads the same archive. When
	// that one dies, the wait is over at once.
	makerTime = 30 * time.Minute
)

// databaseVolume makes the volume for the data of the next generation, which
// compose would make otherwise: a clone has to be in it before the database
// starts. It bears the labels that compose gives its volumes.
func (r *run) databaseVolume(ctx context.Context) error {
	if r.archive == nil {
		return nil
	}
	labels := r.next.labels()
	delete(labels, labelGeneration)
	maps.Copy(labels,
		map[string]string{labelVolumeOf: strconv.Itoa(r.next.Number), composeVolume: compose.DatabaseVolume})
	if r.template.name != "" {
		labels[labelTemplateOf] = r.template.name
	}
	made, err := createVolume(ctx, r.Docker.Client(), volume.CreateOptions{Name: r.next.volumeName(), Labels: labels})
	if err != nil {
		return fmt.Errorf("volume of the database: %w", err)
	}
	if made.Labels[labelPreview] != r.next.Preview.ID {
		return hint.Wrap(fmt.Errorf("volume %s %w", made.Name, errForeign), "remove that volume")
	}
	return nil
}

func (g generation) volumeName() string {
	return g.Preview.project(g.Number) + "_" + compose.DatabaseVolume
}

// prepareDatabase makes the volume of the database, with a clone of the template
// in it where there is one. What is wrong with a template is said, and the archive
// is loaded as if there were none.
func (r *run) prepareDatabase(ctx context.Context) error {
	r.template = r.wantedTemplate(ctx)
	if err := r.awaitMaker(ctx); err != nil {
		return err
	}
	if err := r.databaseVolume(ctx); err != nil || r.template.name == "" {
		return err
	}
	began := time.Now()
	how, err := r.cloneTemplate(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		r.notice("the archive is loaded anew: its template cannot be cloned: %s", printable(err.Error()))
		return r.emptyVolume(ctx)
	case how != "":
		r.cloned = true
		r.doneMaking()
		r.toldCloned(began, how)
	}
	return nil
}

// awaitMaker waits while another run loads the archive that this one wants, and
// leaves a template of it: both would only slow each other down. The lock is held
// until this run has its own database loaded, or its clone.
func (r *run) awaitMaker(ctx context.Context) error {
	if r.template.name == "" {
		return nil
	}
	if r.isHeld(ctx, r.engineID, r.template.name) {
		r.notice("another run loads this archive: its database is cloned when that is done")
	}
	l, err := r.acquire(ctx, r.engineID, r.template.name, "template", makerTime)
	if err != nil && ctx.Err() == nil {
		r.notice("the archive is loaded without a template: %s", printable(err.Error()))
		r.template = template{}
		return nil
	}
	r.making = l
	return err
}

// doneMaking lets other runs have the template; it is harmless when repeated.
func (r *run) doneMaking() {
	if r.making != nil {
		r.making.release()
		r.making = nil
	}
}

// cloneTemplate clones the template, if it is there, and tells how.
func (r *run) cloneTemplate(ctx context.Context) (how string, err error) {
	err = r.underTemplateLock(ctx, func() error {
		whole, err := r.isWhole(ctx)
		if err != nil || !whole {
			return err
		}
		if err := r.touchTemplate(ctx, r.template); err != nil {
			return err
		}
		how, _, err = r.copyVolume(ctx, volumeCopy{from: r.template.name, to: r.next.volumeName()})
		return err
	})
	return how, err
}

// emptyVolume begins again with the volume of the database.
func (r *run) emptyVolume(ctx context.Context) error {
	if err := r.Docker.Client().VolumeRemove(ctx, r.next.volumeName(), true); err != nil && !notFound(err) {
		return fmt.Errorf("volume of the database: %w", err)
	}
	r.template = template{}
	return r.databaseVolume(ctx)
}

// keepTemplate makes a template of the database that was just loaded in its nursery, and
// lets the database's own container have it. The template is a matter of speed alone:
// what goes wrong with it is said.
func (r *run) keepTemplate(ctx context.Context) error {
	if r.nursery.id == "" {
		return nil
	}
	err := r.stopInOrder(ctx, r.nursery.id)
	if err == nil {
		err = r.underTemplateLock(ctx, func() error { return r.makeTemplate(ctx) })
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		r.notice("no template was made, and the next up loads the archive: %s", printable(err.Error()))
	}
	return r.leaveNursery(ctx)
}

// stopInOrder stops the database. What was killed because it took too long is
// no template.
func (r *run) stopInOrder(ctx context.Context, id string) error {
	patience := 60 // seconds
	api := r.Docker.Client()
	if err := api.ContainerStop(ctx, id, container.StopOptions{Timeout: &patience}); err != nil {
		return fmt.Errorf("stop the database: %w", err)
	}
	stopped, err := api.ContainerInspect(ctx, id)
	if err != nil {
		return fmt.Errorf("stop the database: %w", err)
	}
	if stopped.State.ExitCode != 0 {
		return fmt.Errorf("the database did not shut down in order: exit %d", stopped.State.ExitCode)
	}
	return nil
}

// makeTemplate clones the stopped database, and marks the clone as whole.
func (r *run) makeTemplate(ctx context.Context) error {
	api := r.Docker.Client()
	if whole, err := r.isWhole(ctx); err != nil || whole {
		return err // another run was faster
	}
	if err := r.removeTemplate(ctx, r.template); err != nil { // what a killed run left
		return err
	}
	labels := r.templateLabels(r.template)
	if _, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: r.template.name, Labels: labels}); err != nil {
		return fmt.Errorf("volume of the template: %w", err)
	}
	_, bytes, err := r.copyVolume(ctx, volumeCopy{from: r.next.volumeName(), to: r.template.name, makes: r.template})
	if err == nil {
		labels[labelBytes] = strconv.FormatInt(bytes, 10)
		_, err = api.VolumeCreate(ctx, volume.CreateOptions{Name: r.template.mark(), Labels: labels})
	}
	if err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(err, r.removeTemplate(ctx, r.template))
	}
	return r.thinTemplates(ctx, maxTemplates, cmp.Or(r.options.TemplateSpace, DefaultTemplateSpace))
}

// isWhole tells whether the template is there, and ours.
func (r *run) isWhole(ctx context.Context) (bool, error) {
	for _, name := range []string{r.template.mark(), r.template.name} {
		found, err := r.Docker.Client().VolumeInspect(ctx, name)
		if notFound(err) || err == nil && found.Labels[labelTemplate] != r.template.name {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look for the template: %w", err)
		}
	}
	return true, nil
}

// removeTemplate removes a template, its mark first.
func (e Engine) removeTemplate(ctx context.Context, s template) error {
	errs := []error{e.removeMakers(ctx, s)}
	for _, name := range s.volumes() {
		found, err := e.Docker.Client().VolumeInspect(ctx, name)
		if err == nil && found.Labels[labelTemplate] == s.name {
			err = e.Docker.Client().VolumeRemove(ctx, name, false)
		}
		if err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("remove a template: %w", err))
		}
	}
	return errors.Join(errs...)
}

// removeMakers ends what a killed run has left at work on a template: nobody else
// may be.
func (e Engine) removeMakers(ctx context.Context, s template) error {
	api := e.Docker.Client()
	found, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labelTemplate+"="+s.name), filters.Arg("volume", s.name),
	)})
	if err != nil {
		return fmt.Errorf("list what makes a template: %w", err)
	}
	var errs []error
	for _, c := range found {
		if err := api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("end what makes a template: %w", err))
		}
	}
	return errors.Join(errs...)
}

// removeTemplates removes all of this gateway's.
func (e Engine) removeTemplates(ctx context.Context) error {
	templates, err := e.templates(ctx)
	for _, s := range templates {
		err = errors.Join(err, e.removeTemplate(ctx, s.template))
	}
	return err
}

// underTemplateLock runs f while no other run makes, clones or removes templates.
func (r *run) underTemplateLock(ctx context.Context, f func() error) error {
	subject := r.gateway() + "-seeds"
	l, err := r.acquire(ctx, r.engineID, subject, "template", templateTime)
	if err != nil {
		return err
	}
	defer l.release()
	return f()
}
