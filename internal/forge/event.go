package forge

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// An EventKind is what happened, in one word for all forges.
type EventKind string

// The kinds of events.
const (
	Opened    EventKind = "opened"
	Reopened  EventKind = "reopened"
	Pushed    EventKind = "pushed"
	Ready     EventKind = "ready for review"
	Drafted   EventKind = "converted to draft"
	Closed    EventKind = "closed" // merged or not
	Labeled   EventKind = "labeled"
	Unlabeled EventKind = "unlabeled"
	Commented EventKind = "commented"
	Scheduled EventKind = "scheduled" // or asked for by hand
	Stopped   EventKind = "stopped"   // somebody stopped the environment, on GitLab
	Other     EventKind = "other"     // of no interest
)

// An Event is why a CI job runs. Its author may have written all of it.
type Event struct {
	Kind      EventKind
	Name      string // what the CI system calls it
	Number    int    // of the pull request; 0 where there is none
	Commit    string // its newest when the event happened, where that is known
	Label     string // added or removed, where that is known
	Sender    string // login of who did it
	Writer    string // Sender, where the forge says in the event that they may push
	Reader    string // or that they may not
	Text      string // of the comment
	CommentID int64
}

// ReadEvent reads why a CI job runs: from the payload of GitHub Actions, Gitea
// Actions or of a webhook that triggered a GitLab pipeline, and from the
// variables of the job. Without a payload the variables must do.
func ReadEvent(env Lookup, payload []byte) (Event, error) {
	if len(payload) == 0 {
		return variables(env)
	}
	const advice = "give the file that GITHUB_EVENT_PATH or TRIGGER_PAYLOAD names"
	var p payloadOf
	if err := json.Unmarshal(payload, &p); err != nil {
		return Event{}, hint.Usage(fmt.Errorf("event: %w", explain(err)), advice)
	}
	e := p.actions(env.get("GITHUB_EVENT_NAME"))
	if p.ObjectKind != "" {
		e = p.gitLab()
	}
	if e.Number < 1 && e.Kind != Scheduled && e.Kind != Other {
		return Event{}, hint.Usage(fmt.Errorf("event: %q without the number of a pull request", e.Name), advice)
	}
	return e, nil
}

// explain says what is wrong with a payload without Go's names.
func explain(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return fmt.Errorf("not JSON: %w", err)
	case wrong.Field == "":
		return fmt.Errorf("a JSON %s where an object is expected", wrong.Value)
	}
	return fmt.Errorf("%s holds a JSON %s, which is none of that field's", strings.ToLower(wrong.Field), wrong.Value)
}

// payloadOf is the part of all payloads that says anything here.
type payloadOf struct {
	// GitHub and Gitea
	Action      string
	Number      int
	PullRequest *struct {
		Number int
		Title  string
		Draft  bool
		Head   struct{ SHA string }
	} `json:"pull_request"`
	Label      struct{ Name string }
	Sender     struct{ Login string }
	Repository struct{ Permissions *struct{ Push bool } } // Gitea: of who comments
	Issue      struct {
		Number      int
		PullRequest *json.RawMessage `json:"pull_request"`
	}
	IsPull  bool `json:"is_pull"` // Gitea
	Comment struct {
		ID   int64
		Body string
		User struct{ Login string }
	}
	Schedule json.RawMessage

	// GitLab
	ObjectKind       string `json:"object_kind"`
	User             struct{ Username string }
	ObjectAttributes struct {
		ID           int64
		IID          int
		Action       string
		OldRev       string
		Note         string
		NoteableType string     `json:"noteable_type"`
		LastCommit   lastCommit `json:"last_commit"`
	} `json:"object_attributes"`
	MergeRequest struct {
		IID        int
		LastCommit lastCommit `json:"last_commit"`
	} `json:"merge_request"`
	Changes struct {
		Draft  *struct{ Current bool }
		Labels *struct{ Previous, Current []struct{ Title string } }
		// Gitea
		Added   []struct{ Name string } `json:"added_labels"`
		Removed []struct{ Name string } `json:"removed_labels"`
		Title   *struct{ From string }
	}
}

type lastCommit struct{ ID string }

// actions reads an event of GitHub or Gitea. The name of one is not in its
// payload; what is in it gives it away.
func (p payloadOf) actions(name string) Event {
	e := Event{Kind: Other, Name: cmp.Or(name, p.guess()), Sender: p.Sender.Login}
	switch e.Name {
	case "pull_request", "pull_request_target", "pull_request_sync", "pull_request_label":
		e.Kind, e.Label = p.pullKind()
		e.Name += " " + p.Action
		if e.Number = p.Number; p.PullRequest != nil {
			e.Number = cmp.Or(p.Number, p.PullRequest.Number)
			e.Commit = p.PullRequest.Head.SHA
		}
	case "issue_comment":
		e.Name += " " + p.Action
		if p.Action == "created" && (p.IsPull || p.Issue.PullRequest != nil) {
			e.Kind, e.Number = Commented, p.Issue.Number
			// Whoever wrote it gives the command, not who sent the event.
			e.Sender, e.Text, e.CommentID = p.Comment.User.Login, p.Comment.Body, p.Comment.ID
			e.Writer, e.Reader = p.rights()
		}
	case "schedule", "workflow_dispatch":
		e.Kind = Scheduled
	}
	return e
}

