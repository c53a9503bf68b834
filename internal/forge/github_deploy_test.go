package forge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
)

func TestGitHub_ShowsThePreviewAsADeployment(t *testing.T) {
	t.Parallel()
	w := newWorld()
	g := open(t, forge.GitHub, w, patient()).(forge.Deployer)
	const environment, url = "preview/shop-pr-1", "http://pr-1.shop.localhost:8480/"
	deploy := func(commit string, state forge.State) {
		t.Helper()
		if err := g.Deploy(t.Context(),
			forge.Deployment{Environment: environment, Commit: commit, State: state, URL: url}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...standin.Deployment) {
		t.Helper()
		if diff := cmp.Diff(want, w.Deployments(), cmpopts.IgnoreFields(standin.Deployment{}, "ID"),
			cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	}
	one := standin.Deployment{
		Commit: "aaa", Environment: environment, URL: url, Transient: true,
		States: []string{"in_progress", "success"},
	}
	two := one
	two.Commit = "bbb"

	deploy("aaa", forge.Pending)
	deploy("aaa", forge.Success)
	expect(one)

	failing := two
	failing.States = []string{"in_progress", "failure"}
	deploy("bbb", forge.Pending)
	deploy("bbb", forge.Failure)
	expect(one, failing) // what serves goes on

	two.States = []string{"in_progress", "failure", "in_progress", "success"}
	deploy("bbb", forge.Pending)
	deploy("bbb", forge.Success)
	expect(two)

	for range 2 {
		if err := g.Retire(t.Context(), environment); err != nil {
			t.Fatal(err)
		}
		expect()
	}
	if err := g.Retire(t.Context(), ""); err == nil {
		t.Error("no environment means every one")
	}
}

func TestGitHub_RemovesAnEnvironmentWhereTheTokenMay(t *testing.T) {
	t.Parallel()
	for job, want := range map[bool][]string{true: nil, false: {"preview/shop-pr-1"}} {
		w := newWorld()
		w.JobToken = job
		g := open(t, forge.GitHub, w, patient()).(forge.Deployer)
		if err := g.Deploy(t.Context(),
			forge.Deployment{Environment: "preview/shop-pr-1", Commit: "aaa", State: forge.Success}); err != nil {
			t.Fatal(err)
		}
		if err := g.Retire(t.Context(), "preview/shop-pr-1"); err != nil {
			t.Errorf("token of a job %v: %v", job, err)
		}
		if diff := cmp.Diff(want, w.RemovedEnvironments()); diff != "" || len(w.Deployments()) > 0 {
			t.Errorf("token of a job %v: %s, left %+v", job, diff, w.Deployments())
		}
	}
}

func TestForges_ReactOnce(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		p := w.Open(t, forge.Pull{})
		id := w.Repository.Say(p.Number, "wendy", "/preview up")
		f := open(t, face.kind, w, patient()).(forge.Reactor)
		for range 2 {
			if err := f.React(t.Context(), p.Number, id, forge.Seen); err != nil {
				t.Errorf("%s: %v", face.kind, err)
			}
		}
		if diff := cmp.Diff([]string{"eyes"}, w.Reactions(id)); diff != "" {
			t.Errorf("%s: %s", face.kind, diff)
		}
	}
}

// 500 open pull requests must not cost a sweep or a list many calls.
func TestForges_ListFiveHundredInFewCalls(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		w := newWorld()
		w.PageSize = 0
		w.Unchecked = true
		for range 500 {
			w.Open(t, forge.Pull{})
		}
		list, err := open(t, face.kind, w, patient()).OpenPulls(t.Context())
		if n := len(w.Requests()); err != nil || len(list) != 500 || n > 11 {
			t.Errorf("%s: %d pull requests, %v, %d calls", face.kind, len(list), err, n)
		}
	}
}
