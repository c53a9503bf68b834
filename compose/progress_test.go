package compose

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestPullProgress_AddsUpTheLayers(t *testing.T) {
	s, events := stackOf()
	var moving []bool
	err := s.pullProgress("busybox", strings.NewReader(`{"status":"Pulling from library/busybox"}
{"id":"a","status":"Downloading","progressDetail":{"current":10,"total":100}}
{"id":"b","status":"Downloading","progressDetail":{"current":5,"total":50}}
{"id":"a","status":"Downloading","progressDetail":{"current":100,"total":100}}
{"id":"a","status":"Extracting","progressDetail":{"current":1,"total":100}}
`), func(m bool) { moving = append(moving, m) })
	if err != nil {
		t.Fatal(err)
	}
	last := (*events)[len(*events)-1]
	want := Event{Kind: "pull", Subject: "busybox", Text: "extracting", Current: 105, Total: 150}
	if diff := cmp.Diff([]bool{false, true, true, true, false}, moving); diff != "" {
		t.Errorf("what has to go on: %s", diff) // while a layer is unpacked nothing has
	}
	if diff := cmp.Diff(want, last); diff != "" || len(*events) != 5 {
		t.Errorf("%d events, %s", len(*events), diff)
	}
}

// The engine fetches three layers at a time, of all pulls that there are: one that
// waits for its turn does not stand still.
func TestPullProgress_AWaitForOtherPullsMayTakeLong(t *testing.T) {
	s, _ := stackOf()
	var moving []bool
	for _, text := range []string{
		`{"status":"Pulling fs layer","id":"a"}{"status":"Pulling fs layer","id":"b"}{"status":"Waiting","id":"a"}{"status":"Waiting","id":"b"}`,
		`{"status":"Pulling fs layer","id":"a"}{"status":"Waiting","id":"a"}{"status":"Downloading","id":"a","progressDetail":{"current":1,"total":9}}`,
		`{"status":"Pulling fs layer","id":"a"}{"status":"Pulling fs layer","id":"b"}{"status":"Waiting","id":"b"}`,
	} {
		last := false
		if err := s.pullProgress("busybox", strings.NewReader(text), func(soon bool) { last = soon }); err != nil {
			t.Fatal(err)
		}
		moving = append(moving, last)
	}
	if !slices.Equal(moving, []bool{false, true, true}) {
		t.Errorf("has to go on: %v", moving)
	}
}

