package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/flags"
	"github.com/docker/docker/client"
	"github.com/sirupsen/logrus"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ErrEngineDown says that no Docker engine answered. Test with errors.Is.
var ErrEngineDown = errors.New("docker engine does not answer")

// Engine is a connection to one Docker engine.
type Engine struct {
	cli        *command.DockerCli
	distrusted bool
	capacity   atomic.Pointer[Capacity] // nil: not asked yet
}

// Distrust says that what is pulled and built from here on is named by a
// stranger: registries get no login, and builds neither secrets nor SSH agents.
func (e *Engine) Distrust() { e.distrusted = true }

// Connect reaches the engine that DOCKER_HOST, DOCKER_CONTEXT or the current
// docker context names. When none answers the error is ErrEngineDown with a
// hint.
func Connect(ctx context.Context) (*Engine, error) {
	quiet()
	cli, err := command.NewDockerCli(
		command.WithInputStream(io.NopCloser(emptyReader{})),
		command.WithOutputStream(io.Discard),
		command.WithErrorStream(io.Discard),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to the docker engine: %w", err)
	}
	if err := cli.Initialize(flags.NewClientOptions()); err != nil {
		return nil, fmt.Errorf("connect to the docker engine: %w", err)
	}
	host, err := endpoint(cli)
	if err != nil {
		return nil, err
	}
	e := &Engine{cli: cli}
	if _, err := e.Client().Ping(ctx); err != nil {
		return nil, errors.Join(downError(host, err), e.Close())
	}
	return e, nil
}

// endpoint resolves the docker context, which the client does on first use and
// then by panicking when there is no such context.
func endpoint(cli *command.DockerCli) (string, error) {
	name := cli.CurrentContext()
	if name != command.DefaultContextName {
		if _, err := cli.ContextStore().GetMetadata(name); err != nil {
			return "",
				hint.Usage(fmt.Errorf("docker context %s: %w", name, err), "see the contexts with: docker context ls")
		}
	}
	return cli.DockerEndpoint().Host, nil
}

// Client is the engine's own API.
func (e *Engine) Client() client.APIClient { return e.cli.Client() }

// ID identifies the engine; it stays the same over restarts.
func (e *Engine) ID(ctx context.Context) (string, error) {
	info, err := e.Client().Info(ctx)
	if err != nil {
		return "", downError(e.cli.DockerEndpoint().Host, err)
	}
	capacity := capacityOf(info)
	e.capacity.Store(&capacity)
	return info.ID, nil
}

// Close releases the connection. It is safe to call twice.
func (e *Engine) Close() error { return e.Client().Close() }

// quiet silences the process-wide logger of compose and compose-go, which
// writes to stderr: what matters of it reaches the user as Change or Event.
func quiet() { logrus.SetOutput(io.Discard) }

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, io.EOF }

// downError says in one line why the engine did not answer and what helps.
func downError(host string, err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w at %s: %w", ErrEngineDown, host, err)
	case errors.Is(err, os.ErrPermission), strings.Contains(text, "permission denied"):
		return hint.Wrap(fmt.Errorf("%w at %s: permission denied", ErrEngineDown, host),
			"use sudo, or join the group docker: sudo usermod -aG docker $USER, then log in again")
	}
	return hint.Wrap(fmt.Errorf("%w at %s", ErrEngineDown, host), "%s", startHint(host))
}

func startHint(host string) string {
	switch {
	case os.Getenv("DOCKER_HOST") != "":
		return "start the engine there, or correct DOCKER_HOST"
	case !strings.HasPrefix(host, "unix://") && !strings.HasPrefix(host, "npipe://"):
		return "start the engine there, or choose another docker context: docker context use default"
	case runtime.GOOS == "linux":
		return "start it: sudo systemctl start docker, or sudo dockerd"
	}
	return "start Docker Desktop"
}
