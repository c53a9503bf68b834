package ci_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
)

// meanwhile lets something happen between a decision and this run's turn.
func (b *bench) meanwhile(happens func()) {
	b.runner.Say = func(line string) {
		b.said, b.runner.Say = append(b.said, line), func(line string) { b.said = append(b.said, line) }
		happens()
	}
}

func (b *bench) saying(words string) bool { return strings.Contains(strings.Join(b.said, "\n"), words) }

func TestRunner_LeavesWhatAnotherRunHasMadeMeanwhile(t *testing.T) {
	b := newBench(t)
	b.meanwhile(func() { b.machine.serves[7] = newest })
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if len(b.machine.orders) > 0 || !b.saying("another run has made it") || !strings.Contains(b.comment(), "is ready") {
		t.Errorf("orders %v, says %q, comment %s", b.machine.orders, b.said, b.comment())
	}
	b.meanwhile(func() { b.machine.serves[7] = newest })
	if b.command("/preview up"); len(b.machine.orders) != 1 {
		t.Errorf("asked for, orders %v", b.machine.orders)
	}
}

func TestRunner_SaysOnceThatItIsBeingMade(t *testing.T) {
	b := newBench(t)
	deploys := 0
	b.forge.Before = func(_ context.Context, request string) error {
		if strings.HasPrefix(request, "deploy") {
			deploys++
		}
		return nil
	}
	if b.handle(forge.Event{Kind: forge.Opened, Commit: newest}); deploys != 2 {
		t.Errorf("%d deployments are told of, of one that begins and ends", deploys)
	}
}

// The run of a push has been started by it.
func TestRunner_LeavesAPushAfterItsEndToTheRunOfThePush(t *testing.T) {
	b := newBench(t)
	b.forge.After = func(_ context.Context, request string) error {
		if strings.HasPrefix(request, "deploy") && b.machine.serves[7] == newest {
			b.forge.After = nil
			b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
		}
		return nil
	}
	if b.handle(forge.Event{Kind: forge.Opened, Commit: newest}); len(b.machine.orders) != 1 || b.forge.After != nil {
		t.Errorf("orders %v", b.machine.orders)
	}
}

// The run of the reopening may have found it serving still.
func TestRunner_ADownThatIsNotWantedAnyMoreLooksForWhatIs(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
	b.meanwhile(func() { b.forge.Change(7, func(p *forge.Pull) { p.Open, p.Commit = true, older }) })
	b.handle(forge.Event{Kind: forge.Closed, Commit: newest})
	if b.machine.serves[7] != older || !strings.Contains(b.comment(), older[:10]) {
		t.Errorf("serves %q, comment %s", b.machine.serves[7], b.comment())
	}
}

