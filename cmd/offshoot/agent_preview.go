package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
)

// previewVerbs are what the agent does with a preview that is there:
//
//	agent logs FOLDER PREVIEW [-f] [-tail N] [SERVICE...]
//	agent exec FOLDER PREVIEW [-tty] -- SERVICE COMMAND [ARGUMENT...]
//	agent psql FOLDER PREVIEW [-tty] -- [ARGUMENT...]    with -tty standard input is framed
//	agent status FOLDER PREVIEW
//	agent access FOLDER PREVIEW [-rotate]    prints how to sign in
//	agent reopen FOLDER PREVIEW      a front on standard input; prints the status
//
// Streams, errors and exit codes are those of the commands on this computer.
var previewVerbs = []string{"logs", "exec", "psql", "status", "access", "reopen"}

func (a *app) agentOnPreview(ctx context.Context, args []string) (err error) {
	if len(args) < 3 {
		return errors.New("agent: want a verb, a folder and a preview")
	}
	verb, id, args := args[0], args[2], args[3:]
	engine, err := docker.Connect(ctx)
	if err != nil {
		return err
	}
	defer closing(engine.Docker, &err)
	switch verb {
	case "logs":
		return a.agentLogs(ctx, engine, id, args)
	case "status":
		return a.agentStatus(ctx, engine, id)
	case "access":
		return a.agentAccess(ctx, engine, id, args)
	case "reopen":
		return a.agentReopen(ctx, engine, id)
	}
	tty, args, err := ttyFlag(args)
	if err != nil {
		return err
	}
	options := compose.ExecOptions{Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr, TTY: tty}
	if tty {
		options.Stdin, options.Sizes = unframed(a.stdin)
	}
	if verb == "psql" {
		return inside(engine.Psql(ctx, id, args, options))
	}
	if len(args) < 2 {
		return errors.New("agent exec: want a service and a command")
	}
	options.Argv = args[1:]
	return inside(engine.Exec(ctx, id, args[0], options))
}

func ttyFlag(args []string) (tty bool, rest []string, err error) {
	flags := agentFlags()
	flags.BoolVar(&tty, "tty", false, "")
	err = flags.Parse(args)
	return tty, flags.Args(), err
}

func agentFlags() *flag.FlagSet {
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

func (a *app) agentLogs(ctx context.Context, engine provision.Engine, id string, args []string) (err error) {
	var o compose.LogOptions
	flags := agentFlags()
	flags.BoolVar(&o.Follow, "f", false, "")
	flags.IntVar(&o.Tail, "tail", 0, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("agent logs: %w", err)
	}
	o.Services = flags.Args()
	return a.logs(ctx, engine, id, o)
}

func (a *app) agentStatus(ctx context.Context, engine provision.Engine, id string) error {
	status, err := engine.Get(ctx, id)
	if err != nil {
		return err
	}
	return json.NewEncoder(a.stdout).Encode(status)
}

func (a *app) agentReopen(ctx context.Context, engine provision.Engine, id string) error {
	if err := json.NewDecoder(a.stdin).Decode(&engine.Front); err != nil {
		return fmt.Errorf("agent reopen: %w", err)
	}
	if _, err := engine.Get(ctx, id); err != nil {
		return err
	}
	status, err := engine.Reopen(ctx, id)
	if err != nil {
		return err
	}
	return json.NewEncoder(a.stdout).Encode(status)
}
