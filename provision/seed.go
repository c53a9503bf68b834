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

// A seed is the data directory of a database that an archive was just loaded
// into, and that was shut down in order: a volume of the gateway's. The next
// generation that wants the same archive, in the same image with the same
// settings, begins with a clone of it instead of loading the archive again.
//
//	nursery ─► load ─► stop ─► clone into the seed ─► mark it whole ─► start ─► migrate
//	                                   seed, whole ─► clone ─────────► start ─► migrate
//
// The nursery is a container of the database's own kind that nothing but its
// server and our load works in: see nursery.go.
//
// A seed without its mark was left by a run that was killed, and is never used.
type seed struct {
	name string
}

const (
	labelSeed   = prefix + "seed"   // on a seed's volumes: its name
	labelSeedOf = prefix + "cloned" // on a clone: the seed's name
	labelUsed   = prefix + "used"   // on a seed's volumes: when
	labelBytes  = prefix + "bytes"  // on a seed's mark: how large it is
)

// mark is an empty volume that is made last.
func (s seed) mark() string { return s.name + "-whole" }

// use is an empty volume that tells when the seed was last cloned. It is made
// anew for that, since labels do not change.
func (s seed) use() string { return s.name + "-used" }

func (s seed) volumes() []string { return []string{s.mark(), s.use(), s.name} }

const (
	// seedTime is how long a run waits for another one that copies or removes
	// seeds.
	seedTime = 2 * time.Minute
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
	maps.Copy(labels, map[string]string{labelVolumeOf: strconv.Itoa(r.next.Number), composeVolume: compose.DatabaseVolume})
	if r.seed.name != "" {
		labels[labelSeedOf] = r.seed.name
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

// prepareDatabase makes the volume of the database, with a clone of the seed
// in it where there is one. What is wrong with a seed is said, and the archive
// is loaded as if there were none.
func (r *run) prepareDatabase(ctx context.Context) error {
	r.seed = r.wantedSeed(ctx)
	if err := r.awaitMaker(ctx); err != nil {
		return err
	}
	if err := r.databaseVolume(ctx); err != nil || r.seed.name == "" {
		return err
	}
	began := time.Now()
	how, err := r.cloneSeed(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		r.notice("the archive is loaded anew: its seed cannot be cloned: %s", printable(err.Error()))
		return r.emptyVolume(ctx)
	case how != "":
		r.cloned = true
		r.doneMaking()
		r.toldCloned(began, how)
	}
	return nil
}

// awaitMaker waits while another run loads the archive that this one wants, and
// leaves a seed of it: both would only slow each other down. The lock is held
// until this run has its own database loaded, or its clone.
func (r *run) awaitMaker(ctx context.Context) error {
	if r.seed.name == "" {
		return nil
	}
	if r.isHeld(ctx, r.engineID, r.seed.name) {
		r.notice("another run loads this archive: its database is cloned when that is done")
	}
	l, err := r.acquire(ctx, r.engineID, r.seed.name, "seed", makerTime)
	if err != nil && ctx.Err() == nil {
		r.notice("the archive is loaded without a seed: %s", printable(err.Error()))
		r.seed = seed{}
		return nil
	}
	r.making = l
	return err
}

// doneMaking lets other runs have the seed; it is harmless when repeated.
func (r *run) doneMaking() {
	if r.making != nil {
		r.making.release()
		r.making = nil
	}
}

// cloneSeed clones the seed, if it is there, and tells how.
func (r *run) cloneSeed(ctx context.Context) (how string, err error) {
	err = r.underSeedLock(ctx, func() error {
		whole, err := r.isWhole(ctx)
		if err != nil || !whole {
			return err
		}
		if err := r.touchSeed(ctx, r.seed); err != nil {
			return err
		}
		how, _, err = r.copyVolume(ctx, volumeCopy{from: r.seed.name, to: r.next.volumeName()})
		return err
	})
	return how, err
}

// emptyVolume begins again with the volume of the database.
func (r *run) emptyVolume(ctx context.Context) error {
	if err := r.Docker.Client().VolumeRemove(ctx, r.next.volumeName(), true); err != nil && !notFound(err) {
		return fmt.Errorf("volume of the database: %w", err)
	}
	r.seed = seed{}
	return r.databaseVolume(ctx)
}

// keepSeed makes a seed of the database that was just loaded in its nursery, and
// lets the database's own container have it. The seed is a matter of speed alone:
// what goes wrong with it is said.
func (r *run) keepSeed(ctx context.Context) error {
	if r.nursery.id == "" {
		return nil
	}
	err := r.stopInOrder(ctx, r.nursery.id)
	if err == nil {
		err = r.underSeedLock(ctx, func() error { return r.makeSeed(ctx) })
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		r.notice("the next up loads the archive again: no seed was made: %s", printable(err.Error()))
	}
	return r.leaveNursery(ctx)
}

// stopInOrder stops the database. What was killed because it took too long is
// no seed.
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

// makeSeed clones the stopped database, and marks the clone as whole.
func (r *run) makeSeed(ctx context.Context) error {
	api := r.Docker.Client()
	if whole, err := r.isWhole(ctx); err != nil || whole {
		return err // another run was faster
	}
	if err := r.removeSeed(ctx, r.seed); err != nil { // what a killed run left
		return err
	}
	labels := r.seedLabels(r.seed)
	if _, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: r.seed.name, Labels: labels}); err != nil {
		return fmt.Errorf("volume of the seed: %w", err)
	}
	_, bytes, err := r.copyVolume(ctx, volumeCopy{from: r.next.volumeName(), to: r.seed.name, makes: r.seed})
	if err == nil {
		labels[labelBytes] = strconv.FormatInt(bytes, 10)
		_, err = api.VolumeCreate(ctx, volume.CreateOptions{Name: r.seed.mark(), Labels: labels})
	}
	if err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(err, r.removeSeed(ctx, r.seed))
	}
	return r.thinSeeds(ctx, maxSeeds, cmp.Or(r.options.SeedSpace, DefaultSeedSpace))
}

