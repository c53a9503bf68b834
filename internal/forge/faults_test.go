package forge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// waits are options that note how long would be waited.
func waits(into *[]time.Duration) forge.Options {
	o := patient()
	o.Now = func() time.Time { return time.Unix(1_000_000, 0) }
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		*into = append(*into, d)
		return ctx.Err()
	}
	return o
}

// once answers the first request with a status and headers.
func once(status int, body string, header ...string) func(http.ResponseWriter, string) bool {
	var done atomic.Bool
	return func(w http.ResponseWriter, _ string) bool {
		if done.Swap(true) {
			return false
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		http.Error(w, body, status)
		return true
	}
}

func TestForges_WaitAsTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault func(http.ResponseWriter, string) bool
		want  time.Duration
	}{
		"seconds": {once(429, "{}", "Retry-After", "7"), 7 * time.Second},
		"a date": {
			once(429, "{}", "Retry-After", time.Unix(1_000_030, 0).UTC().Format(http.TimeFormat)),
			30 * time.Second,
		},
		"GitHub's limit": {once(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", "1000050"), 51 * time.Second},
		"GitLab's limit":   {once(429, "Retry later", "RateLimit-Reset", "1000009"), 10 * time.Second},
		"without a time":   {once(403, `{"message":"You have exceeded a secondary rate limit."}`), time.Minute},
		"a time in past":   {once(429, "{}", "X-RateLimit-Reset", "999000"), time.Second},
		"down for a while": {once(503, "{}", "Retry-After", "3"), 3 * time.Second},
	} {
		w := newWorld()
		p := w.Open(t, forge.Pull{})
		w.Fault = test.fault
		var slept []time.Duration
		// The waiting is the same code for all kinds; GitLab's stand-in is the fastest.
		if _, err := open(t, forge.GitLab, w, waits(&slept)).Pull(t.Context(), p.Number); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff([]time.Duration{test.want}, slept); diff != "" {
			t.Errorf("%s: waited %s", name, diff)
		}
	}
}

// Where nobody says how long, callers that fail together do not come back
// together.
func TestForges_WaitAboutASecondUntold(t *testing.T) {
	t.Parallel()
	w := newWorld()
	p := w.Open(t, forge.Pull{})
	w.Fault = once(502, "oops")
	var slept []time.Duration
	if _, err := open(t, forge.GitLab, w, waits(&slept)).Pull(t.Context(), p.Number); err != nil {
		t.Error(err)
	}
	const quarter = time.Second / 4
	if len(slept) != 1 || slept[0] < time.Second-quarter || slept[0] > time.Second+quarter || slept[0] == time.Second {
		t.Errorf("waited %v", slept)
	}
}

func TestForges_SayWhenTheTokenLacksARight(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		p := w.Open(t, forge.Pull{})
		w.Fault = func(reply http.ResponseWriter, _ string) bool {
			http.Error(reply, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
			return true
		}
		f := open(t, face.kind, w, forge.Options{Token: standin.Token})
		if err := f.Status(t.Context(), p.Commit, forge.Status{Context: "x", State: forge.Pending}); !errors.Is(err,
			forge.ErrForbidden) {
			t.Errorf("%s: %v", face.kind, err)
		}
		w.Fault = once(http.StatusNotFound, "{}")
		if _, err := f.Pull(t.Context(), p.Number); errors.Is(err, forge.ErrForbidden) {
			t.Errorf("%s: not found is %v", face.kind, err)
		}
	}
}

func TestForges_WaitNoLongerThanTheirPatience(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.Fault = once(429, "{}", "Retry-After", "3000")
	var slept []time.Duration
	_, err := open(t, forge.GitHub, w, waits(&slept)).OpenPulls(t.Context())
	var wait *forge.WaitError
	if !errors.As(err, &wait) || wait.Wait != 3000*time.Second || len(slept) > 0 {
		t.Errorf("%v after %v, want the wait of 50 minutes refused at once", err, slept)
	}
}

func TestForges_GiveUpOnOneThatStaysBroken(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		w.Fault = func(w http.ResponseWriter, _ string) bool {
			http.Error(w, "oops", http.StatusInternalServerError)
			return true
		}
		var slept []time.Duration
		_, err := open(t, face.kind, w, waits(&slept)).OpenPulls(t.Context())
		if err == nil || !strings.Contains(err.Error(), "open ") || !strings.Contains(err.Error(), "500") {
			t.Errorf("%s: %v", face.kind, err)
		}
		if n := len(w.Requests()); n != 5 || len(slept) != 4 {
			t.Errorf("%s: %d tries, waits %v", face.kind, n, slept)
		}
	}
}

func TestForges_ListIsAnErrorWhenAPageFails(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		for range 25 {
			w.Open(t, forge.Pull{})
		}
		var asked atomic.Int32
		w.Fault = func(rw http.ResponseWriter, _ string) bool {
			if asked.Add(1) == 3 {
				http.Error(rw, `{"message":"no"}`, http.StatusUnprocessableEntity)
				return true
			}
			return false
		}
		list, err := open(t, face.kind, w, patient()).OpenPulls(t.Context())
		if err == nil || len(list) > 0 {
			t.Errorf("%s: %d pull requests and error %v, want none and an error", face.kind, len(list), err)
		}
	}
}

func TestForges_ALostReplyLeavesOneComment(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		p := w.Open(t, forge.Pull{})
		var lost atomic.Int32
		w.Lose = func(request string) bool {
			return strings.HasPrefix(request, "POST ") && lost.Add(1) == 1
		}
		f := open(t, face.kind, w, patient())
		if err := f.Comment(t.Context(), p.Number, forge.Comment{Marker: "m", Text: "text"}); err != nil {
			t.Errorf("%s: %v", face.kind, err)
		}
		if bodies := w.Bodies(t, p.Number); len(bodies) != 1 || lost.Load() != 1 {
			t.Errorf("%s: comments %q after %d lost replies", face.kind, bodies, lost.Load())
		}
	}
}

func TestForges_SayWhichRightIsMissing(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		p := w.Open(t, forge.Pull{})
		w.Fault = func(rw http.ResponseWriter, request string) bool {
			if !strings.HasPrefix(request, "POST ") {
				return false
			}
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusForbidden)
			fmt.Fprint(rw, `{"message":"Resource not accessible by integration"}`)
			return true
		}
		err := open(t, face.kind, w, patient()).Comment(t.Context(), p.Number, forge.Comment{Marker: "m", Text: "text"})
		if err == nil || len(hint.Of(err)) != 1 || strings.Contains(err.Error(), standin.Token) {
			t.Errorf("%s: %v with hints %q", face.kind, err, hint.Of(err))
		}
	}
}

func TestForges_TokenGoesToNoOtherHost(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	for _, face := range faces {
		w := newWorld()
		w.Fault = func(rw http.ResponseWriter, _ string) bool {
			rw.Header().Set("Location", elsewhere.URL)
			rw.WriteHeader(http.StatusFound)
			return true
		}
		_, err := open(t, face.kind, w, patient()).Pull(t.Context(), 1)
		if err == nil || reached.Load() {
			t.Errorf("%s: followed to another host (%v)", face.kind, err)
		}
	}
}

func TestOpen_RefusesWhatItCannotUse(t *testing.T) {
	for name, at := range map[string]struct {
		kind  forge.Kind
		token string
	}{"no token": {forge.GitHub, ""}, "no kind": {"svn", "t"}} {
		if _, err := forge.Open(forge.Location{Kind: at.kind, API: "https://a.test", Repository: "a/b"},
			forge.Options{Token: at.token}); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
