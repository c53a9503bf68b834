package hint_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// foreign is an error of another package that wraps as it likes.
type foreign struct{ inner error }

func (f foreign) Error() string { return "foreign: " + f.inner.Error() }
func (f foreign) Unwrap() error { return f.inner }

func TestOf_WalksWhateverWraps(t *testing.T) {
	a, b, c := hint.Wrap(io.EOF, "a"), hint.Usage(io.EOF, "b"), hint.Wrap(io.EOF, "c")
	for _, test := range []struct {
		name string
		err  error
		want []string
	}{
		{"none", io.EOF, nil},
		{"joined, in their order", errors.Join(a, b, c), []string{"a", "b", "c"}},
		{"joined, the other way", errors.Join(c, b, a), []string{"c", "b", "a"}},
		{"two %w", fmt.Errorf("%w, then %w", b, a), []string{"b", "a"}},
		{"not %w", fmt.Errorf("%v", a), nil},
		{"depth before breadth", errors.Join(hint.Wrap(c, "a"), b), []string{"a", "c", "b"}},
		{"a repeat keeps its first place", errors.Join(a, b, a, c, b), []string{"a", "b", "c"}},
		{"empty ones are none", errors.Join(hint.Usage(a, ""), hint.Wrap(io.EOF, "")), []string{"a"}},
		{"through another's error", foreign{fmt.Errorf("x: %w", foreign{b})}, []string{"b"}},
		{
			"many layers", hint.Wrap(fmt.Errorf("1: %w", hint.Wrap(fmt.Errorf("2: %w", c), "b")), "a"),
			[]string{"a", "b", "c"},
		},
	} {
		if diff := cmp.Diff(test.want, hint.Of(test.err)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestWrap_TheHintIsNeverPartOfTheMessage(t *testing.T) {
	err := hint.Wrap(hint.Usage(fmt.Errorf("open %s: %w", "100%d", io.EOF), "%s", "50%d off"), "line %d of %q", 3, "a")
	if got, want := err.Error(), "open 100%d: EOF"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{`line 3 of "a"`, "50%d off"}, hint.Of(err)); diff != "" {
		t.Error(diff)
	}
}

func TestUsage_DoesNotSpreadToItsNeighbours(t *testing.T) {
	usage := hint.Usage(io.EOF, "a")
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"itself", usage, true},
		{"hinted", hint.Wrap(usage, "b"), true},
		{"of another's error", foreign{usage}, true},
		{"in a join", errors.Join(io.ErrUnexpectedEOF, usage), true},
		{"the cause alone", errors.Unwrap(usage), false},
		{"quoted only", fmt.Errorf("%v", usage), false},
		{"a hint beside", hint.Wrap(io.EOF, "a"), false},
	} {
		if got := errors.Is(test.err, hint.ErrUsage); got != test.want {
			t.Errorf("%s: usage %v, want %v", test.name, got, test.want)
		}
	}
	if !errors.Is(usage, io.EOF) {
		t.Error("the cause is lost")
	}
	if errors.Is(usage, io.ErrUnexpectedEOF) {
		t.Error("takes itself for any error")
	}
}

func TestWrap_OfJoinedNilsIsNil(t *testing.T) {
	if err := hint.Wrap(errors.Join(nil, nil), "x"); err != nil {
		t.Errorf("nothing became %v", err)
	}
}
