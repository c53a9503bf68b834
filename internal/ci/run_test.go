package ci_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
	"github.com/offshoot-dev/offshoot/internal/report"
)

// bench is a runner with all that it touches.
type bench struct {
	*testing.T
	forge   forgetest.Memory
	machine *machine
	runner  *ci.Runner
	said    []string
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, machine: newMachine(7)}
	p := forgetest.NewPull(7, newest)
	b.forge.Put(p)
	b.forge.Allow("wendy")
	b.runner = &ci.Runner{
		Forge: &b.forge, Previews: b.machine, Settings: ci.Settings{Approve: "preview-approved"},
		Name:   func(n int) string { return fmt.Sprintf("pr-%d of shop", n) },
		Marker: func(n int) string { return fmt.Sprintf("shop-pr-%d", n) },
		Say:    func(line string) { b.said = append(b.said, line) }, RunURL: "https://forge.test/runs/1",
	}
	return b
}

func (b *bench) handle(e forge.Event) ci.Outcome {
	b.Helper()
	e.Number = 7
	out, err := b.runner.Handle(b.Context(), e)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func (b *bench) comment() string {
	b.Helper()
	all := b.forge.Comments(7)
	if len(all) != 1 {
		b.Fatalf("%d comments: %q", len(all), all)
	}
	return all[0]
}

func (b *bench) status(commit string) forge.State {
	return b.forge.StatusOf(commit, "offshoot/preview").State
}

const environment = "preview/shop-pr-7"

func TestRunner_ReportsAPreviewFromBeginningToEnd(t *testing.T) {
	b := newBench(t)
	b.machine.work = func() {
		if !strings.Contains(b.comment(), "is being made") || b.status(newest) != forge.Pending ||
			b.forge.Deployed(environment).State != forge.Pending {
			t.Errorf("while it is made: %s", b.comment())
		}
	}
	out := b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if len(out.Links) != 1 || b.machine.serves[7] != newest {
		t.Errorf("outcome %+v", out)
	}
	if !strings.Contains(b.comment(), "is ready") || !strings.Contains(b.comment(), out.Links[0].URL) ||
		b.status(newest) != forge.Success {
		t.Errorf("comment %s", b.comment())
	}
	if d := b.forge.Deployed(environment); d.State != forge.Success || d.URL != out.Links[0].URL ||
		d.LogURL != b.runner.RunURL {
		t.Errorf("deployment %+v", d)
	}

	b.machine.work = func() {}
	b.forge.Change(7, func(p *forge.Pull) { p.Open, p.Merged = false, true })
	b.handle(forge.Event{Kind: forge.Closed})
	if !strings.Contains(b.comment(), "is removed") || b.machine.serves[7] != "" ||
		b.forge.Deployed(environment).Commit != "" {
		t.Errorf("after the merge: %s", b.comment())
	}
}

func TestRunner_APullRequestWithoutAPreviewIsClosedInSilence(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
	b.handle(forge.Event{Kind: forge.Closed})
	if all := b.forge.Comments(7); len(all) > 0 {
		t.Errorf("comments %q", all)
	}
}

func TestRunner_AFailureIsReportedAndFails(t *testing.T) {
	b := newBench(t)
	broken := errors.New("migrate: exit 1")
	b.machine.broken = func(int) error { return broken }
	_, err := b.runner.Handle(t.Context(), forge.Event{Kind: forge.Opened, Number: 7, Commit: newest})
	if !errors.Is(err, broken) || !strings.Contains(b.comment(), "could not be made") ||
		b.status(newest) != forge.Failure {
		t.Errorf("%v: %s", err, b.comment())
	}
}

func TestRunner_SaysBesideTheCommitWhatMigrationsWouldDo(t *testing.T) {
	b := newBench(t)
	b.machine.rehearsal = &report.Rehearsal{Headline: "safe", Lines: []string{"safe"}}
	b.runner.Redact = strings.ToUpper
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if s := b.forge.StatusOf(newest, "offshoot/rehearsal"); s.State != forge.Success || s.Text != "SAFE" {
		t.Errorf("%+v", s)
	}
	b.machine.rehearsal.Exceeded = []string{"too long"}
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	b.handle(forge.Event{Kind: forge.Pushed, Commit: older})
	if s := b.forge.StatusOf(older, "offshoot/rehearsal"); s.State != forge.Failure || s.Text != "TOO LONG" {
		t.Errorf("%+v", s)
	}
	if b.status(older) != forge.Success || !strings.Contains(b.comment(), "TOO LONG") {
		t.Errorf("the preview is %s: %s", b.status(older), b.comment())
	}
}

func TestRunner_SaysThatThePreviewIsReadyBeforeItsRehearsalEnds(t *testing.T) {
	b := newBench(t)
	of := func() forge.Status { return b.forge.StatusOf(newest, "offshoot/rehearsal") }
	told := 0
	b.machine.serving = func() {
		told++
		if s := of(); s.State != forge.Pending || s.Text != "under way" || b.status(newest) != forge.Success ||
			!strings.Contains(b.comment(), "is ready") || !strings.Contains(b.comment(), "| Rehearsal | under way |") ||
			b.forge.Deployed(environment).State != forge.Success {
			t.Errorf("%+v, %s", s, b.comment())
		}
	}
	b.machine.rehearsal = &report.Rehearsal{Headline: "safe", Lines: []string{"safe"}}
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if s := of(); told != 1 || s.State != forge.Success || !strings.Contains(b.comment(), "| Rehearsal | safe |") {
		t.Errorf("told %d times, %+v: %s", told, s, b.comment())
	}
	b.machine.rehearsal = nil // it was interrupted
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	b.machine.serving = func() {}
	b.handle(forge.Event{Kind: forge.Pushed, Commit: older})
	if s := b.forge.StatusOf(older, "offshoot/rehearsal"); s.State != forge.Cancelled ||
		b.status(older) != forge.Success {
		t.Errorf("%+v, %s", s, b.status(older))
	}
}

func TestRunner_APushMeanwhileStopsTheRun(t *testing.T) {
	b := newBench(t)
	b.runner.Holds = func(o ci.Order) error {
		if o.Commit != newest {
			return ci.ErrUnwanted
		}
		return nil
	}
	b.machine.work = func() { b.forge.Change(7, func(p *forge.Pull) { p.Commit = older }) }
	b.handle(forge.Event{Kind: forge.Pushed, Commit: newest})
	if b.machine.serves[7] != "" || b.status(newest) != forge.Cancelled ||
		!strings.Contains(b.said[len(b.said)-1], "newer commit") {
		t.Errorf("serves %q, says %q", b.machine.serves[7], b.said)
	}
	if strings.Contains(b.comment(), "ready") {
		t.Errorf("comment %s", b.comment())
	}
}

func TestRunner_TheWatchEndsALongBuild(t *testing.T) {
	b := newBench(t)
	b.runner.Poll = time.Millisecond
	b.machine.broken = func(int) error { return nil }
	stuck := &waiting{Previews: b.machine, closed: func() { b.forge.Change(7, func(p *forge.Pull) { p.Open = false }) }}
	b.runner.Previews = stuck
	b.handle(forge.Event{Kind: forge.Pushed, Commit: newest})
	if !errors.Is(stuck.cause, ci.ErrUnwanted) {
		t.Errorf("ended by %v", stuck.cause)
	}
}

// waiting has an up that only ends when it is told to.
type waiting struct {
	ci.Previews
	closed func()
	cause  error
}

func (w *waiting) Up(ctx context.Context, o ci.Order, g ci.Guard) error {
	w.closed()
	<-ctx.Done()
	w.cause = context.Cause(ctx)
	return ctx.Err()
}

// The run of the close event may be lost, or have come first.
func TestRunner_ACloseDuringAnUpEndsInNothingRunning(t *testing.T) {
	b := newBench(t)
	closing := false
	b.forge.After = func(_ context.Context, request string) error {
		if closing = closing || strings.HasPrefix(request, "deploy") && b.machine.serves[7] != ""; closing {
			closing = true
			b.forge.After = nil
			b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
		}
		return nil
	}
	out := b.handle(forge.Event{Kind: forge.Pushed, Commit: newest})
	if !closing || b.machine.serves[7] != "" || len(out.Links) > 0 || !strings.Contains(b.comment(), "is removed") {
		t.Errorf("serves %q, links %v, comment %s", b.machine.serves[7], out.Links, b.comment())
	}
}

func TestRunner_AForkGetsNothingUntilItsCommitIsApproved(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Fork = true })
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if !strings.Contains(b.comment(), "/preview approve "+newest) || len(b.machine.orders) > 0 {
		t.Errorf("%v: %s", b.machine.orders, b.comment())
	}
	b.handle(forge.Event{Kind: forge.Commented, Sender: "mallory", Text: "/preview approve " + newest, CommentID: 5})
	if len(b.machine.orders) > 0 || !slices.Equal(b.forge.Reactions(5), []forge.Reaction{forge.Refused}) {
		t.Errorf("a stranger approved: %v %v", b.machine.orders, b.forge.Reactions(5))
	}
	b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview approve " + newest, CommentID: 6})
	if diff := cmp.Diff([]ci.Order{{Number: 7, Commit: newest, Fork: true}}, b.machine.orders); diff != "" {
		t.Error(diff)
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	b.handle(forge.Event{Kind: forge.Pushed, Commit: older})
	if b.machine.serves[7] != newest || !strings.Contains(b.comment(), "/preview approve "+older) {
		t.Errorf("after another push: serves %s, comment %s", b.machine.serves[7], b.comment())
	}
}

