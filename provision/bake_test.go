package provision_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/provision"
)

func TestBake_LeavesATemplateAndNothingThatLetsIn(t *testing.T) {
	f := newFixture(t, 43).alone()
	f.options.NoTemplate = false
	f.options.Archive = f.archive("Aster")
	pull := f.options.Preview
	var err error
	if f.options.Preview, err = provision.IdentifyBake(pull.Repository, pull.Project); err != nil {
		t.Fatal(err)
	}
	baked, err := f.engine.Bake(t.Context(), f.options, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !baked.Seeded || baked.Loaded == nil || len(baked.Links) > 0 || baked.Access != nil {
		t.Errorf("baked %+v", baked)
	}
	f.assertOnlyTemplatesLeft(baked.Preview.ID)
	f.asRoot()
	f.options.Preview = pull
	if !f.wouldClone() {
		t.Errorf("the first up of the image loads the archive again: %+v", f.events)
	}
}

// assertOnlyTemplatesLeft finds no container, and of the gateway's volumes those
// of the template and its own.
func (f *fixture) assertOnlyTemplatesLeft(preview string) {
	f.t.Helper()
	api := f.engine.Docker.Client()
	for _, label := range []string{"dev.offshoot.preview=" + preview, "dev.offshoot.gateway=" + f.engine.Gateway} {
		found, err := api.ContainerList(f.t.Context(),
			container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label))})
		if err != nil || len(found) > 0 {
			f.t.Errorf("containers with %s: %v, %v", label, found, err)
		}
	}
	volumes, err := api.VolumeList(f.t.Context(),
		volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "dev.offshoot.preview="+preview))})
	if err != nil || len(volumes.Volumes) > 0 {
		f.t.Errorf("volumes: %v, %v", volumes.Volumes, err)
	}
	if got := f.templates(); len(got) != 2 {
		f.t.Errorf("templates %q", got)
	}
}

func TestIdentifyBake_NamesAreTheirOwn(t *testing.T) {
	one, err := provision.IdentifyBake("https://github.com/acme/shop", "")
	two, again := provision.IdentifyBake("https://github.com/acme/shop", "")
	if err != nil || again != nil || one.ID == two.ID || !strings.HasPrefix(one.ID, "shop-bake-") ||
		one.Repository != "github.com/acme/shop" {
		t.Errorf("%+v and %+v, %v", one, two, err)
	}
}

// asRoot reaches the files of the machine.
func (f *fixture) asRoot() {
	f.t.Helper()
	t, folder := f.t, f.t.TempDir()
	for _, name := range []string{"key", "seed-key"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("k"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.engine.AsRoot(t.Context(), "gateway", "forget", "-kept", "/machine"+folder); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 || left[0].Name() != "seed-key" {
		t.Errorf("left: %v", left)
	}
	if err := f.engine.AsRoot(t.Context(), "gateway", "forget", "-kept", "/machine/nowhere"); err == nil {
		t.Error("its failure was not noticed")
	}
}
