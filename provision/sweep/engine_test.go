package sweep

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

// engine is the real one, with a gateway's name, locks and a repository that
// nobody else has.
func engine(t *testing.T) (engine provision.Engine, api client.APIClient, name string) {
	t.Helper()
	connected, err := compose.Connect(t.Context())
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("no docker engine: %v", err)
	}
	if err != nil {
		t.Skipf("no docker engine: %v", err)
	}
	t.Cleanup(func() { _ = connected.Close() })
	name = "sweep" + strings.ToLower(rand.Text()[:8])
	return provision.Engine{Docker: connected, Gateway: "offshoot-" + name, Locks: t.TempDir()}, connected.Client(),
		name
}

// makeThings puts a network and volumes on the engine, which go with the test.
func makeThings(t *testing.T, api client.APIClient, labels map[string]string, networkName string, volumes ...string) {
	t.Helper()
	if networkName != "" {
		made, err := api.NetworkCreate(t.Context(), networkName, network.CreateOptions{Labels: labels})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = api.NetworkRemove(context.WithoutCancel(t.Context()), made.ID) })
	}
	for _, v := range volumes {
		of := maps.Clone(labels)
		if kind, marks := strings.CutPrefix(v[strings.LastIndex(v, "-")+1:], "mark"); marks {
			of["dev.offshoot.mark"] = kind
		}
		if _, err := api.VolumeCreate(t.Context(), volume.CreateOptions{Name: v, Labels: of}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = api.VolumeRemove(context.WithoutCancel(t.Context()), v, true) })
	}
}

func labelsOf(repository, name string, pull, generation int, expires time.Time) map[string]string {
	const prefix = "dev.offshoot."
	return map[string]string{
		prefix + "preview": fmt.Sprintf("%s-pr-%d", name, pull), prefix + "project": name,
		prefix + "name":       fmt.Sprintf("pr-%d", pull),
		prefix + "repository": repository, prefix + "pull-request": fmt.Sprint(pull),
		prefix + "generation": fmt.Sprint(generation),
		prefix + "expires":    expires.UTC().Format(time.RFC3339), prefix + "via": "offshoot-" + name,
	}
}

// left names what there is on the engine whose name begins so.
func left(t *testing.T, api client.APIClient, name string) []string {
	t.Helper()
	volumes, err := api.VolumeList(t.Context(), volume.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	networks, err := api.NetworkList(t.Context(), network.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, v := range volumes.Volumes {
		found = append(found, v.Name)
	}
	for _, n := range networks {
		found = append(found, n.Name)
	}
	found = slices.DeleteFunc(found, func(s string) bool { return !strings.HasPrefix(s, name) })
	slices.Sort(found)
	return found
}

func TestEngine_LeavesWhatIsNeededAndWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	engine, api, name := engine(t)
	repository := "example.com/acme/" + name
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	of := func(pull, generation int, expires time.Time) map[string]string {
		return labelsOf(repository, name, pull, generation, expires)
	}
	makeThings(t, api, of(1, 1, later), name+"-1-net", name+"-1-markserving")  // open
	makeThings(t, api, of(2, 1, later), name+"-2-net", name+"-2-markserving")  // closed
	makeThings(t, api, of(3, 1, before), name+"-3-net", name+"-3-markserving") // open, and expired
	makeThings(t, api, of(4, 1, later), name+"-4-net", name+"-4-data")         // of a run that was killed
	makeThings(t, api, of(5, 1, later), "", name+"-5-markbegun")               // just begun
	makeThings(t, api, of(6, 1, later), "", name+"-6-markserving")             // open, beside what a killed update left
	makeThings(t, api, of(6, 2, later), name+"-6-left", name+"-6-left-data")
	// kept for a look, until it expires
	makeThings(t, api, of(7, 1, before), "", name+"-7-markkept", name+"-7-markbegun")
	makeThings(t, api, of(8, 1, later), "", name+"-8-markkept")
	makeThings(t, api, map[string]string{}, name+"-foreign", name+"-foreign-data")
	makeThings(t, api, labelsOf("example.com/acme/other", name+"x", 2, 1, before), "", name+"-other-markserving")

	s := Sweep{
		Repository: repository, Places: []Place{Engine{Engine: engine}},
		Pulls: &forge{open: []int{1, 3, 4, 5, 6, 7, 8}},
	}
	untouched := left(t, api, name)
	plan, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after := left(t, api, name); !slices.Equal(untouched, after) {
		t.Errorf("a plan changed the engine from %q to %q", untouched, after)
	}
	result, err := s.Run(t.Context(), plan)
	if err != nil || len(result.Spared) > 0 {
		t.Errorf("%v, spared %+v", err, result.Spared)
	}
	want := []string{
		name + "-1-markserving", name + "-1-net", name + "-5-markbegun", name + "-6-markserving", name + "-8-markkept",
		name + "-foreign", name + "-foreign-data", name + "-other-markserving",
	}
	if got := left(t, api, name); !slices.Equal(got, want) {
		t.Errorf("left %q\nwant %q\nplan %+v", got, want, plan.Remove)
	}
	again, err := s.Plan(t.Context())
	if err != nil || len(again.Remove) > 0 || again.Kept != 4 {
		t.Errorf("a second sweep would remove %q of %d, %v", ids(again.Remove), again.Kept, err)
	}
}

func TestEngine_TwoSweepsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	engine, api, name := engine(t)
	repository := "example.com/acme/" + name
	for pull := range 4 {
		makeThings(t, api, labelsOf(repository, name, pull+1, 1, time.Now().Add(-time.Hour)), "",
			fmt.Sprintf("%s-%d-markserving", name, pull+1))
	}
	s := Sweep{Repository: repository, Places: []Place{Engine{Engine: engine}}}
	plan, err := s.Plan(t.Context())
	if err != nil || len(plan.Remove) != 4 {
		t.Fatalf("%v, %+v", err, plan)
	}
	failed := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.Run(t.Context(), plan)
			failed <- err
		}()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if got := left(t, api, name); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}

func TestEngine_RemovesAGatewayThatHasNothingToServe(t *testing.T) {
	t.Parallel()
	engine, api, name := engine(t)
	labels := map[string]string{"dev.offshoot.gateway": "offshoot-" + name}
	makeThings(t, api, labels, "0-offshoot-"+name)
	s := Sweep{Repository: "example.com/acme/" + name, Places: []Place{Engine{Engine: engine}}}
	plan, err := s.Plan(t.Context())
	if err != nil || len(plan.Remove) != 1 || plan.Remove[0].Kind != Gateway {
		t.Fatalf("%v, %+v", err, plan)
	}
	if result, err := s.Run(t.Context(), plan); err != nil || len(result.Removed) != 1 {
		t.Errorf("%v, %+v", err, result)
	}
	if got := left(t, api, "0-offshoot-"+name); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}
