package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
)

// kinds are errors that have an exit code of their own.
func kinds() map[string]struct {
	err  error
	code int
} {
	type kind = struct {
		err  error
		code int
	}
	plain := errors.New("x")
	return map[string]kind{
		"plain":           {plain, exitFailed},
		"file":            {&os.PathError{Op: "open", Path: "a", Err: syscall.ENOENT}, exitFailed},
		"hint only":       {hint.Wrap(plain, "do it"), exitFailed},
		"deadline":        {context.DeadlineExceeded, exitFailed},
		"check":           {&checkError{text: "dangling"}, exitCheckFailed},
		"stack":           {&provision.StepError{Step: provision.StepMigrate, Err: plain}, exitCheckFailed},
		"no preview":      {provision.ErrNoPreview, exitNoPreview},
		"locked":          {&provision.LockedError{Preview: "pr-1"}, exitLocked},
		"usage":           {hint.Usage(plain, ""), exitUsage},
		"usage with hint": {hint.Usage(plain, "do it"), exitUsage},
		"target":          {explainTarget(subset.ErrTargetNotEmpty), exitUsage},
		"command inside":  {&commandError{code: 42}, 42},
	}
}

func TestExitCode_SurvivesWrapsHintsAndJoins(t *testing.T) {
	cleanup := errors.New("remove network: busy")
	for name, kind := range kinds() {
		for how, err := range map[string]error{
			"wrapped":              fmt.Errorf("up pr-1: %w", fmt.Errorf("load: %w", kind.err)),
			"hinted":               hint.Wrap(kind.err, "try again"),
			"joined first":         errors.Join(kind.err, cleanup),
			"joined last":          errors.Join(cleanup, kind.err),
			"joined twice":         errors.Join(errors.Join(nil, kind.err), nil, cleanup),
			"wrapped with another": fmt.Errorf("%w and %w", cleanup, kind.err),
			"all of it": fmt.Errorf("a: %w",
				hint.Wrap(errors.Join(cleanup, fmt.Errorf("b: %w", kind.err)), "c")),
		} {
			if got := exitCode(t.Context(), err); got != kind.code {
				t.Errorf("%s, %s: exit code %d, want %d", name, how, got, kind.code)
			}
		}
	}
}

func TestExitCode_AnInterruptionHidesAllButTheCommandInside(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for name, kind := range kinds() {
		want := exitInterrupted
		if name == "command inside" {
			want = kind.code
		}
		if got := exitCode(interrupted, kind.err); got != want {
			t.Errorf("%s: exit code %d, want %d", name, got, want)
		}
	}
	// A context of the work's own that ended is a failure like any other.
	if got := exitCode(t.Context(), fmt.Errorf("wait: %w", context.Canceled)); got != exitFailed {
		t.Errorf("exit code %d, want %d", got, exitFailed)
	}
}

func TestExitCode_TheMoreSpecificOfTwoWins(t *testing.T) {
	usage, check := hint.Usage(errors.New("x"), ""), &checkError{}
	locked, gone := &provision.LockedError{}, provision.ErrNoPreview
	step := &provision.StepError{Err: errors.New("x")}
	for _, c := range []struct {
		name string
		errs []error
		want int
	}{
		{"locked and gone", []error{gone, locked}, exitLocked},
		{"gone and usage", []error{usage, gone}, exitNoPreview},
		{"usage and check", []error{check, usage}, exitUsage},
		{"check and stack", []error{step, check}, exitCheckFailed},
		{"command and locked", []error{locked, &commandError{code: 5}}, 5},
		{"stack over locked", []error{&provision.StepError{Err: locked}}, exitLocked},
	} {
		if got := exitCode(t.Context(), errors.Join(c.errs...)); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
}

func TestHintsOf_NoneAfterAnInterruption(t *testing.T) {
	err := errors.Join(hint.Wrap(io.EOF, "one"), hint.Usage(io.EOF, "two"), hint.Wrap(io.EOF, "one"))
	for code, want := range map[int][]string{
		exitFailed: {"one", "two"}, exitUsage: {"one", "two"},
		exitInterrupted: nil,
	} {
		if diff := cmp.Diff(want, hintsOf(code, err)); diff != "" {
			t.Errorf("exit code %d: %s", code, diff)
		}
	}
}

func TestInterruptedText_NamesWhatIsLeftBehindOnly(t *testing.T) {
	stopped := fmt.Errorf("up: %w", context.Canceled)
	left := errors.New("remove volume: in use")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"stopped", stopped, "interrupted"},
		{"failed by itself", io.EOF, "interrupted"},
		{"one thing left", errors.Join(stopped, left), "interrupted; remove volume: in use"},
		{"two things left", errors.Join(stopped, left, io.EOF), "interrupted; remove volume: in use; EOF"},
		{
			"deep below", fmt.Errorf("a: %w", fmt.Errorf("b: %w", errors.Join(stopped, left))),
			"interrupted; remove volume: in use",
		},
		{"joined twice", errors.Join(errors.Join(stopped, left), stopped), "interrupted; remove volume: in use"},
		{"below a step", &provision.StepError{Err: errors.Join(stopped, left)}, "interrupted; remove volume: in use"},
	} {
		if got := errorText(exitInterrupted, c.err); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
