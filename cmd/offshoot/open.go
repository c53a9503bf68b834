package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
)

func (a *app) openCommand() *cobra.Command {
	w := which{}
	c := &cobra.Command{
		Use:     "open",
		Short:   "print the link of a preview and open it in the browser",
		Example: "  offshoot open\n  offshoot open --pr 12",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), "open", w, preview{
				here: func(e provision.Engine, p provision.Preview) error {
					status, err := e.Get(c.Context(), p.ID)
					if err != nil {
						return err
					}
					signed := func() (string, error) { return signedLink(c.Context(), e, p) }
					return a.open(c.Context(), firstLink(status), string(status.State), signed)
				},
				there: func(f far, _ provision.Preview) error {
					return a.open(c.Context(), f.machine.Labels[provision.LabelLink], string(f.machine.State), nil)
				},
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	return c
}

// signedLink signs whoever follows it in; "" where nobody has to.
func signedLink(ctx context.Context, e provision.Engine, p provision.Preview) (string, error) {
	access, err := e.AccessTo(ctx, p.ID)
	if errors.Is(err, provision.ErrOpen) || err == nil && len(access.Links) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return access.Links[0].URL, nil
}

// open prints the link, which may be passed on, and shows the browser the one
// that signs in, where there is one.
func (a *app) open(ctx context.Context, link, state string, signed func() (string, error)) error {
	if link == "" {
		return hint.Wrap(fmt.Errorf("nothing to open, the preview is %s", state), "run offshoot up")
	}
	if err := a.println(link); err != nil {
		return err
	}
	opener := a.opener()
	if opener == "" {
		return nil
	}
	if signed != nil {
		in, err := signed()
		if err != nil {
			return err
		}
		link = cmp.Or(in, link)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := (host.Local{}).Run(ctx, host.Command{Args: []string{opener, link}, Env: a.environ}); err != nil {
		u := a.newUI()
		defer u.Close()
		u.Warn("no browser opened: " + err.Error())
	}
	return nil
}

// opener is the program that opens a link on this computer; "" where there is
// no screen to open it on.
func (a *app) opener() string {
	switch {
	case runtime.GOOS == "darwin":
		return "open"
	case a.getenv("DISPLAY") != "" || a.getenv("WAYLAND_DISPLAY") != "":
		return "xdg-open"
	}
	return ""
}
