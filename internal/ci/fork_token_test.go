package ci_test

import (
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
	if said := strings.Join(b.said, "\n"); b.machine.serves[7] != newest || !strings.Contains(b.comment(), "ready") || !strings.Contains(said, "no line beside the commit") {
		t.Errorf("serves %q, comment %s, says %s", b.machine.serves[7], b.comment(), said)
	}
}
