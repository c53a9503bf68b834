// Package dedicated has previews each on a machine of its own.
//
//	Up ─► files ─► machine ─► archives ─► remote.Site ─► agent ─► provision.Engine
//	other methods ─► labels of the machine, or an agent on it
//
// All that is known of a preview without a connection is in the labels of its
// machine: list and open ask nothing else.
package dedicated

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// A Provider has machines, and can say anew when one expires.
type Provider interface {
	machine.Provider
	// Extend changes when a machine expires; the zero time: never. It neither makes
	// nor starts one. A machine that runs learns of it from the next Connect.
	Extend(ctx context.Context, id string, expires time.Time) (machine.Machine, error)
}

// Previews are those on the machines of a provider.
type Previews struct {
	Provider Provider
	// Front is how a machine is reached from other computers.
	Front func(m machine.Machine) (provision.Front, error)
	// Stderr gets what an agent says that is no answer.
	Stderr io.Writer

	Supply // of Up and Bake alone
}

// A Supply is what an up needs from the computer that it is called on. All but
// Files and Program may be nil.
type Supply struct {
	// Files gathers what goes to a machine for an up, but for the archives. It
	// finds what is wrong with the files before anything is spent.
	Files func(ctx context.Context, o provision.Options) (remote.Delivery, error)
	// Prepare is for what has to be done after that and ahead of the machine.
	Prepare func(ctx context.Context) error
	// Elsewhere is the archive that the machine can fetch by itself; nil: there is
	// none, and Load of the options finds it.
	Elsewhere func(ctx context.Context) (*remote.Elsewhere, error)
	// Program finds the executable of offshoot for a platform, in the words of
	// uname.
	Program func(system, architecture string) (string, error)
	// Info and Warn are told what somebody may want to know.
	Info, Warn func(text string)
}

var _ provision.Previews = Previews{}

// Close has nothing to close: connections end with what they were made for.
func (Previews) Close() error { return nil }

// ownerOf is as much of a spec as tells whose a machine has to be.
func ownerOf(p provision.Preview) machine.Spec {
	return machine.Spec{Preview: p.ID, Repository: p.Repository, Labels: p.Labels()}
}

// Of lists the machines of a preview that are not ending, oldest first. Where its
// id is that of another repository's, that is hint.ErrUsage.
func Of(ctx context.Context, provider machine.Provider, p provision.Preview) ([]machine.Machine, error) {
	found, err := provider.List(ctx, machine.Filter{Preview: p.ID})
	var alive []machine.Machine
	for _, m := range found {
		if m.State == machine.Ending {
			continue
		}
		if err := ownerOf(p).SameOwner(m); err != nil {
			return nil, err
		}
		alive = append(alive, m)
	}
	return alive, err
}

// find finds the machine of a preview, or ErrNoPreview.
func (p Previews) find(ctx context.Context, of provision.Preview) (machine.Machine, error) {
	found, err := Of(ctx, p.Provider, of)
	if err != nil {
		return machine.Machine{}, err
	}
	if len(found) == 0 {
		err := fmt.Errorf("%s: %w", of.ID, provision.ErrNoPreview)
		return machine.Machine{}, hint.Wrap(err, "run offshoot list to see them")
	}
	return found[0], nil
}

// reach connects to a machine that is meant to run, and does something there.
func (p Previews) reach(ctx context.Context, m machine.Machine, do func(remote.Site) error) (err error) {
	if m.State == machine.Stopped || m.State == machine.Stopping {
		return hint.Wrap(fmt.Errorf("its machine is %s", m.State), "run offshoot start")
	}
	h, err := p.Provider.Connect(ctx, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return do(remote.Site{Host: h, Folder: remote.DefaultFolder, Notice: p.Warn})
}

// on does something on the machine of a preview.
func (p Previews) on(ctx context.Context, of provision.Preview, do func(remote.Site) error) error {
	m, err := p.find(ctx, of)
	if err != nil {
		return err
	}
	return p.reach(ctx, m, do)
}
