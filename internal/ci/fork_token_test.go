package ci_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// Gitea's jobs for a fork's pull request may comment, and set no status: that of
// an approval too.
func TestRunner_AnApprovedForkIsMadeWithoutAStatus(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Fork = true })
	b.forbid("status")
	b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview approve " + newest, CommentID: 3})
	if said := strings.Join(b.said, "\n"); b.machine.serves[7] != newest || !strings.Contains(b.comment(), "ready") ||
		!strings.Contains(said, "no line beside the commit") {
		t.Errorf("serves %q, comment %s, says %s", b.machine.serves[7], b.comment(), said)
	}
}

// A job of a fork's pull request may comment on Gitea, and reaches no machine: that
// it cannot see the approved preview is no reason to ask for an approval.
func TestRunner_AForksJobThatReachesNothingLeavesWhatTheCommentSays(t *testing.T) {
	b := newBench(t)
	b.forge.Change(7, func(p *forge.Pull) { p.Fork = true })
	b.handle(forge.Event{Kind: forge.Commented, Sender: "wendy", Text: "/preview approve " + newest, CommentID: 3})
	ready := b.comment()
	b.machine.away, b.runner.Lacks = errors.New("no keys of AWS"), func() string { return "it is a fork's" }
	b.handle(forge.Event{Kind: forge.Labeled, Label: "bug", Commit: newest})
	if b.comment() != ready {
		t.Errorf("the comment says %s", b.comment())
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	if b.handle(forge.Event{Kind: forge.Pushed, Commit: older}); !strings.Contains(b.comment(),
		"/preview approve "+older) {
		t.Errorf("after a push the comment says %s", b.comment())
	}
	// And it succeeds when it can remove nothing.
	b.forge.Change(7, func(p *forge.Pull) { p.Open = false })
	if b.handle(forge.Event{Kind: forge.Closed, Commit: older}); !strings.Contains(strings.Join(b.said, "\n"),
		"the next sweep does") {
		t.Errorf("says %s", b.said)
	}
}
