package provision_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision"
)

// assertPlanOnlyLooks plans an update of what serves: everything of this
// gateway stays as it is, and no lock is taken.
func (f *fixture) assertPlanOnlyLooks(serving *provision.Result) {
	f.t.Helper()
	engine := f.engine
	engine.Locks = filepath.Join(f.t.TempDir(), "locks")
	before := f.everything()
	plan, err := engine.Plan(f.t.Context(), f.options)
	if err != nil || plan.Fails() {
		f.t.Fatalf("plan %+v, %v", plan, err)
	}
	if diff := cmp.Diff(before, f.everything()); diff != "" {
		f.t.Errorf("a plan changed what is on the engine: %s", diff)
	}
	if _, err := os.Stat(engine.Locks); err == nil {
		f.t.Error("a plan took a lock")
	}
	if plan.Replaces == nil || plan.Replaces.Generation != serving.Generation ||
		plan.Generation != serving.Generation+1 || len(plan.Leftovers) > 0 {
		f.t.Errorf("generation %d replaces %+v after %v", plan.Generation, plan.Replaces, plan.Leftovers)
	}
	if !plan.Gateway.Running || !slices.Equal(plan.Links, serving.Links) {
		f.t.Errorf("gateway %+v, links %v", plan.Gateway, plan.Links)
	}
	if d := plan.Database; d == nil || d.Data != provision.DataArchive || d.Clone != provision.CloneNo {
		f.t.Errorf("database %+v, want the archive to be loaded, since the tests want no clone", d)
	}
	for _, s := range plan.Services {
		if s.Name == "db" && s.Pull != provision.PullDone {
			f.t.Errorf("%+v has its image", s)
		}
	}
}

// everything is all that the engine tells of what this test's gateway and
// preview have, but for how long it has been there.
func (f *fixture) everything() map[string]string {
	f.t.Helper()
	api, ctx := f.engine.Docker.Client(), f.t.Context()
	found := map[string]string{}
	for _, label := range []string{
		"dev.offshoot.preview=" + f.options.Preview.ID,
		"dev.offshoot.gateway=" + f.engine.Gateway,
	} {
		by := filters.NewArgs(filters.Arg("label", label))
		containers, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: by})
		mustNot(f.t, err)
		for _, c := range containers {
			c.Status = ""
			found["container "+c.ID] = asJSON(f.t, c)
		}
		volumes, err := api.VolumeList(ctx, volume.ListOptions{Filters: by})
		mustNot(f.t, err)
		for _, v := range volumes.Volumes {
			found["volume "+v.Name] = asJSON(f.t, v)
		}
		networks, err := api.NetworkList(ctx, network.ListOptions{Filters: by})
		mustNot(f.t, err)
		for _, n := range networks {
			found["network "+n.ID] = asJSON(f.t, n)
		}
		images, err := api.ImageList(ctx, image.ListOptions{All: true, Filters: by})
		mustNot(f.t, err)
		for _, i := range images {
			found["image "+i.ID] = asJSON(f.t, i)
		}
	}
	if len(found) < 4 {
		f.t.Fatalf("only %d things are there to compare", len(found))
	}
	return found
}

func mustNot(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	mustNot(t, err)
	return string(text)
}
