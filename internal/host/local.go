// Package host is a connection to a machine: it runs commands there.
//
//	Command ──▶ Local.Run ──▶ process group ──▶ nil, *ExitError or the context's error
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// Command is one process: a program and its arguments, never a shell string.
type Command struct {
	Args   []string // Args[0] is the program; without a slash it is looked up in our own PATH
	Env    []string // the whole environment; nothing is inherited
	Dir    string   // working folder; ours when empty
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // nil: only the end is kept, for the error

	As *syscall.Credential // whom it runs as; nil: ourselves. Only root may choose.

	// Grace is how long the process may take to end after SIGTERM before it
	// is killed. Zero means ten seconds.
	Grace time.Duration
}

const defaultGrace = 10 * time.Second

// ExitError says how a command ended that did not end well.
type ExitError struct {
	Program string // Args[0] without its folder
	Code    int    // exit code, -1 when a signal ended it
	Signal  string // such as "killed", empty when it exited by itself
	Stderr  string // the last lines it wrote, at most 4 KB
}

// Error is one line: program, exit code and the last lines of its messages.
func (e *ExitError) Error() string {
	how := fmt.Sprintf("exit %d", e.Code)
	if e.Signal != "" {
		how = e.Signal
	}
	message := e.Program + ": " + how
	if lines := oneLine(e.Stderr); lines != "" {
		message += ": " + lines
	}
	return message
}

// Local is this computer.
type Local struct{}

// Run runs the command until it ends. When ctx ends first, the process and
// its children get SIGTERM, after the grace SIGKILL, and Run returns the
// context's cause.
func (Local) Run(ctx context.Context, c Command) error {
	if len(c.Args) == 0 {
		return errors.New("empty command")
	}
	end := &tail{}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Dir, c.Stdin, c.Stdout, end
	cmd.Env = append([]string{}, c.Env...) // never nil: nil would inherit ours
	if c.Stderr != nil {
		cmd.Stderr = io.MultiWriter(c.Stderr, end)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.As}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = c.grace()
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		// The group may outlive its leader.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	return c.explain(ctx, err, end)
}

func (c Command) grace() time.Duration {
	if c.Grace > 0 {
		return c.Grace
	}
	return defaultGrace
}

func (c Command) explain(ctx context.Context, err error, end *tail) error {
	if err == nil {
		return nil
	}
	program := c.program()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", program, context.Cause(ctx))
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", program, err)
	}
	e := &ExitError{Program: program, Code: exit.ExitCode(), Stderr: end.String()}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal = status.Signal().String()
	}
	return e
}

// NoProgram tells whether a command did not run because this computer has no
// such program.
func NoProgram(err error) bool { return errors.Is(err, exec.ErrNotFound) }
