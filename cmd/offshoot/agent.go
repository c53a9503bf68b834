package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// agentCommand is what offshoot calls on a machine that it has reached. Nobody
// else does, so it is not listed.
func (a making) agentCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "agent",
		Short:              "work for offshoot on another computer (offshoot calls this itself)",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			return remote.Agent{
				Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr,
				Connect: docker.Connect, Up: a.agentUp, Errand: a.agentSubset, Fetch: fetchArchive, Wipe: ec2.Wipe,
				Clean: a.logWriter, Redact: a.secrets.Redact,
			}.Run(c.Context(), args)
		},
	}
}

// fetchArchive reads an archive from a bucket by a link, which it never says.
func fetchArchive(ctx context.Context, f remote.Fetching, path string) error {
	return store.Fetch(ctx, f.Link, path, store.Info{Bytes: f.Bytes, SHA256: f.SHA256})
}

// agentUp is up on the engine of this machine.
func (a making) agentUp(ctx context.Context, request remote.Request, observe func(provision.Event)) remote.Outcome {
	for name, value := range request.Options.Environment {
		a.secrets.AddEnv([]string{name + "=" + value})
	}
	a.hideKeys(request.Front.ACME)
	a.hideGiven(request.Front.Given)
	for _, login := range request.Options.Logins {
		a.secrets.Add(login.Password, login.IdentityToken, login.RegistryToken)
	}
	result, err := a.upHere(ctx, request, observe)
	code := exitCode(ctx, err)
	outcome := remote.Outcome{
		Exit: code, Result: result, Error: a.secrets.Redact(errorText(code, err)),
		Hints: hintsOf(code, err),
	}
	var step *provision.StepError
	if errors.As(err, &step) {
		outcome.Part = cmp.Or(step.Service, string(step.Step))
		for _, line := range step.Tail {
			outcome.Tail = append(outcome.Tail, a.secrets.Redact(line))
		}
	}
	return outcome
}

func (a making) upHere(
	ctx context.Context, request remote.Request, observe func(provision.Event),
) (_ *provision.Result, err error) {
	engine, err := docker.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("up %s: %w", request.Options.Preview.Name, err)
	}
	defer closing(engine, &err)
	engine.Front = request.Front
	if request.Bake {
		return engine.Bake(ctx, request.Options, observe)
	}
	return engine.Up(ctx, request.Options, observe)
}
