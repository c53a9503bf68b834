package compose

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ErrNotRunning says that a service has no running container. Test with
// errors.Is.
var ErrNotRunning = errors.New("no running container")

// ExecOptions is a command to run in a service's running container.
type ExecOptions struct {
	Argv []string
	Env  map[string]string
	User string
	// Stdin may be nil.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// TTY gives the command a terminal; when Stdin is one too, it is set to
	// raw mode and its size is followed, unless Sizes tells the sizes.
	TTY   bool
	Sizes <-chan Size
}

// Exec runs a command in the running container of a service and gives its exit
// code.
func (s *Stack) Exec(ctx context.Context, service string, o ExecOptions) (int, error) {
	id, err := s.running(ctx, service)
	if err != nil {
		return 0, fmt.Errorf("exec in %s: %w", service, err)
	}
	code, err := s.engine.exec(ctx, id, o)
	if err != nil {
		return 0, fmt.Errorf("exec in %s: %w", service, err)
	}
	return code, nil
}

func (s *Stack) running(ctx context.Context, service string) (string, error) {
	containers, err := s.Ps(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range containers {
		if c.Service == service && c.State == "running" && !c.OneOff {
			return c.ID, nil
		}
	}
	return "", hint.Wrap(ErrNotRunning, "see the state of all services with: offshoot list")
}

func (e *Engine) exec(ctx context.Context, id string, o ExecOptions) (int, error) {
	var env []string
	for _, k := range sorted(o.Env) {
		env = append(env, k+"="+o.Env[k])
	}
	api := e.Client()
	made, err := api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: o.Argv, Env: env, User: o.User, Tty: o.TTY,
		AttachStdin: o.Stdin != nil, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return 0, err
	}
	attached, err := api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{Tty: o.TTY})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	if o.TTY {
		restore, err := e.terminal(ctx, made.ID, o.Stdin, o.Sizes)
		if err != nil {
			return 0, err
		}
		defer restore()
	}
	if o.Stdin != nil {
		// Not waited for: a read from a terminal cannot be ended from here.
		go func() {
			_, _ = io.Copy(attached.Conn, o.Stdin)
			_ = attached.CloseWrite()
		}()
	}
	copied := copyOutput(o.TTY, discardNil(o.Stdout), discardNil(o.Stderr), attached.Reader)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	info, err := api.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return 0, err
	}
	return info.ExitCode, copied
}

func discardNil(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
