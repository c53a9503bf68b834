package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// IdentifyBake names what a machine is made for that is to become an image. No
// two have the same name, and no branch's preview has one of them.
func IdentifyBake(repository, project string) (Preview, error) {
	return identifyOnce(repository, project, "bake-")
}

// IdentifySubset names what a machine is made for that makes a subset, likewise.
func IdentifySubset(repository, project string) (Preview, error) {
	return identifyOnce(repository, project, "subset-")
}

// identifyOnce makes a name that begins so and that nothing else has.
func identifyOnce(repository, project, kind string) (Preview, error) {
	preview, err := Identify(repository, project, 0, strings.TrimSuffix(kind, "-"))
	if err != nil {
		return Preview{}, err
	}
	unique := make([]byte, hashLength/2)
	_, _ = rand.Read(unique) // it never fails
	preview.Name, preview.Branch = kind+hex.EncodeToString(unique), ""
	preview.ID = preview.Project + "-" + preview.Name
	return preview, nil
}

// Bake does what an Up would do first, and leaves on the machine what makes
// those after it quick: the images that were pulled, what building left in the
// engine's cache, the gateway's image, and a template of the archive. Nothing runs
// in the end, and nothing of it lets anybody in anywhere.
func (e Engine) Bake(ctx context.Context, options Options, observe func(Event)) (*Result, error) {
	r := newRun(e, options, observe)
	if err := r.bake(ctx); err != nil {
		return nil, fmt.Errorf("bake: %w", r.blame(ctx, err))
	}
	return r.result, nil
}

func (r *run) bake(ctx context.Context) error {
	if err := r.step(ctx, StepLock, r.takeLock); err != nil {
		return err
	}
	defer r.lock.release()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.perform(ctx, r.loading(r.prepareCopies)); err != nil {
		return r.undo(ctx, err)
	}
	return r.step(ctx, StepCleanup, r.settle)
}

// settle takes away what belongs to this machine alone.
func (r *run) settle(ctx context.Context) error {
	ctx, cancel := sturdy(ctx)
	defer cancel()
	r.result.Links, r.result.Access = []Link{}, nil
	if err := r.removeGeneration(ctx, r.next.Preview.ID, r.next.Number); err != nil {
		return err
	}
	if r.template.name != "" {
		whole, err := r.isWhole(ctx)
		if err != nil {
			return err
		}
		r.result.Seeded = whole
	}
	return r.underGatewayLock(ctx, r.engineID, func() error {
		if err := r.askGateway(ctx, bytes.NewReader(nil), new(bytes.Buffer), "forget"); err != nil {
			return err
		}
		return r.removeGatewayContainer(ctx)
	})
}

// AsRoot runs this program with other arguments as root over all files of the
// machine, which it finds at /machine. Whoever may use the engine may do that.
func (e Engine) AsRoot(ctx context.Context, argv ...string) error {
	if e.Binary == "" {
		return errors.Join(errors.New("no executable for the container"), e.Missing)
	}
	ref, err := ensureGatewayImage(ctx, e.Docker.Client(), e.gateway(), e.Binary)
	if err != nil {
		return err
	}
	_, err = e.runOnce(ctx,
		&container.Config{Image: ref, Cmd: argv, User: "0:0", Labels: map[string]string{labelGateway: e.gateway()}},
		&container.HostConfig{
			NetworkMode: "none", LogConfig: container.LogConfig{Type: "none"},
			Mounts: []mount.Mount{{Type: mount.TypeBind, Source: "/", Target: "/machine"}},
		}, "", nil)
	return err
}