// rights are those of who comments, which Gitea puts into the event.
// https://github.com/go-gitea/gitea/blob/v1.26.0/services/actions/notifier.go
func (p payloadOf) rights() (writer, reader string) {
	login, may := p.Comment.User.Login, p.Repository.Permissions
	switch {
	case !p.IsPull || may == nil || login != p.Sender.Login:
		return "", ""
	case may.Push:
		return login, ""
	}
	return "", login
}

func (p payloadOf) guess() string {
	switch {
	case p.PullRequest != nil:
		return "pull_request"
	case p.Comment.ID != 0:
		return "issue_comment"
	case p.Schedule != nil:
		return "schedule"
	}
	return "unknown"
}

func (p payloadOf) pullKind() (kind EventKind, label string) {
	switch p.Action {
	case "label_updated", "label_cleared":
		return p.labelsChanged()
	case "edited":
		return p.retitled(), ""
	}
	kinds := map[string]EventKind{
		"opened": Opened, "reopened": Reopened, "synchronize": Pushed, "synchronized": Pushed,
		"ready_for_review":   Ready,
		"converted_to_draft": Drafted, "closed": Closed, "labeled": Labeled, "unlabeled": Unlabeled,
	}
	return cmp.Or(kinds[p.Action], Other), p.Label.Name
}

// labelsChanged reads Gitea's one event for labels that came and went. Of
// several it names none.
func (p payloadOf) labelsChanged() (kind EventKind, label string) {
	added, removed := p.Changes.Added, p.Changes.Removed
	switch {
	case len(added) == 1:
		return Labeled, added[0].Name
	case len(added) != 0:
		return Labeled, ""
	case len(removed) == 1:
		return Unlabeled, removed[0].Name
	case len(removed) != 0, p.Action == "label_cleared":
		return Unlabeled, ""
	}
	return Labeled, ""
}

// draftTitle is how Gitea knows a draft, unless it is configured otherwise.
var draftTitle = regexp.MustCompile(`(?i)^(wip:|\[wip\]|draft:|\[draft\])`)

// retitled reads an edit of the title or of the text. On Gitea a title makes a
// draft, and its events for Actions do not say what the title was before: then
// it is for whoever looks at the pull request to see.
func (p payloadOf) retitled() EventKind {
	if p.Changes.Title == nil || p.PullRequest == nil {
		return Other
	}
	was, is := draftTitle.MatchString(p.Changes.Title.From), draftTitle.MatchString(p.PullRequest.Title)
	switch {
	case was && !is && !p.PullRequest.Draft:
		return Ready
	case !was && is && p.PullRequest.Draft:
		return Drafted
	}
	return Other
}

// gitLab reads the payload of a webhook of GitLab.
func (p payloadOf) gitLab() Event {
	at := p.ObjectAttributes
	e := Event{Kind: Other, Name: p.ObjectKind + " " + at.Action, Sender: p.User.Username}
	switch {
	case p.ObjectKind == "merge_request":
		e.Number, e.Commit = at.IID, at.LastCommit.ID
		e.Kind, e.Label = p.mergeKind()
	case p.ObjectKind == "note" && at.NoteableType == "MergeRequest" && (at.Action == "create" || at.Action == ""):
		e.Kind, e.Number, e.Commit = Commented, p.MergeRequest.IID, p.MergeRequest.LastCommit.ID
		e.Text, e.CommentID = at.Note, at.ID
	}
	return e
}

func (p payloadOf) mergeKind() (kind EventKind, label string) {
	switch p.ObjectAttributes.Action {
	case "open":
		return Opened, ""
	case "reopen":
		return Reopened, ""
	case "close", "merge":
		return Closed, ""
	case "update":
		return p.updateKind()
	}
	return Other, ""
}

func (p payloadOf) updateKind() (kind EventKind, label string) {
	switch {
	case p.ObjectAttributes.OldRev != "":
		return Pushed, ""
	case p.Changes.Draft != nil && p.Changes.Draft.Current:
		return Drafted, ""
	case p.Changes.Draft != nil:
		return Ready, ""
	case p.Changes.Labels == nil:
		return Other, ""
	}
	before, now := p.Changes.Labels.Previous, p.Changes.Labels.Current
	for _, l := range now {
		if !slices.Contains(before, l) {
			return Labeled, l.Title
		}
	}
	for _, l := range before {
		if !slices.Contains(now, l) {
			return Unlabeled, l.Title
		}
	}
	return Other, ""
}

// variables reads what a GitLab job knows by itself.
func variables(env Lookup) (Event, error) {
	source := env.get("CI_PIPELINE_SOURCE")
	if env.get("GITLAB_CI") != "true" || source == "" {
		return Event{}, hint.Usage(errors.New("event: nothing says why this job runs"),
			"run offshoot ci in a job of GitHub Actions, GitLab CI or Gitea Actions, or add --event FILE")
	}
	e := Event{Kind: Other, Name: source, Sender: env.get("GITLAB_USER_LOGIN")}
	_, _ = fmt.Sscan(env.get("CI_MERGE_REQUEST_IID"), &e.Number)
	// In a pipeline for merged results the commit is one that nobody has pushed.
	e.Commit = cmp.Or(env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), env.get("CI_COMMIT_SHA"))
	switch {
	case env.get("CI_ENVIRONMENT_ACTION") == "stop" && e.Number > 0:
		e.Kind = Stopped
	case e.Number > 0:
		e.Kind = Pushed
	case source == "schedule", source == "web":
		e.Kind, e.Commit = Scheduled, ""
	}
	return e, nil
}
