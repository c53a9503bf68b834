package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// The exit codes, a contract with scripts. 2 is Go's own for a panic.
const (
	exitDone        = 0
	exitFailed      = 1
	exitCheckFailed = 3
	exitNoPreview   = remote.ExitNoPreview // 10
	exitLocked      = remote.ExitLocked    // 11
	exitUsage       = 12
	exitInterrupted = 130
)

const exitCodes = `Exit codes:
  0 done
  1 failed
  3 done, but a check failed (dangling rows, migration failed, unhealthy service)
  10 no such preview
  11 another run holds the lock
  12 usage or configuration
  130 interrupted
`

// checkError says that the work is done, but not as it should be.
type checkError struct{ text string }

func (e *checkError) Error() string { return e.text }

// commandError is how a command inside a preview ended; offshoot ends alike
// and has nothing to add.
type commandError struct{ code int }

func (e *commandError) Error() string { return fmt.Sprintf("exit %d", e.code) }

func exitCode(ctx context.Context, err error) int {
	var (
		inside *commandError
		check  *checkError
		locked *provision.LockedError
		step   *provision.StepError
		run    *remote.RunError
		newer  *remote.NewerError
		said   *remote.SaidError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &inside):
		return inside.code
	case errors.As(err, &said):
		return said.Code
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &run):
		return run.Outcome.Exit
	case errors.As(err, &locked), errors.As(err, &newer):
		return exitLocked
	case errors.Is(err, provision.ErrNoPreview):
		return exitNoPreview
	case errors.Is(err, hint.ErrUsage):
		return exitUsage
	case errors.As(err, &check), errors.As(err, &step):
		return exitCheckFailed
	}
	return exitFailed
}

// errorText is what to print of an error; "" when the user knows already.
func errorText(code int, err error) string {
	var inside *commandError
	var said *remote.SaidError
	switch {
	case err == nil, errors.As(err, &inside), errors.As(err, &said), errors.Is(err, syscall.EPIPE):
		return ""
	case code == exitInterrupted:
		return interruptedText(err)
	}
	return err.Error()
}

// interruptedText names what was stopped, without the chain of errors that
// every layer makes of a context that ended, unless cleaning up went wrong.
func interruptedText(err error) string {
	if joined := afterInterrupt(err); len(joined) > 0 {
		return "interrupted; " + strings.Join(joined, "; ")
	}
	return "interrupted"
}

// afterInterrupt lists the errors joined to the interruption itself.
func afterInterrupt(err error) []string {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var texts []string
		for _, inner := range e.Unwrap() {
			if !cancelled(inner) {
				texts = append(texts, inner.Error())
				continue
			}
			texts = append(texts, afterInterrupt(inner)...)
		}
		return texts
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return afterInterrupt(inner)
		}
	}
	return nil
}

// cancelled reports whether err is the end of the context. Not every error of
// pgconn that is one says so to errors.Is, so its last words count too.
func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || strings.HasSuffix(err.Error(), context.Canceled.Error())
}

func hintsOf(code int, err error) []string {
	if code == exitInterrupted {
		return nil
	}
	return hint.Of(err)
}