func TestRunner_TellsTheCommitToCheckOut(t *testing.T) {
	b := newBench(t)
	b.runner.Prepare = func(context.Context, forge.Pull) error { return errors.New("the checkout is looked at") }
	other := forgetest.NewPull(8, older)
	other.Fork = true
	b.forge.Put(other)
	for name, c := range map[string]struct {
		event  forge.Event
		commit string
		goOn   bool
	}{
		"opened": {forge.Event{Kind: forge.Opened, Commit: older}, newest, true},
		"a command": {
			forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview up", CommentID: 5},
			newest,
			true,
		},
		"a stranger": {
			forge.Event{Kind: forge.Commented, Sender: "mallory", Text: "/preview up", CommentID: 8},
			newest, true,
		},
		"a comment":   {forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "thanks"}, newest, true},
		"a label":     {forge.Event{Kind: forge.Labeled, Sender: "mallory", Label: "bug"}, newest, true},
		"no interest": {forge.Event{Kind: forge.Other}, newest, true},

		"a stranger, a fork": {forge.Event{
			Number: 8, Kind: forge.Commented, Sender: "mallory", Text: "/preview up",
			CommentID: 6,
		}, "", false},
		"a comment, a fork": {
			forge.Event{Number: 8, Kind: forge.Commented, Sender: "wendy", Text: "thanks"},
			"",
			false,
		},
		"a label, a fork": {forge.Event{
			Number: 8, Kind: forge.Labeled, Sender: "mallory",
			Label: "preview-approved",
		}, "", false},
		"a push to a fork": {
			forge.Event{Number: 8, Kind: forge.Pushed, Sender: "mallory", Commit: older},
			older,
			true,
		},
	} {
		c.event.Number = max(c.event.Number, 7)
		if commit, goOn, err := b.runner.Commit(t.Context(), c.event); commit != c.commit || goOn != c.goOn ||
			err != nil {
			t.Errorf("%s: %q, %v, %v", name, commit, goOn, err)
		}
	}
	if commit, goOn, err := b.runner.Commit(t.Context(), forge.Event{Kind: forge.Scheduled}); commit != "" || !goOn ||
		err != nil {
		t.Errorf("scheduled: %q, %v, %v", commit, goOn, err)
	}
	if len(b.forge.Reactions(5)) > 0 || !slices.Equal(b.forge.Reactions(6), []forge.Reaction{forge.Refused}) {
		t.Errorf("reactions %v, %v", b.forge.Reactions(5), b.forge.Reactions(6))
	}
}

