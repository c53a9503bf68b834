package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
)

// call runs a verb of the agent about a preview once, with our own streams. One
// that fails has said why.
func (s Site) call(ctx context.Context, c host.Command, verb string, args ...string) error {
	c.Args, c.Env = s.agent(verb, args...), Environment()
	err := s.Host.Run(ctx, c)
	var exit *host.ExitError
	if errors.As(err, &exit) && exit.Code > 0 {
		return &SaidError{Code: exit.Code}
	}
	return err
}

// Logs writes the log lines of a preview's services.
func (s Site) Logs(ctx context.Context, id string, o compose.LogOptions, stdout, stderr io.Writer) error {
	args := []string{id, "-tail", strconv.Itoa(o.Tail)}
	if o.Follow {
		args = append(args, "-f")
	}
	args = append(append(args, "--"), o.Services...)
	return s.call(ctx, host.Command{Stdout: stdout, Stderr: stderr}, "logs", args...)
}

// Exec runs a command in the container of a service and returns its exit code.
func (s Site) Exec(ctx context.Context, id, service string, o compose.ExecOptions) (int, error) {
	return s.inside(ctx, "exec", id, o, append([]string{service}, o.Argv...))
}

// Psql runs psql in the database's container and returns its exit code.
func (s Site) Psql(ctx context.Context, id string, args []string, o compose.ExecOptions) (int, error) {
	return s.inside(ctx, "psql", id, o, args)
}

// inside runs a command inside of a preview. With a terminal, that is ours.
func (s Site) inside(ctx context.Context, verb, id string, o compose.ExecOptions, args []string) (int, error) {
	c := host.Command{Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr}
	options := []string{id}
	if file, ok := o.Stdin.(*os.File); ok && o.TTY {
		t, err := compose.TakeTerminal(file)
		if err != nil {
			return 0, err
		}
		defer t.Restore()
		c.Stdin, c.Stderr = framed(file, t.Sizes), rawLines{o.Stderr}
		options = append(options, "-tty")
	}
	err := s.call(ctx, c, verb, append(append(options, "--"), args...)...)
	var said *SaidError
	if errors.As(err, &said) {
		return said.Code, nil
	}
	return 0, err
}

// Access tells how to sign in to a preview. Where it is rotated, what was given
// out before is good no more.
func (s Site) Access(ctx context.Context, id string, rotate bool, stderr io.Writer) (*provision.Access, error) {
	args := []string{id}
	if rotate {
		args = append(args, "-rotate")
	}
	var out bytes.Buffer
	if err := s.call(ctx, host.Command{Stdout: &out, Stderr: stderr}, "access", args...); err != nil {
		return nil, err
	}
	var access provision.Access
	if err := json.Unmarshal(out.Bytes(), &access); err != nil {
		return nil, errors.New("the machine's answer cannot be read")
	}
	return &access, nil
}

// Reopen lets the gateway answer where the front says now, and returns how the
// preview is; ErrNoPreview where nothing serves.
func (s Site) Reopen(
	ctx context.Context, id string, front provision.Front, stderr io.Writer,
) (provision.Status, error) {
	var status provision.Status
	content, err := json.Marshal(front)
	if err != nil {
		return status, err
	}
	var out bytes.Buffer
	err = s.Host.Run(ctx, host.Command{
		Args: s.agent("reopen", id), Env: Environment(), Stdin: bytes.NewReader(content), Stdout: &out, Stderr: stderr,
	})
	var exit *host.ExitError
	switch {
	case errors.As(err, &exit) && exit.Code == ExitNoPreview:
		return status, provision.ErrNoPreview
	case err != nil:
		return status, fmt.Errorf("open the preview at its new address: %w", err)
	}
	return status, json.Unmarshal(out.Bytes(), &status)
}

// Wipe removes from the machine what must not be in an image of it, but for the
// archive of a digest. Nobody can log in any more afterwards.
func (s Site) Wipe(ctx context.Context, digest string) error {
	err := s.Host.Run(ctx, host.Command{Args: s.agent("wipe", digest), Env: Environment()})
	return explainAgent(err)
}
