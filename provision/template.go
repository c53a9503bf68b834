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
func (c *cloning) databaseVolume(ctx context.Context) error {
	if c.archive == nil {
		return nil
	}
	labels := c.next.labels()
	delete(labels, labelGeneration)
	maps.Copy(labels,
		map[string]string{labelVolumeOf: strconv.Itoa(c.next.Number), composeVolume: compose.DatabaseVolume})
	if c.template.name != "" {
		labels[labelTemplateOf] = c.template.name
	}
	made, err := createVolume(ctx, c.Docker.Client(), volume.CreateOptions{Name: c.next.volumeName(), Labels: labels})
	if err != nil {
		return fmt.Errorf("volume of the database: %w", err)
	}
	if made.Labels[labelPreview] != c.next.Preview.ID {
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
func (c *cloning) prepareDatabase(ctx context.Context) error {
	c.template = c.wantedTemplate(ctx)
	if err := c.awaitMaker(ctx); err != nil {
		return err
	}
	if err := c.databaseVolume(ctx); err != nil || c.template.name == "" {
		return err
	}
	began := time.Now()
	how, err := c.cloneTemplate(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		c.notice("the archive is loaded anew: its template cannot be cloned: %s", printable(err.Error()))
		return c.emptyVolume(ctx)
	case how != "":
		c.cloned = true
		c.doneMaking()
		c.toldCloned(began, how)
	}
	return nil
}

// awaitMaker waits while another run loads the archive that this one wants, and
// leaves a template of it: both would only slow each other down. The lock is held
// until this run has its own database loaded, or its clone.
func (c *cloning) awaitMaker(ctx context.Context) error {
	if c.template.name == "" {
		return nil
	}
	if c.isHeld(ctx, c.engineID, c.template.name) {
		c.notice("another run loads this archive: its database is cloned when that is done")
	}
	l, err := c.acquire(ctx, c.engineID, c.template.name, "template", makerTime)
	if err != nil && ctx.Err() == nil {
		c.notice("the archive is loaded without a template: %s", printable(err.Error()))
		c.template = template{}
		return nil
	}
	c.making = l
	return err
}

// doneMaking lets other runs have the template; it is harmless when repeated.
func (c *cloning) doneMaking() {
	if c.making != nil {
		c.making.release()
		c.making = nil
	}
}

// cloneTemplate clones the template, if it is there, and tells how.
func (c *cloning) cloneTemplate(ctx context.Context) (how string, err error) {
	err = c.underTemplateLock(ctx, func() error {
		whole, err := c.isWhole(ctx)
		if err != nil || !whole {
			return err
		}
		if err := c.touchTemplate(ctx, c.template); err != nil {
			return err
		}
		how, _, err = c.copyVolume(ctx, volumeCopy{from: c.template.name, to: c.next.volumeName()})
		return err
	})
	return how, err
}

// emptyVolume begins again with the volume of the database.
func (c *cloning) emptyVolume(ctx context.Context) error {
	if err := c.Docker.Client().VolumeRemove(ctx, c.next.volumeName(), true); err != nil && !notFound(err) {
		return fmt.Errorf("volume of the database: %w", err)
	}
	c.template = template{}
	return c.databaseVolume(ctx)
}

// keepTemplate makes a template of the database that was just loaded in its nursery, and
// lets the database's own container have it. The template is a matter of speed alone:
// what goes wrong with it is said.
func (c *cloning) keepTemplate(ctx context.Context) error {
	if c.nursery.id == "" {
		return nil
	}
	err := c.stopInOrder(ctx, c.nursery.id)
	if err == nil {
		err = c.underTemplateLock(ctx, func() error { return c.makeTemplate(ctx) })
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		c.notice("no template was made, and the next up loads the archive: %s", printable(err.Error()))
	}
	return c.leaveNursery(ctx)
}

// stopInOrder stops the database. What was killed because it took too long is
// no template.
func (c *cloning) stopInOrder(ctx context.Context, id string) error {
	patience := 60 // seconds
	api := c.Docker.Client()
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
func (c *cloning) makeTemplate(ctx context.Context) error {
	api := c.Docker.Client()
	if whole, err := c.isWhole(ctx); err != nil || whole {
		return err // another run was faster
	}
	if err := c.removeTemplate(ctx, c.template); err != nil { // what a killed run left
		return err
	}
	labels := c.templateLabels(c.template)
	if _, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: c.template.name, Labels: labels}); err != nil {
		return fmt.Errorf("volume of the template: %w", err)
	}
	_, bytes, err := c.copyVolume(ctx, volumeCopy{from: c.next.volumeName(), to: c.template.name, makes: c.template})
	if err == nil {
		labels[labelBytes] = strconv.FormatInt(bytes, 10)
		_, err = api.VolumeCreate(ctx, volume.CreateOptions{Name: c.template.mark(), Labels: labels})
	}
	if err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(err, c.removeTemplate(ctx, c.template))
	}
	return c.thinTemplates(ctx, maxTemplates, cmp.Or(c.options.TemplateSpace, DefaultTemplateSpace))
}

// isWhole tells whether the template is there, and ours.
func (c *cloning) isWhole(ctx context.Context) (bool, error) {
	for _, name := range []string{c.template.mark(), c.template.name} {
		found, err := c.Docker.Client().VolumeInspect(ctx, name)
		if notFound(err) || err == nil && found.Labels[labelTemplate] != c.template.name {
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
func (c *cloning) underTemplateLock(ctx context.Context, f func() error) error {
	subject := c.gateway() + "-seeds"
	l, err := c.acquire(ctx, c.engineID, subject, "template", templateTime)
	if err != nil {
		return err
	}
	defer l.release()
	return f()
}
