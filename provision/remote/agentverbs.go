package remote

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

// on does something with the machine's engine.
func (a Agent) on(ctx context.Context, do func(provision.Engine) error) (err error) {
	engine, err := a.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	return do(engine)
}

// options reads the options of a verb, behind the preview that it is about.
func options(verb string, args []string, define func(*flag.FlagSet)) (p provision.Preview, rest []string, err error) {
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	define(flags)
	if err := flags.Parse(args[1:]); err != nil {
		return p, nil, fmt.Errorf("agent %s: %w", verb, err)
	}
	return provision.Preview{ID: args[0]}, flags.Args(), nil
}

func (a Agent) logs(ctx context.Context, args []string) error {
	var o compose.LogOptions
	p, services, err := options("logs", args, func(f *flag.FlagSet) {
		f.BoolVar(&o.Follow, "f", false, "")
		f.IntVar(&o.Tail, "tail", 0, "")
	})
	if err != nil {
		return err
	}
	o.Services = services
	return a.on(ctx, func(e provision.Engine) error {
		out := a.Clean()
		return errors.Join(e.Logs(ctx, p, o, out), out.Close())
	})
}

// inside are the options of a command inside of a preview. With a terminal,
// standard input is framed.
func (a Agent) inside(verb string, args []string) (provision.Preview, []string, compose.ExecOptions, error) {
	o := compose.ExecOptions{Stdin: a.Stdin, Stdout: a.Stdout, Stderr: a.Stderr}
	p, rest, err := options(verb, args, func(f *flag.FlagSet) { f.BoolVar(&o.TTY, "tty", false, "") })
	if o.TTY {
		o.Stdin, o.Sizes = unframed(a.Stdin)
	}
	return p, rest, o, err
}

func (a Agent) exec(ctx context.Context, args []string) error {
	p, argv, o, err := a.inside("exec", args)
	if err != nil {
		return err
	}
	if len(argv) < 2 {
		return errors.New("agent exec: want a service and a command")
	}
	o.Argv = argv[1:]
	return a.on(ctx, func(e provision.Engine) error { return ended(e.Exec(ctx, p, argv[0], o)) })
}

func (a Agent) psql(ctx context.Context, args []string) error {
	p, argv, o, err := a.inside("psql", args)
	if err != nil {
		return err
	}
	return a.on(ctx, func(e provision.Engine) error { return ended(e.Psql(ctx, p, argv, o)) })
}

// ended makes an error of the exit code of a command inside of a preview.
func ended(code int, err error) error {
	if err != nil || code == 0 {
		return err
	}
	return &SaidError{Code: code}
}

func (a Agent) access(ctx context.Context, args []string) error {
	rotate := false
	p, _, err := options("access", args, func(f *flag.FlagSet) { f.BoolVar(&rotate, "rotate", false, "") })
	if err != nil {
		return err
	}
	return a.on(ctx, func(e provision.Engine) error {
		to := e.AccessTo
		if rotate {
			to = e.RotateAccess
		}
		access, err := to(ctx, p)
		if err != nil {
			return err
		}
		return a.answer(access)
	})
}

func (a Agent) reopen(ctx context.Context, args []string) error {
	front, err := question[provision.Front](a, "reopen")
	if err != nil {
		return err
	}
	return a.on(ctx, func(e provision.Engine) error {
		e.Front = front
		p := provision.Preview{ID: args[0]}
		if _, err := e.Get(ctx, p); err != nil {
			return err
		}
		status, err := e.Reopen(ctx, p)
		if err != nil {
			return err
		}
		return a.answer(status)
	})
}

// wipe removes what must not be in an image, as root, in a container.
func (a Agent) wipe(ctx context.Context, args []string) error {
	return a.fail(a.on(ctx, func(e provision.Engine) error {
		return e.AsRoot(ctx, "agent", "wipe-files", "/machine", args[0])
	}))
}

func (a Agent) wipeFiles(_ context.Context, args []string) error {
	return a.fail(a.Wipe(args[0], args[1]))
}
