package ci_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

func (b *bench) command(text string) {
	b.Helper()
	b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: text, CommentID: 8})
}

// push makes another commit the newest.
func (b *bench) push(commit string) {
	b.Helper()
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = commit })
	b.handle(forge.Event{Kind: forge.Pushed, Commit: commit})
}

func TestRunner_APushUpdatesThePreviewOfADraftThatHasOneOnRequest(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if len(b.forge.Comments(7)) > 0 || len(b.machine.orders) > 0 {
		t.Fatalf("of a draft: %v", b.forge.Comments(7))
	}
	b.command("/preview up")
	if b.machine.serves[7] != newest || !strings.Contains(b.comment(), "is ready") {
		t.Fatalf("on request: %s", b.comment())
	}
	b.push(older)
	if b.machine.serves[7] != older || !strings.Contains(b.comment(), "is ready") ||
		!strings.Contains(b.comment(), older[:10]) {
		t.Errorf("after a push: serves %s, %s", b.machine.serves[7], b.comment())
	}
	b.command("/preview down")
	b.push(newest)
	if b.machine.serves[7] != "" || !strings.Contains(b.comment(), "is removed") {
		t.Errorf("taken down, then pushed to: serves %s, %s", b.machine.serves[7], b.comment())
	}
}

// A draft that was made ready is as any other from then on.
func TestRunner_AReadyPullRequestForgetsThatItHadOneOnRequest(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	b.command("/preview up")
	made := b.comment()
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = false })
	b.handle(forge.Event{Kind: forge.Ready, Commit: newest})
	if len(b.machine.orders) != 1 || strings.SplitN(b.comment(), "\n", 2)[1] != strings.SplitN(made, "\n", 2)[1] {
		t.Errorf("orders %v, comment %s", b.machine.orders, b.comment())
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	b.handle(forge.Event{Kind: forge.Drafted, Commit: newest})
	if b.machine.serves[7] != "" {
		t.Errorf("a draft again: %s", b.comment())
	}
}

func TestRunner_WhatWasTakenDownStaysSoUntilTheNextPush(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	b.command("/preview down")
	for _, e := range []forge.Event{
		{Kind: forge.Labeled, Label: "bug", Commit: newest},
		{Kind: forge.Pushed, Commit: newest},
		{Kind: forge.Other},
		{Kind: forge.Commented, Sender: "mallory", Text: "/preview up", CommentID: 9},
		{Kind: forge.Commented, Sender: "wendy", Text: "thanks"},
	} {
		if b.handle(e); b.machine.serves[7] != "" || !strings.Contains(b.comment(), "asked for by wendy") {
			t.Fatalf("after %+v: %s", e, b.comment())
		}
	}
	b.command("/preview extend 3h")
	if b.machine.serves[7] != "" || !strings.Contains(b.comment(), "there is no preview") ||
		!strings.Contains(b.comment(), "is removed") {
		t.Fatalf("extended: %s", b.comment())
	}
	b.push(older)
	if b.machine.serves[7] != older || !strings.Contains(b.comment(), "is ready") {
		t.Errorf("after a push: %s", b.comment())
	}
	b.push(newest) // by force, back to where it was taken down
	if b.machine.serves[7] != newest {
		t.Errorf("after another: %s", b.comment())
	}
}

func TestRunner_AFailureIsTriedAgainByWhoeverMeansIt(t *testing.T) {
	b := newBench(t)
	tries, broken := 0, errors.New("migrate: exit 1")
	b.machine.broken = func(int) error { tries++; return broken }
	opened := forge.Event{Kind: forge.Opened, Number: 7, Commit: newest}
	if _, err := b.runner.Handle(t.Context(), opened); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	failed := b.comment()
	b.handle(forge.Event{Kind: forge.Labeled, Label: "bug"})
	b.handle(forge.Event{Kind: forge.Commented, Sender: "mallory", Text: "/preview x", CommentID: 9})
	if tries != 1 || b.comment() != failed {
		t.Errorf("%d tries after labels and strangers: %s", tries, b.comment())
	}
	b.command("/preview dance")
	if !strings.Contains(b.comment(), "could not be made") || !strings.Contains(b.comment(), "the commands are") ||
		tries != 1 {
		t.Errorf("the answer hides the failure: %s", b.comment())
	}
	if _, err := b.runner.Handle(t.Context(), opened); !errors.Is(err, broken) || tries != 2 {
		t.Errorf("run again: %v after %d tries", err, tries)
	}
}

// A run that was killed when all was done leaves a comment that is not true.
func TestRunner_TellsWhatServesWhereTheRunThatMadeItCouldNot(t *testing.T) {
	b := newBench(t)
	b.machine.serves[7] = newest
	b.handle(forge.Event{Kind: forge.Labeled, Label: "bug"})
	if len(b.machine.orders) > 0 || !strings.Contains(b.comment(), "is ready") || b.status(newest) != forge.Success {
		t.Errorf("orders %v, comment %s", b.machine.orders, b.comment())
	}
	before := b.forge.Requests()
	if b.handle(forge.Event{Kind: forge.Labeled, Label: "bug"}); b.forge.Requests() != before+2 {
		t.Errorf("%d requests where nothing is to be said", b.forge.Requests()-before)
	}
}

