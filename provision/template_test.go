package provision_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/internal/soak"
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

// wouldClone tells whether the next up begins with a clone. In `make soak` it is one.
func (f *fixture) wouldClone() bool {
	f.t.Helper()
	if soak.On {
		return f.up().Loaded.Cloned != ""
	}
	_, clone := f.wantsTemplate()
	return clone
}

func (f *fixture) wantsTemplate() (name string, clone bool) {
	f.t.Helper()
	f.events = nil
	name, clone, err := provision.WouldClone(f.t.Context(), f.engine, f.options,
		func(e provision.Event) { f.events = append(f.events, e) })
	if err != nil {
		f.t.Fatal(err)
	}
	return name, clone
}

const rows = "SELECT string_agg(name, ',' ORDER BY name) FROM product"

// Two previews of one project, whose ups begin at the same time, and what becomes of the template that they have.
func TestTemplate_OfAnArchive(t *testing.T) {
	f := newFixture(t, 42).alone()
	f.options.Archive, f.options.NoTemplate = f.archive("Aster"), false
	other := f.neighbour(43)
	results := upAtOnce(f, other)
	made := f.templates() // it, when it was cloned, and that it is whole
	claim(t, "IsMadeOnceByTwoUpsAtATime", func(t *testing.T) {
		cloned := 0
		for i, one := range []*fixture{f, other} {
			if results[i].Loaded.Cloned != "" {
				cloned++
			}
			if got := one.sql(rows); got != "Aster" {
				t.Errorf("it holds %q", got)
			}
		}
		if cloned != 1 || len(made) != 3 || strings.Contains(strings.Join(made, " "), "s3cret") {
			t.Fatalf("%d of the two are clones, of the templates %q", cloned, made)
		}
	}, f, other)
	claim(t, "IsClonedForTheSameArchiveAndOnlyThen", func(t *testing.T) { f.assertClonedOnly(other, made) }, f, other)
	claim(t, "WithACloneStaysBeforeOthers", func(t *testing.T) {
		if err := provision.PretendTemplate(t.Context(), f.engine, "pretended"); err != nil {
			t.Fatal(err)
		}
		if got := f.templates(); len(got) != 5 {
			t.Errorf("templates %q", got)
		}
		if err := provision.ThinTemplates(t.Context(), f.engine, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.templates(); !slices.Equal(got, made) {
			t.Errorf("of which the one with a clone is to stay: %q", got)
		}
	}, f)
	claim(t, "OfAKilledRunOrOfOtherSettingsIsNotUsed", func(t *testing.T) {
		file := other.read("compose.yaml")
		other.write("compose.yaml",
			strings.Replace(file, "POSTGRES_PASSWORD: s3cret, POSTGRES_DB", "POSTGRES_PASSWORD: other, POSTGRES_DB", 1))
		if other.wouldClone() {
			t.Error("the template of another password is cloned")
		}
		other.write("compose.yaml", file)
		if !other.wouldClone() {
			t.Error("the template is not cloned any more")
		}
		mark := made[2] // which is made last
		if err := f.engine.Docker.Client().VolumeRemove(t.Context(), mark, false); err != nil {
			t.Fatal(err)
		}
		if other.wouldClone() {
			t.Error("a template without its mark is cloned")
		}
	}, f, other)
}

// upAtOnce begins two ups at the same time.
func upAtOnce(f, other *fixture) [2]*provision.Result {
	f.t.Helper()
	var both sync.WaitGroup
	var results [2]*provision.Result
	var errs [2]error
	for i, one := range []*fixture{f, other} {
		both.Go(func() { results[i], errs[i] = one.tryUp() })
	}
	both.Wait()
	for i, one := range []*fixture{f, other} {
		if errs[i] != nil {
			f.t.Fatalf("%v\n%+v", errs[i], one.events)
		}
	}
	return results
}

// assertClonedOnly updates a preview whose archive has a template, which was cloned into the other one before.
func (f *fixture) assertClonedOnly(other *fixture, made []string) {
	f.t.Helper()
	for _, one := range []*fixture{f, other} { // one of the two is the clone, which is not the template
		one.sql("INSERT INTO product VALUES ('clicked in')")
	}
	second := f.up()
	if second.Loaded == nil || second.Loaded.Cloned == "" || second.Loaded.SHA256 == "" {
		f.t.Fatalf("the second: %+v, %+v", second.Loaded, f.events)
	}
	if got := f.sql(rows); got != "Aster" {
		f.t.Errorf("the clone holds %q", got)
	}
	f.options.NoTemplate = true
	if f.wouldClone() {
		f.t.Error("cloned although told not to")
	}
	f.options.NoTemplate = false
	aster := f.options.Archive
	f.options.Archive = f.archive("Pear")
	if name, clone := f.wantsTemplate(); name == "" || clone {
		f.t.Errorf("of another archive, template %q is cloned: %v", name, clone)
	}
	f.options.Archive = aster
	if got := f.templates(); !slices.Equal(got, made) {
		f.t.Errorf("templates %q, were %q", got, made)
	}
	f.options.KeepData, f.options.Archive = true, ""
	f.sql("INSERT INTO product VALUES ('kept')")
	f.up()
	if got := f.sql(rows); got != "Aster,kept" {
		f.t.Errorf("kept: %q", got)
	}
}
