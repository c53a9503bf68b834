package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A keeper is the container of a generation that does nothing but be there. The
// engine removes what it takes for unneeded, when somebody prunes: engines
// before 23 each volume that no container has, though it be a mark. It does not
// remove a container that runs, nor what that has, so the keeper has the volumes
// that are needed and that no other container names, and its own name says how
// it stands about the generation:
//
//	offshoot.shop-pr-12-g3.serving.until-20261201T120000Z
//
// To rename it is one call, which the engine does or does not. No service's
// container has such a name, which would begin with that of its preview; and
// what counts are the labels anyway.
type keeper struct {
	id    string
	is    mark      // markBegun, markServing or markAsleep
	since time.Time // of markAsleep
	pass  string    // another one than the labels say; empty: none
	put   bool      // the end is another one than the labels say
	until time.Time // that end; zero: none
}

const (
	keeperPrefix = "offshoot."
	keeperTime   = "20060102T150405Z"
	keeperNever  = "never"
	// keeperMemory is some times what it needs, which are nine megabytes.
	keeperMemory = 64 << 20
)

// name is what the keeper of a generation is called.
func (k keeper) name(g generation) string {
	name := keeperPrefix + g.Preview.project(g.Number) + "." + string(k.is)
	if !k.since.IsZero() {
		name += ".since-" + k.since.UTC().Format(keeperTime)
	}
	if k.pass != "" {
		name += ".pass-" + k.pass
	}
	switch {
	case k.put && k.until.IsZero():
		name += ".until-" + keeperNever
	case k.put:
		name += ".until-" + k.until.UTC().Format(keeperTime)
	}
	return name
}

// keeperOf reads the name of a generation's keeper back: one that we would
// write, and nothing like it.
func keeperOf(g generation, name string) (keeper, bool) {
	var k keeper
	rest, ours := strings.CutPrefix(name, keeperPrefix+g.Preview.project(g.Number)+".")
	said := strings.Split(rest, ".")
	k.is = mark(said[0])
	ours = ours && (k.is == markBegun || k.is == markServing || k.is == markAsleep)
	for _, more := range said[1:] {
		what, when, _ := strings.Cut(more, "-")
		at, err := time.Parse(keeperTime, when)
		switch {
		case what == "pass" && passName.MatchString(when):
			k.pass = when
		case what == "until" && (err == nil || when == keeperNever):
			k.put, k.until = true, at
		case what == "since" && err == nil:
			k.since = at
		}
	}
	return k, ours && k.name(g) == name
}

// keeps tells a keeper from the containers of services.
func (c seenContainer) keeps() bool { return c.Labels[labelKeeper] != "" }

// keeper finds the keeper of a generation. Of several, which a killed run may
// leave, it is the one that says that the generation serves.
func (s survey) keeper(id string, number int) (found keeper, by seenContainer, ok bool) {
	for _, c := range s.containers {
		g := generationOf(c.Labels)
		if !c.keeps() || g.Preview.ID != id || g.Number != number || number == 0 {
			continue
		}
		if k, ours := keeperOf(g, c.Name); ours && (!ok || found.is == markBegun) {
			found, by, ok = k, c, true
			found.id = c.ID
		}
	}
	return found, by, ok
}

// says tells whether a mark follows from what the keeper is called.
func (k keeper) says(m mark) bool {
	return k.is == m || k.is == markAsleep && m == markServing
}

// rename lets a keeper say something else; it is harmless when it says so.
func (e Engine) rename(ctx context.Context, g generation, from, to keeper) error {
	if from.name(g) == to.name(g) {
		return nil
	}
	err := e.Docker.Client().ContainerRename(ctx, from.id, to.name(g))
	return explainKeeper(g, to, err)
}

func explainKeeper(g generation, k keeper, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("mark generation %d as %s: %w", g.Number, k.is, err)
	if cerrdefs.IsConflict(err) {
		return hint.Wrap(err, "remove or rename the container %s", k.name(g))
	}
	return err
}

// keeping is the keeper of the generation that a run makes.
type keeping struct {
	id     string
	labels map[string]string
	hold   []string
	done   chan error // of the one who starts it; nil: nobody does
}

