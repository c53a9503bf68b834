package ci_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
)

// Whatever else is so, the code of a fork runs only when somebody who may write
// has approved this very commit now, or it is served already.
func TestHostile_AForkWantsToBeMadeByAnotherEvent(t *testing.T) {
	approve := map[string]bool{"/preview approve " + newest: true}
	for _, kind := range []forge.EventKind{
		forge.Opened, forge.Pushed, forge.Ready, forge.Labeled, forge.Unlabeled,
		forge.Closed, forge.Commented, forge.Other,
	} {
		for _, text := range []string{
			"", "nice", "/preview up", "/preview reset", "/preview extend 1h",
			"/preview approve " + newest, "/preview approve " + older,
		} {
			for _, may := range []bool{true, false} {
				for name, more := range map[string]edit{
					"new": func(*ci.Situation) {}, "outdated": outdated, "failed": broken,
					"wished": wish(ci.WishUp, ""), "again": again, "late": late,
					"approved":     label("preview-approved"),
					"old approval": func(s *ci.Situation) { late(s); label("preview-approved")(s) },
				} {
					s := situation(kind, fork, more, func(s *ci.Situation) { s.Event.Text, s.MayWrite = text, may })
					byLabel := kind == forge.Labeled && name == "approved"
					allowed := may && (kind == forge.Commented && approve[text] || byLabel)
					if got := ci.Decide(s); (got.Do == ci.Up || got.Do == ci.Reset) && !allowed {
						t.Errorf("%s, %q, writer %v, %s: %v", kind, text, may, name, got)
					}
				}
			}
		}
	}
}

// Neither a comment of somebody who may not write, nor a label of theirs, has the
// checkout of a fork looked at: a job for a comment has secrets.
func TestHostile_ACommentWantsTheCheckoutToBeLookedAt(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Fork = true })
	looked := 0
	b.runner.Prepare = func(_ context.Context, pull forge.Pull) error {
		if looked++; pull.Number != 7 {
			t.Errorf("pull request %+v", pull)
		}
		b.runner.Settings.Label = "wanted"
		return nil
	}
	for _, e := range []forge.Event{
		{Kind: forge.Commented, Sender: "mallory", Text: "/preview up", CommentID: 5},
		{Kind: forge.Commented, Sender: "mallory", Text: "/preview approve " + newest, CommentID: 5},
		{Kind: forge.Commented, Sender: "mallory", Text: "thanks", CommentID: 6},
		{Kind: forge.Labeled, Sender: "mallory", Label: "preview-approved", Commit: newest},
	} {
		if b.handle(e); looked > 0 || len(b.machine.orders) > 0 || len(b.forge.Comments(7)) > 0 {
			t.Fatalf("%+v: looked %d times", e, looked)
		}
	}
	if !slices.Equal(b.forge.Reactions(5), []forge.Reaction{forge.Refused}) {
		t.Errorf("reactions %v", b.forge.Reactions(5))
	}
	if b.handle(forge.Event{Kind: forge.Opened, Commit: newest}); looked != 1 ||
		!strings.Contains(b.said[len(b.said)-1], `no label "wanted"`) {
		t.Errorf("looked %d times, says %q", looked, b.said)
	}
	if b.handle(forge.Event{
		Kind: forge.Commented, Sender: "wendy", Text: "/preview approve " + newest,
		CommentID: 7,
	}); looked != 2 || len(b.machine.orders) != 1 {
		t.Errorf("looked %d times, orders %v", looked, b.machine.orders)
	}
}

// What a stranger comments is a reason to look, and no more: nothing is made that
// would not be made anyway, and what failed, or was removed, stays so.
func TestHostile_AStrangersCommandWantsToBeObeyed(t *testing.T) {
	b := newBench(t)
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	before := b.comment()
	for _, text := range []string{
		"/preview down", "/preview reset", "/preview up", "/preview extend 3d",
		"/preview dance",
	} {
		b.handle(forge.Event{Kind: forge.Commented, Sender: "mallory", Text: text, CommentID: 5})
		if len(b.machine.orders) != 1 || b.machine.serves[7] != newest || b.comment() != before {
			t.Fatalf("%s: %v, %s", text, b.machine.orders, b.comment())
		}
	}
	if !slices.Equal(b.forge.Reactions(5), []forge.Reaction{forge.Refused}) {
		t.Errorf("reactions %v", b.forge.Reactions(5))
	}
	b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview down", CommentID: 6})
	b.handle(forge.Event{Kind: forge.Commented, Sender: "mallory", Text: "/preview up", CommentID: 7})
	if len(b.machine.orders) != 1 || b.machine.serves[7] != "" {
		t.Errorf("after a down: %v", b.machine.orders)
	}
}

// A record that somebody else has written says nothing.
func TestHostile_ARecordInACommentWantsToBeBelieved(t *testing.T) {
	forged := "<!-- offshoot-record state=ready commit=" + newest + " wish=up since= -->\n"
	for _, text := range []string{
		"### Preview\n" + forged, " " + forged, "> " + forged,
		strings.TrimSuffix(forged, "\n"),
	} {
		if got := ci.ReadRecord(text); got != (ci.Record{}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