func TestRunner_ARunThatIsBehindLeavesTheNewestToThePushs(t *testing.T) {
	b := newBench(t)
	b.runner.Holds = func(o ci.Order) error { return fmt.Errorf("%w: superseded by %s", ci.ErrUnwanted, o.Commit) }
	b.handle(forge.Event{Kind: forge.Pushed, Commit: older})
	if len(b.machine.orders) > 0 || len(b.forge.Comments(7)) > 0 {
		t.Errorf("orders %v, comments %v", b.machine.orders, b.forge.Comments(7))
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	b.command("/preview up") // which no push carries out by itself
	if !strings.Contains(b.comment(), "/preview up makes it") {
		t.Errorf("comment %s", b.comment())
	}
	b.runner.Holds = nil
	if b.push(older); b.machine.serves[7] != older {
		t.Errorf("the push after it: %s", b.comment())
	}
}

// forbid answers requests that begin with one of these as GitHub does where the
// token lacks a right.
func (b *bench) forbid(requests ...string) {
	b.forge.Before = func(_ context.Context, asked string) error {
		if slices.ContainsFunc(requests, func(r string) bool { return strings.HasPrefix(asked, r) }) {
			return forge.ErrForbidden
		}
		return nil
	}
}

func TestRunner_FindsOutBeforeTheWorkThatItMayNotWrite(t *testing.T) {
	for _, request := range []string{"comment", "status", "deploy"} {
		b := newBench(t)
		b.machine.work = func() { t.Errorf("%s: work has begun", request) }
		b.forbid(request)
		_, err := b.runner.Handle(t.Context(), forge.Event{Kind: forge.Opened, Number: 7, Commit: newest})
		if !errors.Is(err, forge.ErrForbidden) || !strings.Contains(strings.Join(hint.Of(err), ""), "statuses: write") {
			t.Errorf("%s: %v, hint %q", request, err, hint.Of(err))
		}
	}
}

func TestRunner_AJobWithoutPowerSaysSoAndSucceeds(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	b.runner.Powerless = "Dependabot started it"
	b.forbid("comment", "status", "deploy", "retire")
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	b.handle(forge.Event{Kind: forge.Pushed, Commit: older})
	if said := strings.Join(b.said, "\n"); b.machine.serves[7] != newest ||
		!strings.Contains(said, "Dependabot started it") {
		t.Errorf("serves %s, says %s", b.machine.serves[7], said)
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
	if b.handle(forge.Event{Kind: forge.Closed}); b.machine.serves[7] != "" {
		t.Error("closing does not remove it")
	}
}

func TestRunner_AJobWithoutSecretsWaitsForSomebodyWhoHasThem(t *testing.T) {
	b := newBench(t)
	b.runner.Lacks = func() string { return "SOURCE is empty" }
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if len(b.machine.orders) > 0 || !strings.Contains(b.comment(), "SOURCE is empty") ||
		!strings.Contains(b.comment(), "/preview up") {
		t.Errorf("orders %v, comment %s", b.machine.orders, b.comment())
	}
	b.runner.Lacks = nil
	if b.command("/preview up"); b.machine.serves[7] != newest {
		t.Errorf("comment %s", b.comment())
	}
}

// What a sweep says of a preview that is gone takes no wish back.
func TestGone_KeepsWhatSomebodyAskedFor(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	b.command("/preview up")
	said, err := b.forge.Said(t.Context(), 7, "shop-pr-7")
	if err != nil {
		t.Fatal(err)
	}
	gone := ci.Gone(said, "### Preview pr-7 of shop is removed\n")
	if r := ci.ReadRecord(gone); r.Wish != ci.WishUp || r.State != "removed" ||
		!strings.HasSuffix(gone, "\n### Preview pr-7 of shop is removed\n") {
		t.Fatalf("%+v of %s", r, gone)
	}
	if err := b.forge.Comment(t.Context(), 7, forge.Comment{Marker: "shop-pr-7", Text: gone}); err != nil {
		t.Fatal(err)
	}
	delete(b.machine.serves, 7)
	if b.push(older); b.machine.serves[7] != older {
		t.Errorf("after a push: %s", b.comment())
	}
}

// The reason is the one that holds when it is removed.
func TestRunner_ADraftThatIsClosedMeanwhileIsRemovedSinceItIsClosed(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	b.forge.Change(7, func(p *forge.Pull) { p.Draft = true })
	release, err := b.machine.lock(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	b.runner.Say = func(string) { // it has decided, and has to wait
		b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
		release()
		b.runner.Say = func(string) {}
	}
	if b.handle(forge.Event{Kind: forge.Drafted, Commit: newest}); !strings.Contains(b.comment(),
		"Removed: the pull request is closed.") {
		t.Errorf("comment %s", b.comment())
	}
}
