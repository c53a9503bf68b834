package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

func (a viewing) logsCommand() *cobra.Command {
	w, o := which{}, compose.LogOptions{}
	c := &cobra.Command{
		Use:     "logs [SERVICE...]",
		Short:   "print the logs of a preview's services",
		Example: "  offshoot logs --pr 12 web\n  offshoot logs -f --tail 100",
		RunE: func(c *cobra.Command, services []string) error {
			if o.Tail < 0 {
				return hint.Usage(errors.New("logs: --tail below 0"), "give the number of lines")
			}
			o.Services = services
			return a.onPreview(c.Context(), "logs", w, func(all provision.Previews, p provision.Preview) error {
				out := a.logWriter()
				return errors.Join(all.Logs(c.Context(), p, o, out), out.Close())
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().BoolVarP(&o.Follow, "follow", "f", false, "follow the logs")
	c.Flags().IntVar(&o.Tail, "tail", 0, "print only the last `N` lines of each container (default all)")
	return c
}

// logWriter writes log lines on standard output, without secrets and what moves the
// cursor of a terminal.
func (a *app) logWriter() io.WriteCloser {
	redacted := a.secrets.Writer(a.stdout)
	return logWriter{&ui.Cleaner{W: redacted}, redacted}
}

type logWriter struct {
	*ui.Cleaner
	redacted io.Closer // which the cleaner writes to
}

func (w logWriter) Close() error { return errors.Join(w.Cleaner.Close(), w.redacted.Close()) }
