package main

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/sweep"
)

// A backend is what the configured provider means to the commands: where previews
// are, and what is known of them before anybody is asked.
type backend interface {
	// previews reaches them. The caller closes them.
	previews(ctx context.Context, s supply) (provision.Previews, error)
	// places are where a sweep looks for what is left of a repository.
	places(ctx context.Context, repository, number string) (places []sweep.Place, closePlaces func() error, err error)

	// planned is the engine that up --plan looks at. One without Docker is not
	// there yet.
	planned(ctx context.Context) (provision.Engine, error)
	// machine is where a preview would run, as a plan tells it.
	machine() machinePlan
	// dedicated tells whether each preview has a machine for itself, which costs.
	dedicated() bool
	// reaches tells whether this run would see a preview on the machine that a
	// comment names.
	reaches(machine string) bool
	// none is what to say where there are no previews.
	none() string
}

// backend is that of the configuration: the one place where it matters which.
func (a placing) backend(cfg *config.Config) backend {
	if cfg.Provider == config.ProviderEC2 {
		return ec2Backend{a, cfg}
	}
	return engineBackend{a, cfg}
}

// A supply is what an up is given on its way; the zero value is for all others.
type supply struct {
	ui       *ui.UI
	archives *archives
	program  string // --binary
}

// previews reaches those of the configuration.
func (a placing) previews(ctx context.Context, cfg *config.Config) (provision.Previews, error) {
	return a.backend(cfg).previews(ctx, supply{})
}

// onPreview does something with the preview that the command line means. Its error
// says what was done to which preview.
func (a placing) onPreview(
	ctx context.Context, verb string, w which, do func(provision.Previews, provision.Preview) error,
) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	p, _, err := a.preview(ctx, cfg, w)
	if err != nil {
		return err
	}
	previews, err := a.previews(ctx, cfg)
	if err == nil {
		defer closing(previews, &err)
		err = do(previews, p)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, p.Name, err)
	}
	return nil
}
