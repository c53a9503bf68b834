package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

const execLong = `Exec runs a command in the container of a service, without a shell, and exits
with its exit code.`

func (a viewing) execCommand() *cobra.Command {
	w := which{}
	c := &cobra.Command{
		Use:     "exec SERVICE -- COMMAND [ARGUMENT...]",
		Short:   "run a command in a service of a preview",
		Long:    execLong,
		Example: "  offshoot exec web -- ls -l /srv\n  offshoot exec --pr 12 web -- sh",
		RunE: func(c *cobra.Command, args []string) error {
			service, argv, err := execArgs(args)
			if err != nil {
				return err
			}
			return a.onPreview(c.Context(), "exec", w, func(all provision.Previews, p provision.Preview) error {
				options := a.terminal()
				options.Argv = argv
				return inside(all.Exec(c.Context(), p, service, options))
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.Flags().SetInterspersed(false)
	return c
}

// execArgs takes the service and the command apart; the -- between them may be
// left out.
func execArgs(args []string) (service string, argv []string, err error) {
	if len(args) == 0 {
		return "", nil, hint.Usage(errors.New("exec: no service given"), "offshoot exec SERVICE -- COMMAND")
	}
	service, argv = args[0], args[1:]
	if len(argv) > 0 && argv[0] == "--" {
		argv = argv[1:]
	}
	if len(argv) == 0 {
		return "", nil, hint.Usage(errors.New("exec: no command given"), "offshoot exec %s -- COMMAND", service)
	}
	return service, argv, nil
}

// terminal hands our own streams to a command inside a preview. It gets a
// terminal when it talks to one.
func (a viewing) terminal() compose.ExecOptions {
	o := compose.ExecOptions{Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr}
	if in, ok := a.stdin.(*os.File); ok {
		o.TTY = ui.Terminal(in) && ui.Terminal(a.stdout)
	}
	return o
}

// inside turns the exit code of a command inside a preview into ours.
func inside(code int, err error) error {
	if err != nil || code == 0 {
		return err
	}
	return &commandError{code: code}
}

func (a viewing) psqlCommand() *cobra.Command {
	w := which{}
	c := &cobra.Command{
		Use:   "psql [-- ARGUMENT...]",
		Short: "open psql on a preview's database",
		Long: "Psql runs psql in the container of the preview's database, as its owner, and\nexits with its " +
			"exit code. What stands behind -- is for psql.",
		Example: "  offshoot psql --pr 12\n  offshoot psql -- -c 'SELECT count(*) FROM orders'",
		Args:    behindDashes,
		RunE: func(c *cobra.Command, args []string) error {
			return a.onPreview(c.Context(), "psql", w, func(all provision.Previews, p provision.Preview) error {
				return inside(all.Psql(c.Context(), p, args, a.terminal()))
			})
		},
	}
	whichFlags(c, &w)
	a.providerFlag(c)
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return hint.Wrap(flagError(c, err), "what is meant for psql goes behind --")
	})
	return c
}

func behindDashes(c *cobra.Command, args []string) error {
	if len(args) > 0 && c.ArgsLenAtDash() != 0 {
		return hint.Wrap(noArgs(c, args), "what is meant for psql goes behind --")
	}
	return nil
}