func TestPullProgress_ErrorsInTheStream(t *testing.T) {
	for text, want := range map[string]string{
		`{"status":"x"}{"error":"no space left on device"}`: "no space left on device",
		`{"status":"x"} not json`:                           "invalid character",
		`{"status":`:                                        "unexpected EOF",
	} {
		s, _ := stackOf()
		if err := s.pullProgress("busybox", strings.NewReader(text), func(bool) {}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestPullHint_SaysWhatHelps(t *testing.T) {
	for _, c := range []struct {
		ref      string
		loggedIn bool
		err      error
		hint     string
	}{
		{"app:1", false, errdefs.ErrNotFound, "check the name and tag"},
		{
			"app:1", false, errors.New("manifest for app:1 not found: manifest unknown: manifest unknown"),
			"check the name and tag",
		},
		{"ghcr.io/acme/app", false, errors.New("manifest unknown"), "check the name and tag"},
		{"ghcr.io/acme/app", false, errdefs.ErrUnauthenticated, "log in first: docker login ghcr.io"},
		{
			"ghcr.io/acme/app", false, errors.New("Head \"https://ghcr.io/v2/acme/app/manifests/1\": denied"),
			"log in first: docker login ghcr.io",
		},
		{
			"r.example:5000/app", false, errors.New("unauthorized: authentication required"),
			"log in first: docker login r.example:5000",
		},
		{
			"1.dkr.ecr.eu-west-1.amazonaws.com/app", false, errors.New("no basic auth credentials"),
			"docker login 1.dkr.ecr.eu-west-1.amazonaws.com",
		},
		{
			"r.example/app", true, errors.New("unexpected status code 403 Forbidden"),
			"login for it is refused or may not pull this: docker login r.example",
		},
		{
			"acme/app", false,
			errors.New("pull access denied for acme/app, repository does not exist or may require 'docker login': " +
				"denied: requested access to the resource is denied"),
			"check the image's name, or where it is private log in: docker login",
		},
		{
			"postgres:16", false, errors.New("toomanyrequests: You have reached your pull rate limit"),
			"counts pulls: log in for more of them (docker login",
		},
		{"r.example/app", false, errors.New("received unexpected HTTP status: 429 Too Many Requests"), "counts pulls"},
		{
			"app:1", false, errors.New("no matching manifest for linux/arm64/v8 in the manifest list entries"),
			"platform",
		},
		{"app:1", false, errors.New("dial tcp: no such host"), "reaches the registry"},
	} {
		err := pullHint(c.ref, c.loggedIn, c.err)
		if got := hint.Of(err); len(got) != 1 || !strings.Contains(got[0], c.hint) || !errors.Is(err, c.err) {
			t.Errorf("%v: hints %q, want one about %q", c.err, got, c.hint)
		}
	}
}

func TestExplainFull_NamesTheDiskAndNotTheRegistry(t *testing.T) {
	for _, cause := range []error{
		errors.New("failed to register layer: write /usr/lib/x: no space left on device"),
		errors.New("failed to solve: write /var/lib/docker/x: disk quota exceeded"),
		fmt.Errorf("load: %w", syscall.ENOSPC),
	} {
		err := ExplainFull(pullHint("app:1", false, cause))
		if got := hint.Of(err); len(got) != 1 || !strings.Contains(got[0], "docker system df") ||
			!errors.Is(err, cause) {
			t.Errorf("%v: hints %q", cause, got)
		}
	}
	if err := errors.New("exit code: 1"); ExplainFull(err) != err || ExplainFull(nil) != nil {
		t.Error("another error is explained")
	}
}

func TestBus_TurnsResourcesIntoEvents(t *testing.T) {
	var got []Event
	b := &bus{kind: "up", to: &observer{observe: func(e Event) { got = append(got, e) }}}
	b.Start(t.Context(), "up")
	b.On(api.Resource{ID: "Container web", Status: api.Working, Text: "Creating"},
		api.Resource{ID: "Container web", Status: api.Error, Text: "Error", Details: "no image"})
	b.On(api.Resource{ID: "web", Status: api.Done, Text: "Started"},
		api.Resource{ID: "web", Status: api.Warning, Text: "Slow", Current: 1, Total: 2})
	b.Done("up", true)
	want := []Event{
		{Kind: "up", Subject: "Container web", Text: "creating", State: Working},
		{Kind: "up", Subject: "Container web", Text: "error: no image", State: Failed},
		{Kind: "up", Subject: "web", Text: "started", State: Done},
		{Kind: "up", Subject: "web", Text: "slow", State: Warning, Current: 1, Total: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPrinter_PrefixesEveryLine(t *testing.T) {
	var out bytes.Buffer
	p := &printer{w: &out, prefix: "pr-1-g1-"}
	p.Log("pr-1-g1-web-1", "one\ntwo\r\n")
	p.Err("pr-1-g1-db-1", "three")
	p.Log("other", "")
	p.Status("web", "ignored")
	if got, want := out.String(), "web-1 | one\nweb-1 | two\ndb-1 | three\nother | \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCopyOutput_SplitsStreamsUnlessATerminal(t *testing.T) {
	var framed bytes.Buffer
	_, _ = stdcopy.NewStdWriter(&framed, stdcopy.Stdout).Write([]byte("out\n"))
	_, _ = stdcopy.NewStdWriter(&framed, stdcopy.Stderr).Write([]byte("err\n"))
	var stdout, stderr, raw bytes.Buffer
	if err := copyOutput(false, &stdout, &stderr, &framed); err != nil || stdout.String() != "out\n" ||
		stderr.String() != "err\n" {
		t.Errorf("%v: %q and %q", err, stdout.String(), stderr.String())
	}
	stdout.Reset()
	if err := copyOutput(true, &stdout, nil, strings.NewReader("plain\x01\n")); err != nil ||
		stdout.String() != "plain\x01\n" {
		t.Errorf("%v: %q", err, stdout.String())
	}
	o := newOutput(nil)
	if err := o.copy(true, &raw, strings.NewReader("a\nb")); err != nil || raw.String() != "a\nb" {
		t.Errorf("%v: %q", err, raw.String())
	}
	if diff := cmp.Diff([]string{"a", "b"}, o.tail()); diff != "" {
		t.Error(diff)
	}
}

func TestSummary_OfAListedContainer(t *testing.T) {
	got := summary(container.Summary{
		ID: "1", Names: []string{"/pr-1-g1-web-1"}, Image: "busybox", Created: 60, State: "running",
		Status:          "Up 2 minutes (healthy)",
		Labels:          map[string]string{api.ProjectLabel: "pr-1-g1", api.ServiceLabel: "web"},
		NetworkSettings: &container.NetworkSettingsSummary{Networks: map[string]*network.EndpointSettings{"net": {IPAddress: "10.0.0.2"}}},
	})
	want := Container{
		ID: "1", Name: "pr-1-g1-web-1", Image: "busybox", Project: "pr-1-g1", Service: "web", State: "running",
		Status: "Up 2 minutes (healthy)",
		Health: "healthy", Created: time.Unix(60, 0), Networks: map[string]string{"net": "10.0.0.2"},
		Labels: map[string]string{api.ProjectLabel: "pr-1-g1", api.ServiceLabel: "web"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for value, oneOff := range map[string]bool{"web": true, "": false} {
		c := summary(container.Summary{Labels: map[string]string{oneOffLabel: value, api.ServiceLabel: "web-run-x"}})
		if c.OneOff != oneOff || oneOff && c.Service != "web" || !oneOff && c.Service != "web-run-x" {
			t.Errorf("label %q: %+v", value, c)
		}
	}
}

func TestByLabel_EmptyValuesMatchAny(t *testing.T) {
	args := byLabel(map[string]string{"a": "1", "b": ""})
	if !args.ExactMatch("label", "a=1") || !args.ExactMatch("label", "b") || len(args.Get("label")) != 2 {
		t.Errorf("got %q", args.Get("label"))
	}
}

func TestSince_CountsFromOurStartUnlessItStartedAnew(t *testing.T) {
	began := time.Now().Add(-time.Minute)
	s := &Stack{seen: &seen{steadies: map[string]steady{}, began: map[string]time.Time{"web": began}}}
	box := func(id, started string, restarts int) container.InspectResponse {
		return container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{
			ID: id, RestartCount: restarts, State: &container.State{StartedAt: started},
		}}
	}
	if got := s.since("web", box("1", "noon", 0)); !got.Equal(began) {
		t.Errorf("since %v, want when we started it", got)
	}
	for name, got := range map[string]time.Time{
		"restarted": s.since("web", box("1", "one past noon", 1)), "of another run": s.since("db", box("2", "noon", 0)),
	} {
		if time.Since(got) > 30*time.Second {
			t.Errorf("%s: since %v, want when it was first seen", name, got)
		}
	}
	if s.since("db", box("2", "noon", 0)) != s.steadies["2"].since {
		t.Error("seen again: not since the first time")
	}
}

func TestNotReady_ListsAllAndKeepsTheCause(t *testing.T) {
	cause := errors.New("cause")
	err := &NotReady{Services: []Seen{
		{Service: "db", State: "running", Health: "starting"},
		{Service: "web", State: "missing"},
	}, Cause: cause}
	if got, want := err.Error(), "not ready: db is starting; web is missing"; got != want || !errors.Is(err, cause) {
		t.Errorf("%q, want %q", got, want)
	}
	if (&NotReady{}).Unwrap() != nil {
		t.Error("a cause out of nothing")
	}
}

func TestRemoved_Counts(t *testing.T) {
	if n := (Removed{Containers: []string{"a", "b"}, Networks: []string{"c"}, Images: []string{"d"}}).Count(); n != 4 {
		t.Errorf("%d", n)
	}
}
