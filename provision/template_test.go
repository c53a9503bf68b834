package provision_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/provision"
)

// templates are the names of the volumes of templates on the fixture's gateway.
func (f *fixture) templates() []string {
	f.t.Helper()
	found, err := f.engine.Docker.Client().VolumeList(f.t.Context(), volume.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", "dev.offshoot.gateway="+f.engine.Gateway), filters.Arg("label", "dev.offshoot.seed"),
	)})
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, v := range found.Volumes {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

func TestTemplate_IsClonedForTheSameArchiveAndOnlyThen(t *testing.T) {
	f := newFixture(t, 39)
	f.options.NoTemplate = false
	f.options.Archive = f.archive("Aster")
	if first := f.up(); first.Loaded == nil || first.Loaded.Cloned != "" {
		t.Fatalf("the first: %+v", first.Loaded)
	}
	made := f.templates()
	if len(made) != 2 || strings.Contains(strings.Join(made, " "), "s3cret") {
		t.Fatalf("templates %q", made)
	}
	f.sql("INSERT INTO product VALUES ('clicked in')")
	second := f.up()
	if second.Loaded == nil || second.Loaded.Cloned == "" || second.Loaded.SHA256 == "" {
		t.Fatalf("the second: %+v, %+v", second.Loaded, f.events)
	}
	if got := f.sql("SELECT string_agg(name, ',') FROM product"); got != "Aster" {
		t.Errorf("the clone holds %q", got)
	}
	if made = append(slices.Clone(made), made[0]+"-used"); len(f.templates()) != 3 { // since it was cloned
		t.Errorf("templates %q", f.templates())
	}
	slices.Sort(made)
	f.sql("INSERT INTO product VALUES ('in the clone')") // which is not the template
	neighbour := fixtureOn(t, f.engine, f.options.Preview.Project, 40)
	neighbour.options.Archive, neighbour.options.NoTemplate = f.options.Archive, false
	if got := neighbour.up().Loaded; got.Cloned == "" {
		t.Errorf("another preview loads the same archive again: %+v", neighbour.events)
	}
	if got := neighbour.sql("SELECT string_agg(name, ',') FROM product"); got != "Aster" {
		t.Errorf("the other clone holds %q", got)
	}
	f.options.NoTemplate = true
	if got := f.up().Loaded; got.Cloned != "" {
		t.Error("cloned although told not to")
	}
	if got := f.templates(); !slices.Equal(got, made) {
		t.Errorf("templates %q, were %q", got, made)
	}
	f.options.KeepData, f.options.Archive = true, ""
	f.sql("INSERT INTO product VALUES ('kept')")
	f.up()
	if got := f.sql("SELECT string_agg(name, ',' ORDER BY name) FROM product"); got != "Aster,kept" {
		t.Errorf("kept: %q", got)
	}
}

func TestTemplate_OfAKilledRunOrOfOtherSettingsIsNotUsed(t *testing.T) {
	f := newFixture(t, 41)
	f.options.NoTemplate = false
	f.options.Archive = f.archive("Aster")
	f.up()
	made := f.templates()
	api := f.engine.Docker.Client()
	if err := api.VolumeRemove(t.Context(), made[1], false); err != nil { // the mark, which is made last
		t.Fatal(err)
	}
	if got := f.up().Loaded; got.Cloned != "" {
		t.Errorf("a template without its mark is cloned")
	}
	if got := f.templates(); !slices.Equal(got, made) {
		t.Errorf("made again: %q, were %q", got, made)
	}
	path := filepath.Join(f.options.Source.Dir, "compose.yaml")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f.write("compose.yaml",
		strings.Replace(string(file), "POSTGRES_PASSWORD: s3cret, POSTGRES_DB",
			"POSTGRES_PASSWORD: other, POSTGRES_DB", 1))
	if got := f.up().Loaded; got.Cloned != "" {
		t.Error("the template of another password is cloned")
	}
	if got := f.templates(); len(got) != 4 {
		t.Errorf("templates %q", got)
	}
	if err := provision.ThinTemplates(t.Context(), f.engine, 1); err != nil {
		t.Fatal(err)
	}
	if got := f.templates(); len(got) != 2 || slices.Contains(got, made[0]) {
		t.Errorf("of which the one with a clone is to stay: %q", got)
	}
}
