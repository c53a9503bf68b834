package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
)

// machine connects to the engine that previews run on. The caller closes its
// Engine.
func (a *app) machine(ctx context.Context, cfg *Config) (provision.Machine, error) {
	if cfg.Provider == providerEC2 {
		return provision.Machine{}, hint.Usage(errNoRemote, "use provider: docker, or remove the line; offshoot doctor --provider ec2 checks what EC2 will need")
	}
	machine, err := docker.Connect(ctx)
	if err != nil {
		return machine, err
	}
	machine.Port, machine.Front = cfg.Preview.Port, cfg.front(netip.Addr{})
	return machine, nil
}

// onPreview calls do with the machine and the preview that the command line
// means. Its error says what was done to which preview.
func (a *app) onPreview(ctx context.Context, verb string, w which,
	do func(machine provision.Machine, preview provision.Preview) error,
) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	preview, _, err := a.preview(ctx, cfg, w)
	if err != nil {
		return err
	}
	machine, err := a.machine(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, preview.Name, err)
	}
	defer closing(machine.Engine, &err)
	if err := do(machine, preview); err != nil {
		return fmt.Errorf("%s %s: %w", verb, preview.Name, err)
	}
	return nil
}
