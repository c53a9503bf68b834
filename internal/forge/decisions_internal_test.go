package forge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-github/v92/github"
)

// Whatever is not in this very repository is a stranger's code.
func TestGitHub_AHeadInAnotherRepositoryIsAFork(t *testing.T) {
	repository := func(id int64) *github.PullRequestBranch {
		return &github.PullRequestBranch{Repo: &github.Repository{ID: &id}}
	}
	for name, c := range map[string]struct {
		head, base *github.PullRequestBranch
		fork       bool
	}{
		"of the repository": {repository(7), repository(7), false},
		"of another":        {repository(8), repository(7), true},
		"of one deleted":    {&github.PullRequestBranch{}, repository(7), true},
		"nobody knows":      {&github.PullRequestBranch{}, &github.PullRequestBranch{}, true},
		"without any":       {nil, nil, true},
	} {
		if got := (&gitHub{}).pull(&github.PullRequest{Head: c.head, Base: c.base}); got.Fork != c.fork {
			t.Errorf("%s: fork %v", name, got.Fork)
		}
	}
}

func TestPatience_DecidesWhetherToTryAgain(t *testing.T) {
	answer := func(status int, header ...string) *http.Response {
		reply := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}
		for i := 0; i < len(header); i += 2 {
			reply.Header.Set(header[i], header[i+1])
		}
		return reply
	}
	lost := &url.Error{Op: "Get", URL: "https://forge.test", Err: io.ErrUnexpectedEOF}
	for name, c := range map[string]struct {
		method, path string
		reply        *http.Response
		err          error
		try          int
		wait         time.Duration
		told         bool
	}{
		"lost":                         {"GET", "/pulls", nil, lost, 1, time.Second, false},
		"lost again":                   {"GET", "/pulls", nil, lost, 3, 4 * time.Second, false},
		"lost, and not to be repeated": {"POST", "/comments", nil, lost, 1, 0, false},
		"lost, where the last counts":  {"POST", "/repos/a/statuses/b", nil, lost, 1, time.Second, false},
		"lost, another list":           {"POST", "/repos/a/statuses/b/c", nil, lost, 1, 0, false},
		"cancelled":                    {"GET", "/pulls", nil, context.Canceled, 1, 0, false},
		"broken":                       {"GET", "/pulls", answer(500), nil, 2, 2 * time.Second, false},
		"broken, not to be repeated":   {"POST", "/comments", answer(500), nil, 1, 0, false},
		"down": {
			"POST", "/comments", answer(503, "Retry-After", "5"), nil, 1,
			5 * time.Second, true,
		},
		"down, for nobody knows long": {"POST", "/comments", answer(503), nil, 1, 0, false},
		"broken, with a time":         {"POST", "/comments", answer(500, "Retry-After", "5"), nil, 1, 0, false},
		"too many": {
			"POST", "/comments", answer(429, "Retry-After", "5"), nil, 1,
			5 * time.Second, true,
		},
		"no time at all":                {"GET", "/pulls", answer(429, "Retry-After", "0"), nil, 1, time.Second, true},
		"forbidden":                     {"GET", "/pulls", answer(403), nil, 1, 0, false},
		"forbidden, with requests left": {"GET", "/pulls", answer(403, "X-RateLimit-Remaining", "1"), nil, 1, 0, false},
		"not found":                     {"GET", "/pulls", answer(404), nil, 1, 0, false},
		"well":                          {"GET", "/pulls", answer(200), nil, 1, 0, false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "https://forge.test"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := newPatience(Options{})
		if wait, told := p.wait(req, c.reply, c.err, after(c.try)); wait != c.wait || told != c.told {
			t.Errorf("%s: %v, told %v", name, wait, told)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if wait, told := p.wait(req.WithContext(ended), c.reply, c.err, after(c.try)); wait != 0 || told {
			t.Errorf("%s, after the end: %v, told %v", name, wait, told)
		}
	}
}

// after are the pauses that are left at that try, without their jitter.
func after(try int) *backoff.ExponentialBackOff {
	pauses := &backoff.ExponentialBackOff{InitialInterval: time.Second, Multiplier: 2, MaxInterval: time.Minute}
	for range try - 1 {
		pauses.NextBackOff()
	}
	return pauses
}

func TestSameHost_LetsATokenGoNowhereElse(t *testing.T) {
	request := func(address string) *http.Request {
		req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	from := []*http.Request{request("https://forge.test/a")}
	for to, says := range map[string]string{
		"https://forge.test/b":      "",
		"http://forge.test/b":       "another host",
		"https://forge.test:8443/b": "another host",
		"https://evil.test/a":       "another host",
	} {
		if err := sameHost(request(to),
			from); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := sameHost(request("https://forge.test/b"), slices.Repeat(from, 4)); err != nil {
		t.Errorf("a fifth time: %v", err)
	}
	if err := sameHost(request("https://forge.test/b"), slices.Repeat(from, 5)); err == nil {
		t.Error("no end of it")
	}
}

func TestLabelsChanged_TellsWhichCameAndWent(t *testing.T) {
	for text, want := range map[string]string{
		`{"changes": {"added_labels": [{"name": "a"}]}}`:                                    "labeled a",
		`{"changes": {"added_labels": [{"name": "a"}], "removed_labels": [{"name": "b"}]}}`: "labeled a",
		`{"changes": {"added_labels": [{"name": "a"}, {"name": "b"}]}}`:                     "labeled ",
		`{"changes": {"removed_labels": [{"name": "b"}]}}`:                                  "unlabeled b",
		`{"changes": {"removed_labels": [{"name": "b"}, {"name": "c"}]}}`:                   "unlabeled ",
		`{"action": "label_cleared"}`:                                                       "unlabeled ",
		`{"action": "label_updated"}`:                                                       "labeled ",
	} {
		var p payloadOf
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		if kind, label := p.labelsChanged(); string(kind)+" "+label != want {
			t.Errorf("%s: %s %s", text, kind, label)
		}
	}
}

// The title makes a draft only where the forge says so too.
func TestRetitled_NeedsTheTitleAndTheForge(t *testing.T) {
	for text, want := range map[string]EventKind{
		`{"pull_request": {"title": "x"}}`:                                                             Other,
		`{"changes": {"title": {"from": "WIP: x"}}}`:                                                   Other,
		`{"changes": {"title": {"from": "WIP: x"}}, "pull_request": {"title": "x"}}`:                   Ready,
		`{"changes": {"title": {"from": "WIP: x"}}, "pull_request": {"title": "x", "draft": true}}`:    Other,
		`{"changes": {"title": {"from": "WIP: x"}}, "pull_request": {"title": "wip: y"}}`:              Other,
		`{"changes": {"title": {"from": "x"}}, "pull_request": {"title": "[draft] x", "draft": true}}`: Drafted,
		`{"changes": {"title": {"from": "x"}}, "pull_request": {"title": "[draft] x"}}`:                Other,
		`{"changes": {"title": {"from": "x"}}, "pull_request": {"title": "y", "draft": true}}`:         Other,
		`{"changes": {"title": {"from": "x"}}, "pull_request": {"title": "y"}}`:                        Other,
	} {
		var p payloadOf
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		if got := p.retitled(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestDefinite_IsAnAnswerAndNoSilence(t *testing.T) {
	for err, want := range map[error]bool{
		error(&refusedError{403, errors.New("no")}): true,
		error(&WaitError{}):                         true,
		ErrNotFound:                                 true,
		context.Canceled:                            true,
		io.ErrUnexpectedEOF:                         false,
		context.DeadlineExceeded:                    false,
	} {
		if got := definite(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// dropping are comments of which some cannot be removed.
type dropping struct {
	notes
	fail    map[int64]error
	dropped []int64
	text    string
}

func (d *dropping) drop(_ context.Context, id int64) error {
	d.dropped = append(d.dropped, id)
	return d.fail[id]
}

func (d *dropping) edit(_ context.Context, _ int64, text string) error {
	d.text = text
	return nil
}

func TestSettle_LeavesOneCommentWithTheText(t *testing.T) {
	refused := errors.New("403")
	ours := []note{{id: 1, body: "old"}, {id: 2}, {id: 3}, {id: 4}}
	on := &dropping{fail: map[int64]error{2: ErrNotFound, 3: refused}}
	if err := settle(t.Context(), on, ours, "new"); !errors.Is(err, refused) || errors.Is(err,
		ErrNotFound) || on.text != "new" {
		t.Errorf("%v, text %q", err, on.text)
	}
	if !slices.Equal(on.dropped, []int64{2, 3, 4}) {
		t.Errorf("removed %v", on.dropped)
	}
	on = &dropping{}
	if err := settle(t.Context(), on, []note{{id: 1, body: " new\r\n"}},
		"new"); err != nil || on.text != "" || len(on.dropped) > 0 {
		t.Errorf("%v, text %q, removed %v", err, on.text, on.dropped)
	}
}

func TestGitLab_ANoteIsACommentOnceAndOnAMergeRequest(t *testing.T) {
	for attributes, want := range map[string]EventKind{
		`{"noteable_type": "MergeRequest", "action": "create"}`: Commented,
		`{"noteable_type": "MergeRequest"}`:                     Commented, // of an older GitLab
		`{"noteable_type": "MergeRequest", "action": "update"}`: Other,
		`{"noteable_type": "Issue", "action": "create"}`:        Other,
		`{"noteable_type": "Issue"}`:                            Other,
	} {
		var p payloadOf
		text := `{"object_kind": "note", "merge_request": {"iid": 7}, "object_attributes": ` + attributes + `}`
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		if got := p.gitLab(); got.Kind != want || (got.Number == 7) != (want == Commented) {
			t.Errorf("%s: %+v", attributes, got)
		}
	}
}
