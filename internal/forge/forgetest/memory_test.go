package forgetest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
)

var (
	_ forge.Forge    = (*forgetest.Memory)(nil)
	_ forge.Deployer = (*forgetest.Memory)(nil)
	_ forge.Reactor  = (*forgetest.Memory)(nil)
)

func TestMemory_HasWhatIsPutIntoIt(t *testing.T) {
	var m forgetest.Memory
	m.Put(forgetest.NewPull(2, "bbb"))
	m.Put(forgetest.NewPull(1, "aaa"))
	m.Change(1, func(p *forge.Pull) { p.Open = false })
	open, err := m.OpenPulls(t.Context())
	if diff := cmp.Diff([]forge.Pull{forgetest.NewPull(2, "bbb")}, open); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := m.Pull(t.Context(), 3); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("unknown pull request: %v", err)
	}
}

func TestMemory_EditsItsOneComment(t *testing.T) {
	var m forgetest.Memory
	m.Put(forgetest.NewPull(1, "aaa"))
	for _, text := range []string{"one", "two"} {
		if err := m.Comment(t.Context(), 1, forge.Comment{Marker: "shop-pr-1", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"two"}, m.Comments(1)); diff != "" {
		t.Error(diff)
	}
}

func TestMemory_FailsWhereAHookDoes(t *testing.T) {
	refused, lost := errors.New("refused"), errors.New("lost")
	m := forgetest.Memory{Before: func(context.Context, string) error { return refused }}
	m.Put(forgetest.NewPull(1, "aaa"))
	if err := m.Status(t.Context(), "aaa", forge.Status{Context: "offshoot"}); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	m.Before, m.After = nil, func(context.Context, string) error { return lost }
	if err := m.Status(t.Context(), "aaa", forge.Status{Context: "offshoot", State: forge.Success}); !errors.Is(err,
		lost) {
		t.Errorf("got %v", err)
	}
	if got := m.StatusOf("aaa", "offshoot").State; got != forge.Success {
		t.Errorf("a lost reply has no effect: %q", got)
	}
}
