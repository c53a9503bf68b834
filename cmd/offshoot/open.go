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

func (a viewing) openCommand() *cobra.Command {
	w := which{}
	c := &cobra.Command{
		Use:     "open",
		Short:   "print a preview's link and open it in the browser",
		Example: "  offshoot open\n  offshoot open --pr 12",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), "open", w, func(all provision.Previews, p provision.Preview) error {
				return a.open(c.Context(), all, p)
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	return c
}

// open prints the link, which may be passed on, and shows the browser the one
// that signs in, where there is one.
func (a viewing) open(ctx context.Context, all provision.Previews, p provision.Preview) error {
	status, err := all.Get(ctx, p)
	if err != nil {
		return err
	}
	link := firstLink(status)
	if link == "" {
		return hint.Wrap(fmt.Errorf("nothing to open, the preview is %s", stateOf(status)), "run offshoot up")
	}
	if err := a.println(link); err != nil {
		return err
	}
	opener := a.opener()
	if opener == "" {
		return nil
	}
	u := a.newUI()
	defer u.Close()
	signed, err := signedLink(ctx, all, p)
	if err != nil {
		u.Warn("the browser has to sign in: " + err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	err = (host.Local{}).Run(ctx, host.Command{Args: []string{opener, cmp.Or(signed, link)}, Env: a.environ})
	if err != nil {
		u.Warn("no browser opened: " + err.Error())
	}
	return nil
}

// signedLink signs whoever follows it in; "" where nobody has to.
func signedLink(ctx context.Context, all provision.Previews, p provision.Preview) (string, error) {
	access, err := all.AccessTo(ctx, p)
	if errors.Is(err, provision.ErrOpen) || err == nil && len(access.Links) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return access.Links[0].URL, nil
}

// stateOf is the state of a preview, or of the machine that it has for itself.
func stateOf(s provision.Status) string {
	if s.Machine != nil {
		return string(s.Machine.State)
	}
	return string(s.State)
}

// opener is the program that opens a link on this computer; "" where there is
// no screen to open it on.
func (a viewing) opener() string {
	switch {
	case runtime.GOOS == "darwin":
		return "open"
	case a.getenv("DISPLAY") != "" || a.getenv("WAYLAND_DISPLAY") != "":
		return "xdg-open"
	}
	return ""
}
