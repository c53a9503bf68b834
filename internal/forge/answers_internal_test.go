package forge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"
)

// reply is what a forge answers at a place.
type reply struct {
	status int
	text   string
}

// answering is a forge with one reply at each path that ends so.
func answering(t *testing.T, kind Kind, replies map[string]reply) Forge {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for end, given := range replies {
			if strings.HasSuffix(r.URL.Path, end) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(given.status)
				_, _ = io.WriteString(w, given.text)
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	at := Location{Kind: kind, API: server.URL, Repository: "acme/shop"}
	f, err := Open(at, Options{Token: "t", Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Nobody is taken for a writer of whom the forge does not say so.
func TestMayWrite_IsOnlyWhoTheForgeSaysMay(t *testing.T) {
	wendy := reply{200, `[{"id":6,"username":"other"},{"id":7,"username":"Wendy"}]`}
	member := func(text string) map[string]reply {
		return map[string]reply{"/users": wendy, "/members/all/7": {200, text}}
	}
	permission := func(status int, text string) map[string]reply {
		return map[string]reply{"/collaborators/wendy/permission": {status, text}}
	}
	for name, c := range map[string]struct {
		kind    Kind
		replies map[string]reply
		may     bool
		fails   bool
	}{
		"a developer":        {GitLab, member(`{"access_level":30,"state":"active"}`), true, false},
		"an owner":           {GitLab, member(`{"access_level":50,"state":"active"}`), true, false},
		"a reporter":         {GitLab, member(`{"access_level":20,"state":"active"}`), false, false},
		"a blocked one":      {GitLab, member(`{"access_level":30,"state":"blocked"}`), false, false},
		"no member":          {GitLab, map[string]reply{"/users": wendy}, false, false},
		"nobody":             {GitLab, map[string]reply{"/users": {200, "[]"}}, false, false},
		"users are a secret": {GitLab, map[string]reply{"/users": {403, "{}"}}, false, true},
		"members are a secret": {
			GitLab, map[string]reply{"/users": wendy, "/members/all/7": {403, "{}"}}, false, true,
		},

		"a writer on GitHub":         {GitHub, permission(200, `{"permission":"write"}`), true, false},
		"an administrator on GitHub": {GitHub, permission(200, `{"permission":"admin"}`), true, false},
		"a reader on GitHub":         {GitHub, permission(200, `{"permission":"read"}`), false, false},
		"nobody on GitHub":           {GitHub, permission(404, "{}"), false, false},
		"a secret on GitHub":         {GitHub, permission(403, "{}"), false, true},

		"a writer on Gitea": {Gitea, permission(200, `{"permission":"write"}`), true, false},
		"a reader on Gitea": {Gitea, permission(200, `{"permission":"read"}`), false, false},
		"nobody on Gitea":   {Gitea, permission(404, "{}"), false, false},
		"a secret on Gitea": {Gitea, permission(500, "{}"), false, true},
	} {
		may, err := answering(t, c.kind, c.replies).MayWrite(t.Context(), "wendy")
		if may != c.may || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", name, may, err)
		}
	}
}

// A token that may not remove environments is not asked to, where there is none.
func TestGitHub_RetiresNothingWhereNothingWasDeployed(t *testing.T) {
	for list, fails := range map[string]bool{"[]": false, `[{"id": 7}]`: true} {
		f := answering(t, GitHub, map[string]reply{
			"/deployments": {200, list}, "/statuses": {201, "{}"}, "/deployments/7": {204, ""},
			"/environments/preview": {500, "{}"},
		})
		if err := f.(Deployer).Retire(t.Context(), "preview"); (err != nil) != fails {
			t.Errorf("%s: %v", list, err)
		}
	}
}

func TestGitea_AnAuthorIsAskedAboutOnceItIsKnown(t *testing.T) {
	for status, known := range map[int]bool{200: true, 500: false} {
		n := answering(t, Gitea, map[string]reply{
			"/collaborators/wendy/permission": {status, `{"permission":"write"}`},
		}).(*giteaRepo).notes(7)
		may, err := n.vouches(t.Context(), "wendy")
		remembered, is := n.vouched["wendy"]
		if may != known || (err == nil) != known || is != known || remembered != known {
			t.Errorf("%d: %v, %v, remembered %v", status, may, err, n.vouched)
		}
	}
}

func TestGitea_AnAnswerThatIsAnErrorIsNamed(t *testing.T) {
	f := answering(t, Gitea, map[string]reply{"/pulls/7": {400, `{"message":"no"}`}, "/pulls/8": {200, "<html>"}})
	for number, want := range map[int]string{7: "answer 400 of Gitea", 8: "answer 200 of Gitea"} {
		if _, err := f.Pull(t.Context(), number); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", number, err, want)
		}
	}
}

func TestGitea_ACommentIsByWhomTheReplyNames(t *testing.T) {
	for text, want := range map[string]string{`{"user":{"login":"offshoot"}}`: "offshoot", `{"id":1}`: ""} {
		f := answering(t, Gitea, map[string]reply{"/issues/7/comments": {201, text}})
		author, err := f.(*giteaRepo).notes(7).add(t.Context(), "text")
		if err != nil || author != want {
			t.Errorf("%s: %q, %v", text, author, err)
		}
	}
}

func TestFollowing_EndsWithTheLastPage(t *testing.T) {
	linked := http.Header{"Link": {`<https://forge.test?page=1>; rel="first"`}}
	for name, c := range map[string]struct {
		found, next int
		header      http.Header
		want        int
	}{
		"linked":                  {50, 3, linked, 3},
		"the last that is linked": {50, 0, linked, 0},
		"without links":           {50, 0, nil, 3},
		"a short one":             {1, 0, nil, 3}, // a server may put less on a page
		"an empty one":            {0, 0, nil, 0},
	} {
		got := following(2, c.found, &gitea.Response{Response: &http.Response{Header: c.header}, NextPage: c.next})
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestRefused_IsAnAnswerThatSaysNo(t *testing.T) {
	failed := errors.New("failed")
	for status, want := range map[int]bool{0: false, 200: false, 399: false, 400: true, 499: true, 500: false} {
		var no *refusedError
		if got := errors.As(refused(status, failed), &no); got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
	if err := refused(http.StatusForbidden, nil); err != nil {
		t.Errorf("without an error: %v", err)
	}
	for status, want := range map[int]bool{403: true, 401: false} {
		if got := errors.Is(refused(status, failed), ErrForbidden); got != want {
			t.Errorf("%d is forbidden: %v", status, got)
		}
	}
}

func TestCompareBools_PutsFalseFirst(t *testing.T) {
	for _, c := range []struct {
		a, b bool
		want int
	}{{false, false, 0}, {true, true, 0}, {false, true, -1}, {true, false, 1}} {
		if got := compareBools(c.a, c.b); got != c.want {
			t.Errorf("%v, %v: %d", c.a, c.b, got)
		}
	}
}
