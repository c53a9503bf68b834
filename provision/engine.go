package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

func notFound(err error) bool { return cerrdefs.IsNotFound(err) }

// A command runs inside of a container, its output kept apart.
type command struct {
	argv   []string
	env    []string
	stdin  io.Reader // nil: none
	stdout io.Writer // nil: dropped
	stderr io.Writer // nil: dropped
}

// runIn runs a command in a running container to its end and returns its exit
// code. A failure to read stdin is an error, whatever the command made of it.
func runIn(ctx context.Context, api client.APIClient, id string, c command) (int, error) {
	created, err := api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: c.argv, Env: c.env, AttachStdin: c.stdin != nil, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", c.argv[0], err)
	}
	attached, err := api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", c.argv[0], err)
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)() // the connection does not know of ctx

	sent := make(chan error, 1)
	go func() { sent <- send(c.stdin, attached.Conn, attached.CloseWrite) }()
	_, err = stdcopy.StdCopy(orDiscard(c.stdout), orDiscard(c.stderr), attached.Reader)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", c.argv[0], err)
	}
	attached.Close() // ends a send to a command that ended before its input
	if err := <-sent; err != nil {
		return 0, fmt.Errorf("exec %s: %w", c.argv[0], err)
	}
	ended, err := api.ContainerExecInspect(ctx, created.ID)
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", c.argv[0], err)
	}
	return ended.ExitCode, nil
}

// send copies the input and closes it. Only what goes wrong with reading is an
// error: a command may stop listening.
func send(input io.Reader, to io.Writer, closeWrite func() error) error {
	if input == nil {
		return nil
	}
	source := &remember{Reader: input}
	_, _ = io.Copy(to, source)
	_ = closeWrite()
	return source.err
}

// remember keeps the error that its reader ended with, if not the end.
type remember struct {
	io.Reader
	err error
}

func (r *remember) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// outputOf runs a command that has to succeed and returns what it printed.
func outputOf(ctx context.Context, api client.APIClient, id string, argv ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	code, err := runIn(ctx, api, id, command{argv: argv, stdout: &stdout, stderr: &stderr})
	if err != nil {
		return "", err
	}
	if code != 0 {
		return "", fmt.Errorf("%s: exit %d: %s", argv[0], code, printable(strings.TrimSpace(stderr.String())))
	}
	return strings.TrimSpace(stdout.String()), nil
}
