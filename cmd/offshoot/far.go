package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// far is the machine that one preview has for itself.
type far struct {
	app      *app
	config   *config.Config
	provider *ec2.Provider
	machine  machine.Machine
}

// far finds the machine of a preview, or ErrNoPreview.
func (a *app) far(ctx context.Context, cfg *config.Config, p provision.Preview) (far, error) {
	provider, err := ec2.New(ctx, a.ec2Options(cfg))
	if err != nil {
		return far{}, err
	}
	found, err := machinesOf(ctx, provider, p)
	if err != nil {
		return far{}, err
	}
	if len(found) == 0 {
		return far{}, hint.Wrap(fmt.Errorf("%s: %w", p.ID, provision.ErrNoPreview), "run offshoot list to see them")
	}
	return far{a, cfg, provider, found[0]}, nil
}

// ownerOf is as much of a spec as tells whose a machine has to be.
func ownerOf(p provision.Preview) machine.Spec {
	return machine.Spec{Preview: p.ID, Repository: p.Repository, Labels: p.Labels()}
}

// machinesOf lists the machines of a preview that are not ending, oldest first.
// Where its id is that of another repository's, that is hint.ErrUsage.
func machinesOf(ctx context.Context, provider machine.Provider, p provision.Preview) ([]machine.Machine, error) {
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

// connect reaches a machine that is meant to run.
func (f far) connect(ctx context.Context) (host.Host, error) {
	if f.machine.State == machine.Stopped || f.machine.State == machine.Stopping {
		return nil, hint.Wrap(fmt.Errorf("its machine is %s", f.machine.State), "offshoot start lets it run again")
	}
	return f.provider.Connect(ctx, f.machine)
}

// call runs a command of the agent with our own streams. It ends as that one
// does.
func (f far) call(ctx context.Context, c host.Command, verb string, args ...string) (err error) {
	h, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(h, &err)
	site := remote.Site{Host: h, Folder: remote.DefaultFolder}
	c.Args, c.Env = site.Agent(verb, args...), remote.Environment()
	err = h.Run(ctx, c)
	var exit *host.ExitError
	if errors.As(err, &exit) && exit.Code > 0 {
		return &commandError{code: exit.Code} // it has said why
	}
	return err
}

func (f far) logs(ctx context.Context, id string, o compose.LogOptions) (err error) {
	redacted := f.app.secrets.Writer(f.app.stdout)
	defer closing(redacted, &err)
	out := &ui.Cleaner{W: redacted}
	defer closing(out, &err)
	args := []string{id, "-tail", strconv.Itoa(o.Tail)}
	if o.Follow {
		args = append(args, "-f")
	}
	args = append(append(args, "--"), o.Services...)
	return f.call(ctx, host.Command{Stdout: out, Stderr: f.app.stderr}, "logs", args...)
}

// inside runs a command inside of the preview. It gets our terminal, if that
// is what our streams are.
func (f far) inside(ctx context.Context, verb, id string, args []string) error {
	c := host.Command{Stdin: f.app.stdin, Stdout: f.app.stdout, Stderr: f.app.stderr}
	options := []string{id}
	if f.app.terminal().TTY {
		file := f.app.stdin.(*os.File) // or it were no terminal
		t, err := compose.TakeTerminal(file)
		if err != nil {
			return err
		}
		defer t.Restore()
		c.Stdin, c.Stderr = framed(file, t.Sizes), rawLines{f.app.stderr}
		options = append(options, "-tty")
	}
	return f.call(ctx, c, verb, append(append(options, "--"), args...)...)
}
