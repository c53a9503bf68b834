package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
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
	first := &beginning{Writer: orDiscard(c.stdout)}
	_, err = stdcopy.StdCopy(first, orDiscard(c.stderr), attached.Reader)
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
	if ended.ExitCode >= 126 && noSuchProgram.Match(first.seen) {
		return ended.ExitCode, &missingProgram{name: c.argv[0]}
	}
	return ended.ExitCode, nil
}

// missingProgram says that an image has not got the program that was to run.
type missingProgram struct{ name string }

func (e *missingProgram) Error() string { return "its image has no " + e.name }

// noSuchProgram is what the engine writes in place of the program's output.
var noSuchProgram = regexp.MustCompile(`^(OCI runtime exec failed|exec failed|failed to exec|runc exec).*(executable file not found|no such file or directory)`)

// beginning remembers the first bytes that are written through it.
type beginning struct {
	io.Writer
	seen []byte
}

func (b *beginning) Write(p []byte) (int, error) {
	b.seen = append(b.seen, p[:min(len(p), 500-len(b.seen))]...)
	return b.Writer.Write(p)
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

// maxOutput is more than any command prints whose output we want to know.
const maxOutput = 4 << 20

var errTooMuch = fmt.Errorf("printed more than %d MB", maxOutput>>20)

// bounded keeps output, which may be a stranger's, and takes no more of it than
// anybody needs: the error ends the command's connection.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// outputOf runs a command that has to succeed and returns what it printed,
// trimmed.
func outputOf(ctx context.Context, api client.APIClient, id string, argv ...string) (string, error) {
	output, err := rawOutputOf(ctx, api, id, argv...)
	return strings.TrimSpace(output), err
}

func rawOutputOf(ctx context.Context, api client.APIClient, id string, argv ...string) (string, error) {
	var stdout, stderr bounded
	code, err := runIn(ctx, api, id, command{argv: argv, stdout: &stdout, stderr: &stderr})
	if err != nil {
		return "", err
	}
	if code != 0 {
		return "", exitError(argv[0], code, stderr.String())
	}
	return stdout.String(), nil
}

func exitError(program string, code int, stderr string) error {
	return fmt.Errorf("%s: exit %d: %s", program, code, printable(strings.TrimSpace(stderr)))
}
