// Command shop is Cuttings, a small web shop for plants: the sample project
// that offshoot grows previews of.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

const usage = `usage: shop COMMAND [flags]

  web          serve the shop
  worker       keep the statistics fresh
  migrate      apply the migrations (--set production|pullrequest, --broken)
  seed         fill an empty database (--scale N, --seed S)
  init         prepare the uploads folder, check the secret, exit
  healthcheck  exit 0 when the web server answers

The database is --url or DATABASE_URL; its password may come from the file
DATABASE_PASSWORD_FILE. "shop COMMAND -h" lists a command's flags.
`

// errUsage marks a mistake on the command line.
var errUsage = errors.New("wrong usage")

// command runs one subcommand until it is done or ctx ends.
type command func(ctx context.Context, args []string, out io.Writer) error

func commands() map[string]command {
	return map[string]command{
		"web":         serve,
		"worker":      work,
		"migrate":     migrate,
		"seed":        fill,
		"init":        prepare,
		"healthcheck": checkHealth,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		fmt.Fprint(out, usage)
		return 0
	}
	do, ok := commands()[args[0]]
	if !ok {
		fmt.Fprintf(errs, "shop: no command %q\n%s", args[0], usage)
		return 2
	}
	err := do(ctx, args[1:], out)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(errs, "shop %s: %v\n", args[0], err)
		return 2
	default:
		fmt.Fprintf(errs, "shop %s: %v\n", args[0], err)
		return 1
	}
}