// beginKeeper starts the keeper of the next generation beside what else is to
// be done; keeperDone waits for that.
func (j *job) beginKeeper(ctx context.Context, hold []string) {
	done := make(chan error, 1)
	j.keeping.done = done
	go func() { done <- j.startKeeper(ctx, hold) }()
}

func (j *job) keeperDone() error {
	if j.keeping.done == nil {
		return nil
	}
	err := <-j.keeping.done
	j.keeping.done = nil
	return err
}

// startKeeper makes the keeper of the next generation, which has the named
// volumes for as long as it is there. They have to exist, and so has the
// gateway, whose image it is of.
func (j *job) startKeeper(ctx context.Context, hold []string) error {
	j.keeping.hold = hold
	return j.makeKeeper(ctx, keeper{is: markBegun})
}

// makeKeeper makes a keeper that says something from the first.
func (j *job) makeKeeper(ctx context.Context, k keeper) error {
	api := j.Docker.Client()
	image, err := j.programImage(ctx)
	if err != nil {
		return err
	}
	labels := j.keeperLabels()
	created, err := j.createKeeper(ctx, k, keeperConfig(image, labels))
	if err != nil {
		return explainKeeper(j.next, k, err)
	}
	if err := api.ContainerStart(ctx, created.ID, container.StartOptions{}); err != nil {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		return errors.Join(fmt.Errorf("start the keeper: %w", err), j.removeKeeper(ctx, created.ID))
	}
	j.keeping.id, j.keeping.labels = created.ID, labels
	return nil
}

// createKeeper waits for the engine's answer though the run be interrupted: the engine makes what it was asked for even
// where nobody waits, after what is left has been looked for.
func (j *job) createKeeper(ctx context.Context, k keeper, config *container.Config) (container.CreateResponse, error) {
	if err := context.Cause(ctx); err != nil {
		return container.CreateResponse{}, err
	}
	ctx, cancel := sturdy(ctx)
	defer cancel()
	return j.Docker.Client().ContainerCreate(ctx, config, keeperHost(j.keeping.hold), nil, nil, k.name(j.next))
}

func (j *job) keeperLabels() map[string]string {
	labels := j.next.everyLabel()
	labels[labelKeeper] = strconv.FormatBool(true)
	return labels
}

func (e Engine) removeKeeper(ctx context.Context, id string) error {
	err := e.Docker.Client().ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	if err != nil && !notFound(err) {
		return fmt.Errorf("remove the keeper: %w", err)
	}
	return nil
}

// markServing makes the next generation the one that serves, by one call to the
// engine. What is known of the generation may have changed since its keeper was
// made, whose labels cannot: there is a new one then.
func (j *job) markServing(ctx context.Context) error {
	if err := j.keeperDone(); err != nil {
		return err
	}
	old := j.keeping
	if old.id != "" && maps.Equal(old.labels, j.keeperLabels()) {
		err := j.rename(ctx, j.next, keeper{id: old.id, is: markBegun}, keeper{is: markServing})
		if !notFound(err) {
			return err
		}
	}
	if err := j.makeKeeper(ctx, keeper{is: markServing}); err != nil || old.id == "" {
		return err
	}
	return j.removeKeeper(ctx, old.id)
}

// unmarkServing takes that back.
func (j *job) unmarkServing(ctx context.Context) error {
	return j.rename(ctx, j.next, keeper{id: j.keeping.id, is: markServing}, keeper{is: markBegun})
}

func keeperConfig(image string, labels map[string]string) *container.Config {
	return &container.Config{
		Image: image, Cmd: []string{"gateway", "hold"}, User: "65534:65534", Labels: labels,
		Env: []string{"GOMAXPROCS=1"},
	}
}

func keeperHost(hold []string) *container.HostConfig {
	pids := int64(64)
	host := &container.HostConfig{
		NetworkMode:    "none",
		IpcMode:        container.IPCModeNone,
		ReadonlyRootfs: true,
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		LogConfig:      container.LogConfig{Type: "none"},
		Resources:      container.Resources{Memory: keeperMemory, PidsLimit: &pids},
	}
	for i, name := range hold {
		host.Mounts = append(host.Mounts, mount.Mount{
			Type: mount.TypeVolume, Source: name, Target: "/held/" + strconv.Itoa(i), ReadOnly: true,
			VolumeOptions: &mount.VolumeOptions{NoCopy: true},
		})
	}
	return host
}
