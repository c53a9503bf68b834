package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
)

const accessLong = `Access prints the link that signs in to a preview, and its password. Both are
good until the preview expires. With --rotate all that were given out are no
longer good, nor is whoever has signed in with them, and new ones are printed.`

func (a *app) accessCommand() *cobra.Command {
	w, rotate := which{}, false
	c := &cobra.Command{
		Use:     "access",
		Short:   "print the link and the password that sign in to a preview",
		Long:    accessLong,
		Example: "  offshoot access --pr 12\n  offshoot access --pr 12 --rotate",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), "access", w, preview{
				here: func(e provision.Engine, p provision.Preview) error {
					access, err := accessOn(c.Context(), e, p.ID, rotate)
					return a.printAccess(access, err)
				},
				there: func(f far, p provision.Preview) error {
					access, err := f.access(c.Context(), p.ID, rotate)
					return a.printAccess(access, err)
				},
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	a.jsonFlag(c)
	c.Flags().BoolVar(&rotate, "rotate", false, "end what was given out before")
	return c
}

func accessOn(ctx context.Context, e provision.Engine, id string, rotate bool) (*provision.Access, error) {
	if rotate {
		return e.RotateAccess(ctx, id)
	}
	return e.AccessTo(ctx, id)
}

func (a *app) printAccess(access *provision.Access, err error) error {
	if errors.Is(err, provision.ErrOpen) {
		return hint.Wrap(err, "offshoot open prints its link")
	}
	if err != nil {
		return err
	}
	if a.json {
		a.result = access
		return nil
	}
	for _, link := range access.Links {
		if _, err := fmt.Fprintln(a.stdout, link.URL); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(a.stdout, "password "+access.Password)
	return err
}

// access asks the machine, whose gateway has the key.
func (f far) access(ctx context.Context, id string, rotate bool) (*provision.Access, error) {
	var args []string
	if rotate {
		args = append(args, "-rotate")
	}
	var out bytes.Buffer
	err := f.call(ctx, host.Command{Stdout: &out, Stderr: f.app.stderr}, "access", append([]string{id}, args...)...)
	if err != nil {
		return nil, err
	}
	var access provision.Access
	if err := json.Unmarshal(out.Bytes(), &access); err != nil {
		return nil, errors.New("the machine's answer cannot be read")
	}
	return &access, nil
}

func (a *app) agentAccess(ctx context.Context, engine provision.Engine, id string, args []string) error {
	flags := agentFlags()
	rotate := flags.Bool("rotate", false, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("agent access: %w", err)
	}
	access, err := accessOn(ctx, engine, id, *rotate)
	if err != nil {
		return err
	}
	return json.NewEncoder(a.stdout).Encode(access)
}