// isWhole tells whether the seed is there, and ours.
func (r *run) isWhole(ctx context.Context) (bool, error) {
	for _, name := range []string{r.seed.mark(), r.seed.name} {
		found, err := r.Docker.Client().VolumeInspect(ctx, name)
		if notFound(err) || err == nil && found.Labels[labelSeed] != r.seed.name {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look for the seed: %w", err)
		}
	}
	return true, nil
}

// removeSeed removes a seed, its mark first.
func (e Engine) removeSeed(ctx context.Context, s seed) error {
	errs := []error{e.removeMakers(ctx, s)}
	for _, name := range s.volumes() {
		found, err := e.Docker.Client().VolumeInspect(ctx, name)
		if err == nil && found.Labels[labelSeed] == s.name {
			err = e.Docker.Client().VolumeRemove(ctx, name, false)
		}
		if err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("remove a seed: %w", err))
		}
	}
	return errors.Join(errs...)
}

// removeMakers ends what a killed run has left at work on a seed: nobody else
// may be.
func (e Engine) removeMakers(ctx context.Context, s seed) error {
	api := e.Docker.Client()
	found, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labelSeed+"="+s.name), filters.Arg("volume", s.name),
	)})
	if err != nil {
		return fmt.Errorf("list what makes a seed: %w", err)
	}
	var errs []error
	for _, c := range found {
		if err := api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("end what makes a seed: %w", err))
		}
	}
	return errors.Join(errs...)
}

// removeSeeds removes all of this gateway's.
func (e Engine) removeSeeds(ctx context.Context) error {
	seeds, err := e.seeds(ctx)
	for _, s := range seeds {
		err = errors.Join(err, e.removeSeed(ctx, s.seed))
	}
	return err
}

// underSeedLock runs f while no other run makes, clones or removes seeds.
func (r *run) underSeedLock(ctx context.Context, f func() error) error {
	subject := r.gateway() + "-seeds"
	l, err := r.acquire(ctx, r.engineID, subject, "seed", seedTime)
	if err != nil {
		return err
	}
	defer l.release()
	return f()
}
