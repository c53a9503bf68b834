package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
)

func TestExitCode_IsTheContract(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	plain := errors.New("x")
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"done", t.Context(), nil, 0},
		{"failed", t.Context(), plain, 1},
		{"check", t.Context(), fmt.Errorf("subset: %w", &checkError{text: "dangling"}), 3},
		{"stack", t.Context(), fmt.Errorf("up: %w", &provision.StepError{Step: provision.StepMigrate, Err: plain}), 3},
		{"stack and cleaning up", t.Context(), errors.Join(&provision.StepError{Err: plain}, plain), 3},
		{"no preview", t.Context(), fmt.Errorf("logs: %w", provision.ErrNoPreview), 10},
		{"locked", t.Context(), fmt.Errorf("up: %w", &provision.LockedError{Preview: "pr-1"}), 11},
		{"usage", t.Context(), hint.Usage(plain, ""), 12},
		{"usage found in a step", t.Context(), &provision.StepError{Err: hint.Usage(plain, "")}, 12},
		{"target is the source", t.Context(), explainTarget(fmt.Errorf("x: %w", subset.ErrTargetIsSource)), 12},
		{"target not empty", t.Context(), explainTarget(fmt.Errorf("x: %w", subset.ErrTargetNotEmpty)), 12},
		{"other trouble with the target", t.Context(), explainTarget(plain), 1},
		{"interrupted", interrupted, plain, 130},
		{"interrupted, but done", interrupted, nil, 0},
		{"command inside", t.Context(), &commandError{code: 7}, 7},
		{"command inside, interrupted", interrupted, &commandError{code: 130}, 130},
	} {
		if got := exitCode(c.ctx, c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
}

func TestErrorText_SaysWhatTheUserDoesNotKnow(t *testing.T) {
	left := errors.New("remove network: busy")
	for _, c := range []struct {
		name string
		code int
		err  error
		want string
	}{
		{"nothing", 0, nil, ""},
		{"an error", 1, errors.New("x"), "x"},
		{"the command inside said it", 7, &commandError{code: 7}, ""},
		{"the reader went away", 1, fmt.Errorf("write: %w", syscall.EPIPE), ""},
		{"interrupted", 130, fmt.Errorf("up: %w", context.Canceled), "interrupted"},
		{
			"interrupted, and cleaning up went wrong", 130,
			fmt.Errorf("up: %w", errors.Join(fmt.Errorf("wait: %w", context.Canceled), left)),
			"interrupted; remove network: busy",
		},
		{
			"interrupted while dialling", 130, errors.Join(errors.New("dial: context canceled"), context.Canceled),
			"interrupted",
		},
	} {
		if got := errorText(c.code, c.err); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckReport_RowsThatBreakAValidKeyAreACheck(t *testing.T) {
	for _, keys := range [][]subset.KeyReport{
		nil,
		{{Validated: true}},
		{{Validated: false, Dangling: 3}},
	} {
		if err := checkReport(&subset.Report{Keys: keys}); err != nil {
			t.Errorf("%+v: %v", keys, err)
		}
	}
	err := checkReport(&subset.Report{Keys: []subset.KeyReport{
		{Validated: true, Dangling: 2},
		{Validated: true, Dangling: 1},
		{Dangling: 7},
	}})
	want := "3 dangling rows below keys that the source calls valid, and so in the subset"
	if err == nil || err.Error() != want || exitCode(t.Context(), err) != 3 {
		t.Errorf("error %v", err)
	}
}
