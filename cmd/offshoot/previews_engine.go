package main

import (
	"context"
	"errors"
	"net/netip"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
	"github.com/offshoot-dev/offshoot/provision/sweep"
)

// engineBackend has the previews on the engine of this computer.
type engineBackend struct {
	placing
	cfg *config.Config
}

// engine connects to the engine of this computer. The caller closes it.
func (a placing) engine(ctx context.Context, cfg *config.Config) (provision.Engine, error) {
	engine, err := docker.Connect(ctx)
	if err != nil {
		return engine, err
	}
	engine.Port, engine.Front = cfg.Preview.Port, cfg.Front(netip.Addr{})
	return engine, nil
}

func (b engineBackend) previews(ctx context.Context, s supply) (provision.Previews, error) {
	engine, err := b.engine(ctx, b.cfg)
	if err != nil {
		return nil, err
	}
	if s.ui == nil {
		return engine, nil
	}
	if engine.Front.Given, err = b.wildcardCertificate(ctx, s.ui, b.cfg); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return engine, nil
}

func (b engineBackend) places(ctx context.Context, _, number string) ([]sweep.Place, func() error, error) {
	engine, err := b.engine(ctx, b.cfg)
	if err != nil {
		return nil, nil, err
	}
	places := []sweep.Place{sweep.Engine{Engine: engine, Number: number}}
	if keep := b.cfg.Sweep.KeepCache; keep != nil {
		places = append(places, sweep.Store{Engine: engine, Keep: *keep})
	}
	return places, engine.Close, nil
}

func (b engineBackend) planned(ctx context.Context) (provision.Engine, error) {
	engine, err := b.engine(ctx, b.cfg)
	engine.Port = b.cfg.Preview.Port
	return engine, err
}

func (engineBackend) machine() machinePlan { return machinePlan{Provider: config.ProviderDocker} }

func (engineBackend) dedicated() bool { return false }

func (engineBackend) reaches(machine string) bool { return machine == thisComputer() }

func (engineBackend) none() string { return "no previews on this computer" }
