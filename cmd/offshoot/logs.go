package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

func (a *app) logsCommand() *cobra.Command {
	w, o := which{}, compose.LogOptions{}
	c := &cobra.Command{
		Use:     "logs [SERVICE...]",
		Short:   "print what the services of a preview logged",
		Example: "  offshoot logs --pr 12 web\n  offshoot logs -f --tail 100",
		RunE: func(c *cobra.Command, services []string) error {
			if o.Tail < 0 {
				return hint.Usage(errors.New("logs: --tail below 0"), "give the number of lines")
			}
			o.Services = services
			return a.onPreview(c.Context(), "logs", w, preview{
				here:  func(e provision.Engine, p provision.Preview) error { return a.logs(c.Context(), e, p.ID, o) },
				there: func(f far, p provision.Preview) error { return f.logs(c.Context(), p.ID, o) },
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().BoolVarP(&o.Follow, "follow", "f", false, "go on printing what is logged")
	c.Flags().IntVar(&o.Tail, "tail", 0, "only the last `N` lines of each container (default all)")
	return c
}

func (a *app) logs(ctx context.Context, e provision.Engine, id string, o compose.LogOptions) (err error) {
	redacted := a.secrets.Writer(a.stdout)
	defer closing(redacted, &err) // after the cleaner, which writes to it
	out := &ui.Cleaner{W: redacted}
	defer closing(out, &err)
	return e.Logs(ctx, id, o, out)
}
