package forge_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

const eventCommit = "ec26c3e57ca3a959ca5aad62de7213c562f8c821" // of the examples

func TestReadEvent_ReadsEveryPublishedExample(t *testing.T) {
	github := func(kind forge.EventKind, action, label string) forge.Event {
		return forge.Event{
			Kind: kind, Name: "pull_request " + action, Number: 2, Commit: eventCommit, Label: label,
			Sender: "Codertocat",
		}
	}
	gitea := func(kind forge.EventKind, action, label string) forge.Event {
		return forge.Event{
			Kind: kind, Name: "pull_request " + action, Number: 7, Commit: eventCommit, Label: label,
			Sender: "wendy",
		}
	}
	gitlab := func(kind forge.EventKind, name, label string) forge.Event {
		return forge.Event{Kind: kind, Name: name, Number: 7, Commit: eventCommit, Label: label, Sender: "wendy"}
	}
	for file, want := range map[string]forge.Event{
		"github-pull_request-opened":             github(forge.Opened, "opened", ""),
		"github-pull_request-reopened":           github(forge.Reopened, "reopened", ""),
		"github-pull_request-synchronize":        github(forge.Pushed, "synchronize", ""),
		"github-pull_request-ready_for_review":   github(forge.Ready, "ready_for_review", ""),
		"github-pull_request-converted_to_draft": github(forge.Drafted, "converted_to_draft", ""),
		"github-pull_request-closed":             github(forge.Closed, "closed", ""),
		"github-pull_request-labeled":            github(forge.Labeled, "labeled", "bug"),
		"github-pull_request-unlabeled":          github(forge.Unlabeled, "unlabeled", "bug"),
		"github-pull_request-assigned":           github(forge.Other, "assigned", ""),
		// Both are comments on an issue, and none on a pull request.
		"github-issue_comment-created": {Kind: forge.Other, Name: "issue_comment created", Sender: "Codertocat"},
		"github-issue_comment-edited":  {Kind: forge.Other, Name: "issue_comment edited", Sender: "Codertocat"},
		"gitea-pull_request-synchronized": {
			Kind: forge.Pushed, Name: "pull_request synchronized", Number: 7,
			Commit: eventCommit, Sender: "wendy",
		},
		"gitea-pull_request-label_updated": {
			Kind: forge.Labeled, Name: "pull_request label_updated", Number: 7,
			Commit: eventCommit, Sender: "wendy",
		},
		"gitea-pull_request-label_added":   gitea(forge.Labeled, "label_updated", "preview"),
		"gitea-pull_request-label_removed": gitea(forge.Unlabeled, "label_updated", "preview"),
		"gitea-pull_request-label_cleared": gitea(forge.Unlabeled, "label_cleared", ""),
		// without what it was before, as Actions have it
		"gitea-pull_request-edited":         gitea(forge.Other, "edited", ""),
		"gitea-pull_request-edited-title":   gitea(forge.Other, "edited", ""),
		"gitea-pull_request-edited-drafted": gitea(forge.Drafted, "edited", ""),
		"gitea-pull_request-edited-ready":   gitea(forge.Ready, "edited", ""),
		"gitea-issue_comment-created-by-a-writer": {
			Kind: forge.Commented, Name: "issue_comment created", Number: 7, Sender: "wendy", Writer: "wendy",
			Text: "/preview up", CommentID: 31,
		},
		"gitea-issue_comment-created": {
			Kind: forge.Commented, Name: "issue_comment created", Number: 7,
			Sender: "wendy", Text: "/preview up", CommentID: 31,
		},
		"gitlab-merge_request-open":             gitlab(forge.Opened, "merge_request open", ""),
		"gitlab-merge_request-merge":            gitlab(forge.Closed, "merge_request merge", ""),
		"gitlab-merge_request-update-push":      gitlab(forge.Pushed, "merge_request update", ""),
		"gitlab-merge_request-update-draft":     gitlab(forge.Drafted, "merge_request update", ""),
		"gitlab-merge_request-update-ready":     gitlab(forge.Ready, "merge_request update", ""),
		"gitlab-merge_request-update-labeled":   gitlab(forge.Labeled, "merge_request update", "preview"),
		"gitlab-merge_request-update-unlabeled": gitlab(forge.Unlabeled, "merge_request update", "preview"),
		"gitlab-merge_request-update-title":     gitlab(forge.Other, "merge_request update", ""),
		"gitlab-note-merge_request": {
			Kind: forge.Commented, Name: "note create", Number: 7, Commit: eventCommit, Sender: "wendy",
			Text: "/preview extend 24h", CommentID: 1244,
		},
		"gitlab-note-issue": {Kind: forge.Other, Name: "note create", Sender: "wendy"},
	} {
		got, err := forge.ReadEvent(vars{}.lookup, example(t, file))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", file, err, diff)
		}
	}
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestReadEvent_TakesACommentOnAPullRequest(t *testing.T) {
	payload := strings.Replace(string(example(t, "github-issue_comment-created")), `"issue":{`,
		`"issue":{"pull_request":{"url":""},`, 1)
	got, err := forge.ReadEvent(vars{"GITHUB_EVENT_NAME": "issue_comment"}.lookup, []byte(payload))
	want := forge.Event{
		Kind: forge.Commented, Name: "issue_comment created", Number: 1, Sender: "Codertocat", CommentID: 492700400,
		Text: "You are totally right! I'll get this fixed right away.",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestReadEvent_BelievesTheNameOfTheEvent(t *testing.T) {
	for name, want := range map[string]forge.EventKind{
		"schedule": forge.Scheduled, "workflow_dispatch": forge.Scheduled, "push": forge.Other,
		"pull_request_target": forge.Opened,
		"pull_request_review": forge.Other,
	} {
		got, err := forge.ReadEvent(vars{"GITHUB_EVENT_NAME": name}.lookup, example(t, "github-pull_request-opened"))
		if err != nil || got.Kind != want {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, want)
		}
	}
}

func TestReadEvent_ReadsTheVariablesOfAGitLabJob(t *testing.T) {
	job := func(more vars) vars {
		all := vars{"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "wendy", "CI_COMMIT_SHA": "bbb"}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	for name, test := range map[string]struct {
		env  vars
		want forge.Event
	}{
		"a merge request": {
			job(vars{"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}),
			forge.Event{Kind: forge.Pushed, Name: "merge_request_event", Number: 7, Commit: "bbb", Sender: "wendy"},
		},
		"its merged result": {
			job(vars{
				"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7",
				"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "aaa",
			}),
			forge.Event{Kind: forge.Pushed, Name: "merge_request_event", Number: 7, Commit: "aaa", Sender: "wendy"},
		},
		"the end of its environment": {
			job(vars{
				"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7",
				"CI_ENVIRONMENT_ACTION": "stop",
			}),
			forge.Event{Kind: forge.Stopped, Name: "merge_request_event", Number: 7, Commit: "bbb", Sender: "wendy"},
		},
		"a schedule": {
			job(vars{"CI_PIPELINE_SOURCE": "schedule"}),
			forge.Event{Kind: forge.Scheduled, Name: "schedule", Sender: "wendy"},
		},
		"a push": {
			job(vars{"CI_PIPELINE_SOURCE": "push"}),
			forge.Event{Kind: forge.Other, Name: "push", Commit: "bbb", Sender: "wendy"},
		},
	} {
		got, err := forge.ReadEvent(test.env.lookup, nil)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestReadEvent_RefusesWhatIsNone(t *testing.T) {
	for name, payload := range map[string]string{
		"not JSON": "on: push", "no payload and no job": "", "a list": "[]", "half of one": `{"action`,
		"no number":           `{"action":"opened","pull_request":{}}`,
		"below all numbers":   `{"action":"created","comment":{"id":1},"issue":{"number":-1,"pull_request":{}}}`,
		"beyond all numbers":  `{"number":99999999999999999999}`,
		"a name for a number": `{"pull_request":{"number":"7"}}`,
	} {
		_, err := forge.ReadEvent(vars{}.lookup, []byte(payload))
		if !errors.Is(err, hint.ErrUsage) || strings.Contains(err.Error(), "Go ") ||
			strings.Contains(err.Error(), "payloadOf") {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
}
