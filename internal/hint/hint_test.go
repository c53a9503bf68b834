package hint_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestWrap_KeepsTheErrorAndAddsTheHint(t *testing.T) {
	err := fmt.Errorf("up pr-12: %w", hint.Wrap(fmt.Errorf("read: %w", io.EOF), "try %s", "again"))
	if got, want := err.Error(), "up pr-12: read: EOF"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
	if diff := cmp.Diff([]string{"try again"}, hint.Of(err)); diff != "" {
		t.Error(diff)
	}
	if errors.Is(err, hint.ErrUsage) {
		t.Error("a plain hint is not a usage error")
	}
}

func TestUsage_IsAUsageErrorThroughWrapsAndJoins(t *testing.T) {
	err := errors.Join(io.EOF, fmt.Errorf("a: %w", hint.Usage(errors.New("b"), "")))
	if !errors.Is(err, hint.ErrUsage) {
		t.Error("not recognised as a usage error")
	}
	if got := hint.Of(err); got != nil {
		t.Errorf("hints %q, want none for an empty one", got)
	}
}

func TestOf_ListsOutermostFirstOnce(t *testing.T) {
	inner := hint.Wrap(io.EOF, "inner")
	err := hint.Wrap(errors.Join(hint.Wrap(inner, "outer"), inner), "outer")
	if diff := cmp.Diff([]string{"outer", "inner"}, hint.Of(err)); diff != "" {
		t.Error(diff)
	}
}

func TestWrap_OfNilIsNil(t *testing.T) {
	if hint.Wrap(nil, "x") != nil || hint.Usage(nil, "x") != nil || hint.Of(nil) != nil {
		t.Error("nil became an error")
	}
}
