// Command offshoot makes a preview environment for every pull request, grown
// from a cutting of production.
//
//	main ──▶ run ──▶ root command ──▶ one file per command ──▶ subset, provision
//	  ▲                                                            │
//	  └──── exit code ◀── report: error, hints, JSON document ◀────┘
//
// Commands return errors; only this package prints them and exits.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func main() {
	cobra.EnableCommandSorting = false // help lists them in the order of use
	ctx, stop := interruptible(context.Background())
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// interruptible ends the context at the first SIGINT, SIGTERM or SIGHUP, so
// that what was begun is cleaned up; the second one kills.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	// Being notified, and not ignoring, gives EPIPE to our own writes and
	// leaves the signal as it was for the programs we run.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func run(ctx context.Context, args []string) int {
	// A system that refuses this is no reason to refuse to work.
	_ = forbidCoreDumps()
	_ = dropPages() // nor is this
	secrets := &ui.Secrets{}
	secrets.AddEnv(os.Environ())
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		lookup: os.LookupEnv, environ: os.Environ(), secrets: secrets,
	}
	return a.run(ctx, args)
}

// lowMemory keeps little in memory until the context ends: a subset is often
// made on a small machine, and what is kept takes less than what was looked at.
// Of 4.8 million rows three runs peaked at 49, 49 and 50 MB with the percentage,
// and at 50, 50 and 59 MB without; the program's own pages would be 20 to 30 MB
// more, see "Where the memory goes" in docs/design/benchmark.md.
// https://pkg.go.dev/runtime/debug#SetGCPercent
func lowMemory(ctx context.Context) {
	const (
		percent = 20 // of what is in use, in place of 100
		period  = time.Second
	)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	go func() {
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = dropPages() // a system that refuses this does without
			}
		}
	}()
}
