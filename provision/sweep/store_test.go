package sweep

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

// ownEngine starts an engine with nothing on it and without a network: the
// cache of the one that is there belongs to whoever works on this machine.
func ownEngine(t *testing.T) *compose.Engine {
	t.Helper()
	if _, err := exec.LookPath("dockerd"); err != nil || os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no dockerd to start as root: %v", err)
		}
		t.Skipf("no dockerd to start as root: %v", err)
	}
	folder, err := os.MkdirTemp("", "offshoot-engine") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := "unix://" + filepath.Join(folder, "socket")
	// In a network namespace of its own: an engine without a bridge removes docker0.
	dockerd := exec.Command("unshare", "--net", "dockerd", "--host", socket, "--data-root",
		filepath.Join(folder, "data"), "--exec-root", filepath.Join(folder, "run"),
		"--pidfile", filepath.Join(folder, "pid"), "--bridge", "none", "--iptables=false", "--ip-forward=false",
		"--ip-masq=false")
	if err := dockerd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = dockerd.Process.Signal(os.Interrupt)
		_ = dockerd.Wait()
	})
	t.Setenv("DOCKER_HOST", socket)
	deadline := time.After(time.Minute)
	for {
		engine, err := compose.Connect(t.Context())
		if err == nil {
			t.Cleanup(func() { _ = engine.Close() })
			return engine
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the engine does not answer: %v", err)
		}
	}
}

// built builds an image of a megabyte that is like no other.
func built(t *testing.T, e *compose.Engine, name string, labels map[string]string) {
	t.Helper()
	dir := t.TempDir()
	content := make([]byte, 1_000_000)
	_, _ = rand.Read(content)
	for file, data := range map[string][]byte{
		"Dockerfile": []byte("FROM scratch\nCOPY content /\n"),
		"content":    content,
	} {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	service := types.ServiceConfig{
		Name: "web", Image: name,
		Build: &types.BuildConfig{Context: dir, Dockerfile: "Dockerfile", Labels: labels},
	}
	project := &types.Project{Name: "p", Services: types.Services{"web": service}, Environment: types.Mapping{}}
	if err := compose.NewStack(e, project, nil).Build(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestStore_RemovesWhatBuildsLeftPastASize(t *testing.T) {
	e := ownEngine(t)
	engine := provision.Engine{Docker: e, Locks: t.TempDir()}
	later := time.Now().Add(time.Hour)
	other := "example.com/acme/other"
	for _, p := range []string{"live", "begun", "gone"} {
		built(t, e, "offshoot/"+p+"-pr-1/web:g1", labelsOf(other, p, 1, 1, later))
	}
	makeThings(t, e.Client(), labelsOf(other, "live", 1, 1, later), "", "live-markserving")
	makeThings(t, e.Client(), labelsOf(other, "begun", 1, 1, later), "", "begun-markbegun")
	if err := e.Client().ImageTag(t.Context(), "offshoot/gone-pr-1/web:g1", "somebody/else:1"); err != nil {
		t.Fatal(err)
	}
	of := func(keep int64) Sweep {
		return Sweep{Repository: shop, Places: []Place{Store{Engine: engine, Keep: keep}}}
	}
	if plan, err := of(1_000_000_000).Plan(t.Context()); err != nil || len(plan.Remove) > 0 || plan.Kept != 1 {
		t.Errorf("with room for all: %v, %+v", err, plan)
	}
	before := imageNames(t, e)
	s := of(1_500_000)
	plan, err := s.Plan(t.Context())
	if diff := cmp.Diff([]string{"offshoot/gone-pr-1/web:g1", cacheID}, ids(plan.Remove)); diff != "" || err != nil ||
		!slices.Equal(before, imageNames(t, e)) {
		t.Fatalf("%v, images %q before and %q after the plan\n%s", err, before, imageNames(t, e), diff)
	}
	failed := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.Run(context.WithoutCancel(t.Context()), plan)
			failed <- err
		}()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"offshoot/begun-pr-1/web:g1", "offshoot/live-pr-1/web:g1", "somebody/else:1"},
		imageNames(t, e)); diff != "" {
		t.Error(diff)
	}
	if cache, err := e.BuildCache(t.Context()); err != nil || cache.Bytes > 1_500_000 || cache.Bytes == 0 {
		t.Errorf("%v, left %+v", err, cache)
	}
	if again, err := s.Plan(t.Context()); err != nil || len(again.Remove) > 0 {
		t.Errorf("a second sweep would remove %q, %v", ids(again.Remove), err)
	}
}

func imageNames(t *testing.T, e *compose.Engine) []string {
	t.Helper()
	images, err := e.Client().ImageList(t.Context(), image.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range images {
		names = append(names, i.RepoTags...)
	}
	slices.Sort(names)
	return names
}
