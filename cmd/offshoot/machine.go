package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
)

// machine connects to the engine of this computer. The caller closes its
// Engine.
func (a *app) machine(ctx context.Context, cfg *config.Config) (provision.Engine, error) {
	engine, err := docker.Connect(ctx)
	if err != nil {
		return engine, err
	}
	engine.Port, engine.Front = cfg.Preview.Port, cfg.Front(netip.Addr{})
	return engine, nil
}

// A preview is dealt with here, on the engine of this computer, or there, on a
// machine of its own.
type preview struct {
	here  func(provision.Engine, provision.Preview) error
	there func(far, provision.Preview) error
}

// onPreview deals with the preview that the command line means. Its error says
// what was done to which preview.
func (a *app) onPreview(ctx context.Context, verb string, w which, do preview) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	p, _, err := a.preview(ctx, cfg, w)
	if err != nil {
		return err
	}
	if err := a.dealWith(ctx, cfg, p, do); err != nil {
		return fmt.Errorf("%s %s: %w", verb, p.Name, err)
	}
	return nil
}

func (a *app) dealWith(ctx context.Context, cfg *config.Config, p provision.Preview, do preview) (err error) {
	if cfg.Provider == config.ProviderEC2 {
		f, err := a.far(ctx, cfg, p)
		if err != nil {
			return err
		}
		return do.there(f, p)
	}
	engine, err := a.machine(ctx, cfg)
	if err != nil {
		return err
	}
	defer closing(engine.Docker, &err)
	if err := engine.Owned(ctx, p); err != nil {
		return err
	}
	return do.here(engine, p)
}
