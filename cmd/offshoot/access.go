package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

const accessLong = `Access prints the link that signs in to a preview, and its password. Both are
good until the preview expires. --rotate revokes those given out before, ends the
sessions opened with them, and prints new ones.`

func (a viewing) accessCommand() *cobra.Command {
	w, rotate := which{}, false
	c := &cobra.Command{
		Use:     "access",
		Short:   "print the link and password for signing in to a preview",
		Long:    accessLong,
		Example: "  offshoot access --pr 12\n  offshoot access --pr 12 --rotate",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onPreview(c.Context(), "access", w, func(all provision.Previews, p provision.Preview) error {
				to := all.AccessTo
				if rotate {
					to = all.RotateAccess
				}
				access, err := to(c.Context(), p)
				return a.printAccess(access, err)
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	a.jsonFlag(c)
	c.Flags().BoolVar(&rotate, "rotate", false, "revoke all links and passwords given out before")
	return c
}

func (a viewing) printAccess(access *provision.Access, err error) error {
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