func TestRunner_ARemovalThatFailsIsAFailure(t *testing.T) {
	away, no := errors.New("the engine is away"), errors.New("no right")
	for name, c := range map[string]struct {
		edit func(b *bench)
		want error
	}{
		"of the preview":           {func(b *bench) { b.machine.away = away }, away},
		"of the deployment":        {func(b *bench) { b.forge.Before = failing("retire", no) }, no},
		"of nothing":               {func(*bench) {}, nil},
		"of nothing, without keys": {func(b *bench) { b.runner.Lacks = func() string { return "no keys" } }, nil},
	} {
		b := newBench(t)
		b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
		b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
		c.edit(b)
		if _, err := b.runner.Handle(t.Context(), forge.Event{Kind: forge.Closed, Number: 7}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// failing answers requests that begin so with an error.
func failing(request string, err error) func(context.Context, string) error {
	return func(_ context.Context, asked string) error {
		if strings.HasPrefix(asked, request) {
			return err
		}
		return nil
	}
}

func TestRunner_TheOutcomeHasTheLinksOfWhatServes(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	b.command("/preview up")
	if out := b.handle(forge.Event{Kind: forge.Pushed, Commit: newest}); len(out.Links) != 1 ||
		out.Action.Do != ci.Nothing {
		t.Errorf("nothing to do: %+v", out)
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = false })
	if out := b.handle(forge.Event{Kind: forge.Ready, Commit: newest}); len(out.Links) != 1 ||
		out.Action.Do != ci.Tell {
		t.Errorf("to be told: %+v", out)
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
	if out := b.handle(forge.Event{Kind: forge.Closed}); len(out.Links) != 0 {
		t.Errorf("removed: %+v", out)
	}
}

// Only what no run of a push makes by itself is left to somebody's comment.
func TestRunner_ARunThatIsBehindAsksForACommandWhereNoPushMakesIt(t *testing.T) {
	behind := func(b *bench) { b.runner.Holds = func(ci.Order) error { return ci.ErrUnwanted } }
	for name, c := range map[string]struct {
		before func(b *bench)
		asks   bool
	}{
		"as any other": {func(*bench) {}, false},
		"a draft":      {func(b *bench) { b.forge.Change(7, func(p *forge.Pull) { p.Draft = true }) }, true},
		"taken down":   {func(b *bench) { b.command("/preview up"); b.command("/preview down") }, true},
		"a draft, of which another commit serves": {func(b *bench) {
			b.forge.Change(7, func(p *forge.Pull) { p.Draft, p.Commit = true, older })
			b.command("/preview up")
			b.forge.Change(7, func(p *forge.Pull) { p.Commit = newest })
		}, true},
	} {
		b := newBench(t)
		c.before(b)
		behind(b)
		b.command("/preview up")
		if asks := strings.Contains(b.comment(), "There was a push while"); asks != c.asks {
			t.Errorf("%s: %s", name, b.comment())
		}
	}
}

func TestRunner_TellsTheCommitThatServesWhereTheCommentNamesAnother(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	b.machine.serves[7] = older
	if b.handle(forge.Event{Kind: forge.Other}); !strings.Contains(b.comment(), older[:10]) {
		t.Errorf("comment %s", b.comment())
	}
	before := b.comment()
	b.machine.serves[7] = newest
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = newest })
	b.meanwhile(func() { b.machine.serves[7] = "" })
	if b.handle(forge.Event{Kind: forge.Other}); b.comment() != before {
		t.Errorf("it is gone, and the comment says %s", b.comment())
	}
}

func TestRunner_SaysWhyAJobHasNoPower(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Fork = true })
	b.forbid("comment", "status", "deploy")
	approve := forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview approve " + newest, CommentID: 3}
	if b.handle(approve); !b.saying("since it is a fork's") {
		t.Errorf("says %q", b.said)
	}
	b.said, b.runner.Powerless = nil, "the token may only read"
	if b.handle(approve); !b.saying("since the token may only read") {
		t.Errorf("says %q", b.said)
	}
}

func TestRunner_AsksTheForgeAboutPullRequestsOnly(t *testing.T) {
	b := newBench(t)
	if _, err := b.runner.Handle(t.Context(), forge.Event{Kind: forge.Other}); err != nil || b.forge.Requests() != 0 {
		t.Errorf("about none: %v after %d requests", err, b.forge.Requests())
	}
	b.machine.locks[1] = make(chan struct{}, 1)
	b.forge.Put(forgetest.NewPull(1, newest))
	opened := forge.Event{Kind: forge.Opened, Number: 1, Commit: newest}
	if _, err := b.runner.Handle(t.Context(), opened); err != nil || b.machine.serves[1] != newest {
		t.Errorf("the first: %v, serves %q", err, b.machine.serves[1])
	}
	away := errors.New("the forge is away")
	b.forge.Before = func(context.Context, string) error { return away }
	if commit, goOn, err := b.runner.Commit(t.Context(), opened); commit != "" || goOn || !errors.Is(err, away) {
		t.Errorf("a forge that is away: %q, %v, %v", commit, goOn, err)
	}
}

// A draft for a moment stops the run of a command, while what serves stays.
func TestRunner_AStoppedRunLeavesTheLineOfWhatServes(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	made := b.comment()
	stopped := false
	b.machine.broken = func(int) error {
		if stopped {
			return nil
		}
		stopped = true
		// The run of another event has said meanwhile what serves.
		if err := b.forge.Comment(t.Context(), 7, forge.Comment{Marker: "shop-pr-7", Text: made}); err != nil {
			t.Fatal(err)
		}
		return ci.ErrUnwanted
	}
	b.command("/preview up")
	if !stopped || b.machine.serves[7] != newest || b.status(newest) != forge.Success {
		t.Errorf("serves %q, status %s, says %q", b.machine.serves[7], b.status(newest), b.said)
	}
}
