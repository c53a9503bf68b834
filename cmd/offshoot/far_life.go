package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

func (a *app) extendCommand() *cobra.Command {
	w, expires := which{}, durationFlag(0)
	c := &cobra.Command{
		Use:     "extend",
		Short:   "change when a preview expires",
		Long:    "Extend changes when a preview, or the machine that it has for itself, expires,\ncounted from now. It neither makes nor starts one.",
		Example: "  offshoot extend --pr 12\n  offshoot extend --pr 12 --expires 7d",
		Args:    noArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		life := time.Duration(expires)
		if !c.Flags().Changed("expires") {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			life = cfg.Preview.Expires
		}
		return a.onPreview(c.Context(), "extend", w, preview{
			here:  func(e provision.Engine, p provision.Preview) error { return a.extendHere(c.Context(), e, p, life) },
			there: func(f far, _ provision.Preview) error { return f.extend(c.Context(), life) },
		})
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().Var(&expires, "expires", "how long it is to live from now on, such as 72h, 3d or never (default as configured, or 72h)")
	c.Flags().Lookup("expires").DefValue = ""
	return c
}

func (a *app) extendHere(ctx context.Context, e provision.Engine, p provision.Preview, life time.Duration) error {
	expires := endOf(life)
	if err := e.Expire(ctx, p.ID, expires); err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	u.Info(p.Name + " expires " + until(expires, time.Now()))
	return nil
}

// endOf is when a life that begins now ends; zero: never.
func endOf(life time.Duration) time.Time {
	if life <= 0 {
		return time.Time{}
	}
	return time.Now().Add(life).UTC().Truncate(time.Second)
}

func (a *app) stopCommand() *cobra.Command {
	return a.lifeCommand("stop", "stop a preview and keep its data",
		"Stop stops the containers of a preview, or the machine that it has for itself.\nIts data is kept; a machine's disk still costs. Starting it again assigns a\nnew public IP address, so links made from the address change.", a.stopHere, far.stop)
}

func (a *app) startCommand() *cobra.Command {
	timeout := defaultTimeout
	here := func(ctx context.Context, e provision.Engine, p provision.Preview) error {
		if timeout <= 0 {
			return hint.Usage(fmt.Errorf("timeout %v", timeout), "give a time such as 5m")
		}
		return a.startHere(ctx, e, p, timeout)
	}
	c := a.lifeCommand("start", "start a stopped preview",
		"Start starts what has ended of a preview, since it was stopped or the computer\nwas, waits until it is ready, and prints the link. A machine of its own has\nanother address then, and so has a preview that is named after it.", here, far.start)
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long to wait until ready")
	return c
}

func (a *app) lifeCommand(verb, short, long string, here func(context.Context, provision.Engine, provision.Preview) error, there func(far, context.Context, provision.Preview) error) *cobra.Command {
	w := which{}
	c := &cobra.Command{
		Use: verb, Short: short, Long: long, Example: "  offshoot " + verb + " --pr 12", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), verb, w, preview{
				here:  func(e provision.Engine, p provision.Preview) error { return here(c.Context(), e, p) },
				there: func(f far, p provision.Preview) error { return there(f, c.Context(), p) },
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	return c
}

func (a *app) stopHere(ctx context.Context, e provision.Engine, p provision.Preview) error {
	if err := e.Stop(ctx, p.ID); err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	u.Info(p.Name + " is stopped: offshoot start or up lets it run again")
	return nil
}

func (a *app) startHere(ctx context.Context, e provision.Engine, p provision.Preview, timeout time.Duration) error {
	u := a.newUI()
	defer u.Close()
	if err := e.Start(ctx, p.ID, timeout, newSteps(u).observe); err != nil {
		explainStep(u, err)
		return err
	}
	u.Close()
	status, err := e.Get(ctx, p.ID)
	if err != nil {
		return err
	}
	if firstLink(status) == "" {
		return nil
	}
	return a.println(firstLink(status))
}

func (f far) say(text string) {
	u := f.app.newUI()
	defer u.Close()
	u.Info(text)
}

func (f far) extend(ctx context.Context, life time.Duration) error {
	expires := endOf(life)
	if err := f.expire(ctx, expires); err != nil {
		return err
	}
	f.say("machine " + f.machine.ID + " expires " + until(expires, time.Now()))
	return nil
}

// expire changes the label, and the timer of a machine that runs.
func (f far) expire(ctx context.Context, expires time.Time) error {
	m, err := f.provider.Extend(ctx, f.machine.ID, expires)
	if err != nil || m.State != machine.Running {
		return err
	}
	h, err := f.provider.Connect(ctx, m)
	if err != nil {
		return fmt.Errorf("the machine's own timer was not told: %w", err)
	}
	return h.Close()
}

func (f far) stop(ctx context.Context, _ provision.Preview) error {
	if err := f.provider.Stop(ctx, f.machine.ID); err != nil {
		return err
	}
	f.say("machine " + f.machine.ID + " is stopped: offshoot start or up lets it run again")
	return nil
}

// start lets the machine run, and its gateway answer at its new address.
func (f far) start(ctx context.Context, p provision.Preview) error {
	spec := machine.Spec{Preview: f.machine.Preview, Repository: f.machine.Repository, Expires: f.machine.Expires, Labels: f.machine.Labels}
	var err error
	if f.machine, err = f.provider.Ensure(ctx, spec); err != nil {
		return err
	}
	status, err := f.reopen(ctx, p)
	if err != nil {
		return err
	}
	link := firstLink(status)
	if spec.Labels[provision.LabelLink] = link; link == "" {
		f.say("machine " + f.machine.ID + " runs, and nothing serves on it: run offshoot up")
		return nil
	}
	if _, err := f.provider.Ensure(ctx, spec); err != nil {
		return err
	}
	return f.app.println(link)
}

func (f far) reopen(ctx context.Context, p provision.Preview) (status provision.Status, err error) {
	address, err := netip.ParseAddr(f.machine.Address)
	if err != nil {
		return status, fmt.Errorf("address of %s: %w", f.machine.ID, err)
	}
	front, err := json.Marshal(f.config.On(f.machine.Labels).Front(address))
	if err != nil {
		return status, err
	}
	h, err := f.connect(ctx)
	if err != nil {
		return status, err
	}
	defer closing(h, &err)
	var out bytes.Buffer
	site := remote.Site{Host: h, Folder: remote.DefaultFolder}
	err = h.Run(ctx, host.Command{
		Args: site.Agent("reopen", p.ID), Env: remote.Environment(), Stdin: bytes.NewReader(front), Stdout: &out, Stderr: f.app.stderr,
	})
	var exit *host.ExitError
	if errors.As(err, &exit) && exit.Code == exitNoPreview {
		return status, nil
	}
	if err != nil {
		return status, fmt.Errorf("open the preview at its new address: %w", err)
	}
	return status, json.Unmarshal(out.Bytes(), &status)
}
