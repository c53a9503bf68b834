package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// installVariable lets offshoot install PostgreSQL's programs, on a computer that
// is thrown away: the action and the pipeline for GitLab set it.
const installVariable = "OFFSHOOT_POSTGRESQL"

// mayInstall reads whether it may.
func (a sourcing) mayInstall() (bool, error) {
	switch value := a.getenv(installVariable); value {
	case "install":
		return true, nil
	case "", "none":
		return false, nil
	default:
		return false,
			hint.Usage(fmt.Errorf("%s is %q", installVariable, value), "set it to install or none, or unset it")
	}
}

// prepareClient sees to it that there are programs for the source's version,
// ahead of the snapshot that would have to wait for them. What is wrong with the
// source is for those to say who read it.
func (a sourcing) prepareClient(ctx context.Context, u *ui.UI, spec plan.Spec) error {
	if may, err := a.mayInstall(); !may {
		return err
	}
	major, _, err := serverVersion(ctx, spec.URL, spec.Way)
	if err != nil || major == 0 {
		return nil
	}
	return installClient(ctx, u, major)
}

func installClient(ctx context.Context, u *ui.UI, major int) error {
	_, missing := pgtool.Find(ctx, major)
	var old *pgtool.TooOldError
	if !errors.Is(missing, pgtool.ErrNoTools) && !errors.As(missing, &old) {
		return missing
	}
	if err := install(ctx, u, pgtool.Client, major, "pg_dump"); err != nil {
		return errors.Join(missing, err)
	}
	return nil
}

// scratchServer starts a server to try an archive on, and installs one where that
// is allowed and there is none.
func (a sourcing) scratchServer(
	ctx context.Context, u *ui.UI, major int, like scratch.Database,
) (*scratch.Server, error) {
	server, missing := scratch.Start(ctx, major, like)
	if !errors.Is(missing, scratch.ErrNoServer) {
		return server, missing
	}
	if may, err := a.mayInstall(); !may {
		return nil, errors.Join(missing, err)
	}
	tools, err := pgtool.Find(ctx, major)
	if err == nil {
		err = install(ctx, u, pgtool.Server, tools.Major, "initdb")
	}
	if err != nil {
		return nil, errors.Join(missing, err)
	}
	return scratch.Start(ctx, major, like)
}

// install installs a package, and shows where the program is that it was wanted for.
func install(ctx context.Context, u *ui.UI, name string, major int, program string) error {
	installing := u.Start(fmt.Sprintf("install %s-%d", name, major))
	err := pgtool.Install(ctx, name, major)
	if err != nil {
		installing.Fail("")
		return err
	}
	tools, err := pgtool.Find(ctx, major)
	if err != nil {
		installing.Fail("")
		return err
	}
	installing.Done(tools.Path(program))
	return nil
}
