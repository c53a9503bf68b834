package compose

import (
	"context"
	"errors"
	"fmt"
	"io"

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
	cli *command.DockerCli
}

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
	e := &Engine{cli: cli}
	if _, err := e.ID(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Client is the engine's own API.
func (e *Engine) Client() client.APIClient { return e.cli.Client() }

// ID identifies the engine; it stays the same over restarts.
func (e *Engine) ID(ctx context.Context) (string, error) {
	info, err := e.Client().Info(ctx)
	if err != nil {
		return "", downError(e.cli.DockerEndpoint().Host, err)
	}
	return info.ID, nil
}

// Close releases the connection. It is safe to call twice.
func (e *Engine) Close() error { return e.Client().Close() }

// quiet silences the process-wide logger of compose and compose-go, which
// writes to stderr: what matters of it reaches the user as Change or Event.
func quiet() { logrus.SetOutput(io.Discard) }

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, io.EOF }

func downError(host string, err error) error {
	return hint.Wrap(fmt.Errorf("%w at %s: %w", ErrEngineDown, host, err), "start docker")
}