// A job for a fork has a token that may only read.
func TestRunner_AForkThatMayNotBeCommentedOnIsNoFailure(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Fork = true })
	b.forge.Before = func(_ context.Context, request string) error {
		if strings.HasPrefix(request, "comment") || strings.HasPrefix(request, "status") {
			return errors.New("403")
		}
		return nil
	}
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if !strings.Contains(strings.Join(b.said, "\n"), "could not say so") {
		t.Errorf("says %q", b.said)
	}
}

func TestRunner_CommandsAreAnsweredInTheOneComment(t *testing.T) {
	b := newBench(t)
	b.machine.until = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	for command, want := range map[string]string{
		"/preview extend 24h": "lives until", "/preview dance": "the commands are", "/preview approve abc": "no fork",
	} {
		b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: command, CommentID: 8})
		if !strings.Contains(b.comment(), want) || !strings.Contains(b.comment(), "pr.shop.localhost") {
			t.Errorf("%s: %s", command, b.comment())
		}
	}
	b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview down", CommentID: 9})
	if b.machine.serves[7] != "" || !strings.Contains(b.comment(), "asked for by wendy") {
		t.Error(b.comment())
	}
}

func TestRunner_ReportsThatItCouldNotReport(t *testing.T) {
	b := newBench(t)
	no := errors.New("no right")
	b.forge.Before = func(_ context.Context, request string) error {
		if strings.HasPrefix(request, "deploy") {
			return no
		}
		return nil
	}
	out, err := b.runner.Handle(t.Context(), forge.Event{Kind: forge.Opened, Number: 7, Commit: newest})
	if !errors.Is(err, no) || len(out.Links) != 1 || b.status(newest) != forge.Success {
		t.Errorf("%v, %+v", err, out)
	}
}

func TestRunner_DryRunChangesNothing(t *testing.T) {
	b := newBench(t)
	b.runner.DryRun = true
	out := b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if out.Action.Do != ci.Up || b.machine.serves[7] != "" || len(b.forge.Comments(7)) > 0 || b.forge.Requests() != 2 {
		t.Errorf("%+v after %d requests", out, b.forge.Requests())
	}
}
