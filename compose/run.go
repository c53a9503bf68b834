package compose

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// OneOff is a command to run in a container of its own that is made like those
// of Service: same image, entrypoint, environment, volumes and networks.
type OneOff struct {
	Service string
	// Command replaces the service's; empty: the service's own.
	Command []string
	// Entrypoint replaces the service's; nil: the service's own.
	Entrypoint []string
	// Env is added to the service's.
	Env map[string]string
	// Out gets stdout and stderr as they come; nil: they are only kept.
	Out io.Writer
}

// Exit is how a one-off container ended.
type Exit struct {
	Code int
	// Tail is the end of its stdout and stderr.
	Tail []string
}

// Run runs a one-off container to its end and removes it. Services it depends
// on are not started. A command that ran and failed is an Exit, not an error.
//
// It does not use compose's own RunOneOffContainer, which resets the process's
// signal handlers.
func (s *Stack) Run(ctx context.Context, o OneOff) (exit Exit, err error) {
	p, name, err := s.oneOff(o)
	if err != nil {
		return Exit{}, err
	}
	defer func() {
		if e := s.removeOneOff(ctx, name); e != nil {
			err = errors.Join(err, fmt.Errorf("run in %s: %w", o.Service, e))
		}
	}()
	if err := s.create(ctx, "run", p); err != nil {
		return Exit{}, fmt.Errorf("run in %s: %w", o.Service, err)
	}
	if exit, err = s.follow(ctx, p, name, o); err != nil {
		return exit, fmt.Errorf("run in %s: %w", o.Service, err)
	}
	return exit, nil
}

// StartOneOff starts a one-off container that runs on, and names it and the
// service that compose takes it for. Nothing but the container runs: no service
// that it depends on, no hook and no health check. EndOneOff removes it.
func (s *Stack) StartOneOff(ctx context.Context, o OneOff) (container, service string, err error) {
	p, name, err := s.oneOff(o)
	if err != nil {
		return "", "", err
	}
	err = s.create(ctx, "run", p)
	if err == nil {
		err = s.start(ctx, "run", p)
	}
	if err != nil {
		return "", "", errors.Join(fmt.Errorf("run in %s: %w", o.Service, err), s.EndOneOff(ctx, name))
	}
	return name, p.ServiceNames()[0], nil
}

// EndOneOff removes a one-off container, and the volumes without a name that it
// has. It is harmless when repeated.
func (s *Stack) EndOneOff(ctx context.Context, container string) error {
	if err := s.removeOneOff(ctx, container); err != nil {
		return fmt.Errorf("remove %s: %w", container, err)
	}
	return nil
}

// oneOff is a project of a single service, which is the one-off container.
func (s *Stack) oneOff(o OneOff) (*types.Project, string, error) {
	p, err := s.runnable()
	if err != nil {
		return nil, "", fmt.Errorf("run in %s: %w", o.Service, err)
	}
	service, ok := p.Services[o.Service]
	if !ok {
		return nil, "",
			hint.Usage(fmt.Errorf("run in %s: no such service", o.Service), "services are %s",
				strings.Join(p.ServiceNames(), ", "))
	}
	once := 1
	service.Name = o.Service + "-run-" + strings.ToLower(rand.Text()[:8])
	service.ContainerName = p.Name + "-" + service.Name
	service.CustomLabels = composeLabels(p, service.Name).Add(oneOffLabel, o.Service)
	service.DependsOn, service.PostStart, service.PreStop = nil, nil, nil
	service.Restart, service.Deploy, service.Scale = types.RestartPolicyNo, onlyLimits(service.Deploy), &once
	service.HealthCheck = &types.HealthCheckConfig{Disable: true}
	service.Tty, service.StdinOpen = false, false
	if len(o.Command) > 0 {
		service.Command = o.Command
	}
	if o.Entrypoint != nil {
		service.Entrypoint = o.Entrypoint
	}
	if service.Environment == nil {
		service.Environment = types.MappingWithEquals{}
	}
	for k, v := range o.Env {
		service.Environment[k] = &v
	}
	p.Services = types.Services{service.Name: service}
	return p, service.ContainerName, nil
}

// onlyLimits leaves of a deployment what bounds a container.
func onlyLimits(d *types.DeployConfig) *types.DeployConfig {
	if d == nil || d.Resources.Limits == nil {
		return nil
	}
	return &types.DeployConfig{Resources: types.Resources{Limits: d.Resources.Limits}}
}

// follow starts the created container and reads it to its end. It listens
// before it starts, so that no output is lost.
func (s *Stack) follow(ctx context.Context, p *types.Project, name string, o OneOff) (Exit, error) {
	api := s.engine.Client()
	attached, err := api.ContainerAttach(ctx, name, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return Exit{}, err
	}
	defer attached.Close()
	ended, failed := api.ContainerWait(ctx, name, container.WaitConditionNextExit)
	out := newOutput(func(line string) {
		s.events.emit(Event{Kind: "run", Subject: o.Service, Text: line, State: Output})
	})
	copied := make(chan error, 1)
	go func() { copied <- out.copy(false, o.Out, attached.Reader) }()

	code, err := 0, s.start(ctx, "run", p)
	if err == nil {
		code, err = result(ctx, ended, failed)
	}
	if err != nil {
		attached.Close()
		<-copied
		return Exit{Tail: out.tail()}, err
	}
	err = <-copied
	return Exit{Code: code, Tail: out.tail()}, err
}

func result(ctx context.Context, ended <-chan container.WaitResponse, failed <-chan error) (int, error) {
	select {
	case end := <-ended:
		if end.Error != nil {
			return 0, errors.New(end.Error.Message)
		}
		return int(end.StatusCode), nil
	case err := <-failed:
		return 0, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (s *Stack) removeOneOff(ctx context.Context, name string) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	err := s.engine.Client().ContainerRemove(ctx, name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
