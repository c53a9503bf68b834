package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

const extendLong = `Extend changes when a preview, or the machine that it has for itself, expires,
counted from now. It neither makes nor starts one.`

func (a viewing) extendCommand() *cobra.Command {
	w, expires := which{}, durationFlag(0)
	c := &cobra.Command{
		Use:     "extend",
		Short:   "change when a preview expires",
		Long:    extendLong,
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
		return a.onPreview(c.Context(), "extend", w, func(all provision.Previews, p provision.Preview) error {
			end := endOf(life)
			if err := all.Expire(c.Context(), p, end); err != nil {
				return err
			}
			a.say(p.Name + " expires " + until(end, time.Now()))
			return nil
		})
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().Var(&expires, "expires",
		"how long it is to live from now on, such as 72h, 3d or never (default as configured, or 72h)")
	c.Flags().Lookup("expires").DefValue = ""
	return c
}

// endOf is when a life that begins now ends; zero: never.
func endOf(life time.Duration) time.Time {
	if life <= 0 {
		return time.Time{}
	}
	return time.Now().Add(life).UTC().Truncate(time.Second)
}

const stopLong = `Stop stops the containers of a preview, or the machine that it has for itself.
Its data is kept; a machine's disk still costs. Starting it again assigns a
new public IP address, so links made from the address change.`

func (a viewing) stopCommand() *cobra.Command {
	w := which{}
	c := &cobra.Command{
		Use: "stop", Short: "stop a preview and keep its data", Long: stopLong,
		Example: "  offshoot stop --pr 12", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), "stop", w, func(all provision.Previews, p provision.Preview) error {
				if err := all.Stop(c.Context(), p); err != nil {
					return err
				}
				a.say(p.Name + " is stopped: offshoot start or up starts it")
				return nil
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	return c
}

const startLong = `Start starts what has ended of a preview, since it was stopped or the computer
was, waits until it is ready, and prints the link. A machine of its own has
another address then, and so has a preview that is named after it.`

func (a viewing) startCommand() *cobra.Command {
	w, timeout := which{}, defaultTimeout
	c := &cobra.Command{
		Use: "start", Short: "start a stopped preview", Long: startLong,
		Example: "  offshoot start --pr 12", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), "start", w, func(all provision.Previews, p provision.Preview) error {
				if timeout <= 0 {
					return hint.Usage(fmt.Errorf("timeout %v", timeout), "give a time such as 5m")
				}
				return a.start(c.Context(), all, p, timeout)
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long to wait until ready")
	return c
}

func (a viewing) start(ctx context.Context, all provision.Previews, p provision.Preview, timeout time.Duration) error {
	u := a.newUI()
	defer u.Close()
	status, err := all.Start(ctx, p, timeout, newSteps(u).observe)
	if err != nil {
		explain(u, err)
		return err
	}
	link := firstLink(status)
	if link == "" && status.State == provision.Incomplete {
		u.Info("the machine of " + p.Name + " runs, and nothing serves on it: run offshoot up")
	}
	u.Close()
	if link == "" {
		return nil
	}
	return a.println(link)
}

// say tells what was done, where that is no answer.
func (a viewing) say(text string) {
	u := a.newUI()
	defer u.Close()
	u.Info(text)
}
