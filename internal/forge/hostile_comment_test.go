package forge_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
)

// Whoever may not push copies our marker, waits until we have written into the
// comment, and then changes what it says.
func TestHostile_AStrangerWantsOurCommentToBeTheirs(t *testing.T) {
	t.Parallel()
	for _, token := range []struct {
		name string
		job  bool
	}{{"a job's", true}, {"a bot's", false}} {
		for _, stranger := range []string{"mallory", "rita", "roger"} {
			w := newWorld()
			w.JobToken, w.Permissions, w.Scopes = token.job, asInit, documented
			w.Teams = []standin.Team{{Name: "readers", Level: "read", Members: []string{"roger"}}}
			w.Allow(standin.Self, "admin")
			p := w.Open(t, forge.Pull{})
			theirs := w.Repository.Say(p.Number, stranger, marked+"theirs")
			comment(t, open(t, forge.Gitea, w, patient()), p.Number, "one", "two")
			c := w.Comments(p.Number)
			if len(c) != 2 || c[0].ID != theirs || c[0].Body != marked+"theirs" || c[1].Body != marked+"two" {
				t.Errorf("%s token, %s: %+v", token.name, stranger, c)
			}
		}
	}
}

// A fork's workflow writes as the user of all jobs. Where a bot writes for us, it
// does not take such a comment over, which that workflow could change again.
func TestHostile_AForksJobWantsABotsCommentToBeItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.Allow(standin.Self, "admin")
	w.Scopes = documented
	p := w.Open(t, forge.Pull{})
	w.Repository.Say(p.Number, "gitea-actions", marked+"theirs")
	comment(t, open(t, forge.Gitea, w, patient()), p.Number, "one", "two")
	if c := w.Comments(p.Number); len(c) != 1 || c[0].Author != standin.Self || c[0].Body != marked+"two" {
		t.Errorf("comments %+v", c)
	}
}
