package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision"
)

// templated makes and clones templates of an archive which takes long enough to load for others to get at it.
func (f *fixture) templated() *fixture {
	f.options.Archive, f.options.NoTemplate = f.slowArchive("Aster"), false
	return f
}

// beside is the preview of another checkout on the same gateway, with the same archive.
func (f *fixture) beside(project string, pullRequest int) *fixture {
	other := fixtureOn(f.t, f.engine, project, pullRequest)
	other.options.Archive, other.options.NoTemplate = f.options.Archive, false
	return other
}

// checked is a preview whose template was made although its health check adds a superuser, on a gateway of its own. It
// is asleep, or its check would run until all tests have ended.
var checked struct {
	stage
	intruders string // that the health check has made
}

func sharedTemplate(t *testing.T) *fixture {
	t.Helper()
	t.Parallel()
	_ = sharedMachine(t)
	set := func(f *fixture) {
		check := "[CMD, " + strings.TrimPrefix(makesRole, "[")
		f.templated().database("    healthcheck: {test: " + check + ", interval: 100ms}")
	}
	return checked.on(t, func() provision.Engine { return machineFor(t, randomName()) }, set, func(f *fixture) {
		f.await("the health check has run", func() bool {
			found, err := f.engine.Docker.Client().ContainerInspect(t.Context(), f.containerOf("db").ID)
			return err == nil && found.State.Health != nil && found.State.Health.Status == container.Healthy
		})
		checked.intruders = f.sql(countsIntruders)
		if err := f.engine.Stop(t.Context(), f.options.Preview); err != nil {
			t.Fatal(err)
		}
	})
}

// database adds lines to the database of the compose file.
func (f *fixture) database(lines string) {
	f.write("compose.yaml", strings.Replace(composeFile, "\n  tool:", "\n"+lines+"\n  tool:", 1))
}

// makesRole is a command that adds a superuser to the database, as soon as that
// answers.
const makesRole = `[sh, -c, 'until pg_isready -q -h 127.0.0.1 -U shop; do sleep 0.1; done; psql -U shop -d postgres -c "CREATE ROLE intruder SUPERUSER" || true']`

const countsIntruders = "SELECT count(*) FROM pg_roles WHERE rolname = 'intruder'"

func TestHostile_AHookWantsASuperuserInOtherPreviews(t *testing.T) {
	f := newFixture(t, 51).templated()
	f.database("    post_start: [{command: " + makesRole + "}]")
	f.up()
	if got := f.sql(countsIntruders); got != "1" {
		t.Errorf("the hook did not run: %q", got)
	}
	if got := f.templates(); len(got) != 0 {
		t.Errorf("a template of what a hook has changed: %q", got)
	}
	f.assertNotice("post_start")
	if neighbour := f.beside(f.options.Preview.Project, 52); neighbour.wouldClone() {
		t.Error("another preview has a clone of what the hook has changed")
	}
}

func TestHostile_AHealthCheckWantsASuperuserInOtherPreviews(t *testing.T) {
	f := sharedTemplate(t)
	if len(f.templates()) < 2 {
		t.Fatalf("templates %q", f.templates())
	}
	if checked.intruders != "1" {
		t.Errorf("the health check made no role: %q", checked.intruders)
	}
	neighbour := f.beside(f.options.Preview.Project, 54)
	if got := neighbour.up().Loaded; got.Cloned == "" {
		t.Errorf("not cloned: %+v", neighbour.events)
	}
	if got := neighbour.sql(countsIntruders); got != "0" {
		t.Error("the health check of another preview made a role")
	}
}

func TestHostile_ACompanionOfTheDatabaseWantsToBeInItsTemplate(t *testing.T) {
	f := newFixture(t, 55).templated()
	f.options.Database = "db"
	f.database(`    depends_on: [companion]
  companion:
    image: postgres:15
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: s3cret, PGDATABASE: postgres}
    entrypoint: [sh, -c, 'until psql -c "CREATE ROLE intruder SUPERUSER"; do sleep 0.1; done; exec sleep infinity']
    stop_signal: SIGKILL`)
	if soak.On {
		f.up()
	} else if name, _ := f.wantsTemplate(); name != "" {
		t.Errorf("it would make and clone %s", name)
	}
	if got := f.templates(); len(got) != 0 {
		t.Errorf("a template of what a companion has changed: %q", got)
	}
	f.assertNotice("depends_on")
}

func TestHostile_AnotherRepositoryWantsToMakeOurTemplate(t *testing.T) {
	f := sharedTemplate(t)
	other := f.beside(randomName(), 56)
	if other.wouldClone() {
		t.Errorf("the template of %s is cloned for %s", f.options.Preview.Repository, other.options.Preview.Repository)
	}
	if own := f.beside(f.options.Preview.Project, 56); !own.wouldClone() {
		t.Errorf("its own is not: %+v", own.events)
	}
}

func TestHostile_AStrangerWantsToMakeOurTemplate(t *testing.T) {
	f := sharedTemplate(t).beside(randomName(), 57)
	f.options.Stranger = true
	f.up()
	for name, other := range map[string]*fixture{
		"another":          f.beside(f.options.Preview.Project, 58),
		"another stranger": f.beside(f.options.Preview.Project, 59),
	} {
		other.options.Stranger = name == "another stranger"
		if other.wouldClone() {
			t.Errorf("the template of a stranger is cloned for %s", name)
		}
	}
	if !f.wouldClone() {
		t.Errorf("the stranger's own is not cloned: %+v", f.events)
	}
}

// assertNotice finds what the user was told.
func (f *fixture) assertNotice(text string) {
	f.t.Helper()
	for _, e := range f.events {
		if e.Kind == provision.Notice && strings.Contains(e.Text, text) {
			return
		}
	}
	f.t.Errorf("no notice has %q: %+v", text, f.events)
}

// await waits for a condition, for a minute.
func (f *fixture) await(what string, holds func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("not in time: %s", what)
		}
	}
}
