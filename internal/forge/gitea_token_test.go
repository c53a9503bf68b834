package forge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// asInit are the permissions of the workflow that init writes.
var asInit = map[string]string{"contents": "write", "issues": "write", "pull-requests": "write"}

// documented are the scopes that the documentation asks for.
var documented = []string{"write:issue", "write:repository"}

// marked begins our comment.
const marked = "<!-- offshoot m -->\n"

func comment(t *testing.T, f forge.Forge, number int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := f.Comment(t.Context(), number, forge.Comment{Marker: "m", Text: text}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestGitea_TheTokenOfAJobSetsAStatusOnlyWhereItMayWriteContents(t *testing.T) {
	t.Parallel()
	for _, contents := range []string{"read", "write"} {
		w := newWorld()
		w.JobToken, w.Permissions = true, map[string]string{"contents": contents, "statuses": "write"}
		p := w.Open(t, forge.Pull{})
		err := open(t, forge.Gitea, w, patient()).Status(t.Context(), p.Commit,
			forge.Status{Context: "c", State: forge.Pending})
		if (err == nil) != (contents == "write") {
			t.Errorf("contents: %s: %v", contents, err)
		}
	}
}

func TestGitea_ATokenThatMayNotReadUsersEditsOneComment(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.Scopes = documented
	w.Allow(standin.Self, "admin")
	p := w.Open(t, forge.Pull{})
	for range 2 { // jobs
		comment(t, open(t, forge.Gitea, w, patient()), p.Number, "one", "two", "three")
	}
	if c := w.Comments(p.Number); len(c) != 1 || c[0].Body != marked+"three" {
		t.Errorf("comments %+v", c)
	}
	posts := 0
	for _, r := range w.Requests() {
		if strings.HasPrefix(r, "POST ") {
			posts++
		}
	}
	if posts != 1 {
		t.Errorf("%d comments were made", posts)
	}
}

func TestGitea_TheTokenOfAJobIsToldWhoMayWrite(t *testing.T) {
	t.Parallel()
	for name, teams := range map[string][]standin.Team{
		"a person's": nil,
		"an organization's": {
			{Name: "Owners", Level: "owner", Members: []string{"olga"}},
			{Name: "developers", Level: "write", Members: []string{"dora"}},
		},
	} {
		w := newWorld()
		w.JobToken, w.Permissions, w.Teams = true, asInit, teams
		f := open(t, forge.Gitea, w, patient())
		for login, want := range map[string]bool{
			"wendy": true, "Wendy": true, "rita": false, "nobody": false,
			"dora": teams != nil,
		} {
			if may, err := f.MayWrite(t.Context(), login); err != nil || may != want {
				t.Errorf("%s repository, %s: %v, %v", name, login, may, err)
			}
		}
	}
}

// In an organization with a team that may only read, the list of those who can
// be assigned to issues has its members too.
func TestGitea_WhereTheTokenIsNotToldWhoMayWriteTheEventDoes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.JobToken, w.Permissions = true, asInit
	w.Teams = []standin.Team{
		{Name: "developers", Level: "write"},
		{Name: "readers", Level: "read", Members: []string{"rita", "roger"}},
	}
	o := patient()
	o.Writer, o.Reader = "wendy", "rita" // by the events of their comments
	f := open(t, forge.Gitea, w, o)
	if may, err := f.MayWrite(t.Context(), "wendy"); err != nil || !may {
		t.Errorf("who comments: %v, %v", may, err)
	}
	if may, err := f.MayWrite(t.Context(), "rita"); err != nil || may {
		t.Errorf("who comments and may not: %v, %v", may, err)
	}
	if may, err := f.MayWrite(t.Context(), "nobody"); err != nil || may {
		t.Errorf("who can be assigned to nothing: %v, %v", may, err)
	}
	may, err := f.MayWrite(t.Context(), "roger")
	if may || !errors.Is(err, forge.ErrUntold) || len(hint.Of(err)) != 1 ||
		!strings.Contains(err.Error(), "team readers") {
		t.Errorf("who may be one or the other: %v, %v, hints %q", may, err, hint.Of(err))
	}
}

// The job of a fork comments as the user of all jobs, an approval's job with the
// token of a bot: one of them takes over from the other.
func TestGitea_TheCommentOfOneTokenIsFoundByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.Allow(standin.Self, "admin")
	p := w.Open(t, forge.Pull{})
	job := open(t, forge.Gitea, w, patient())
	as := func(jobToken bool, text string) {
		w.JobToken, w.Permissions = jobToken, asInit
		comment(t, job, p.Number, text)
	}
	as(true, "waits")
	as(false, "is made")
	if c := w.Comments(p.Number); len(c) != 1 || c[0].Body != marked+"is made" || c[0].Author != standin.Self {
		t.Errorf("after the bot: %+v", c)
	}
	as(true, "is ready")
	if c := w.Comments(p.Number); len(c) != 1 || c[0].Body != marked+"is ready" || c[0].Author != standin.Self {
		t.Errorf("after the next job: %+v", c)
	}
}

func TestGitea_AnotherBotTakesTheCommentOver(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.Allow("old-bot", "write")
	p := w.Open(t, forge.Pull{})
	w.Repository.Say(p.Number, "old-bot", marked+"before")
	comment(t, open(t, forge.Gitea, w, patient()), p.Number, "now")
	if c := w.Comments(p.Number); len(c) != 1 || c[0].Body != marked+"now" {
		t.Errorf("comments %+v", c)
	}
}
