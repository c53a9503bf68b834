package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision"
)

// seeded is a fixture that makes and clones templates of an archive which takes
// long enough to load for others to get at it.
func seeded(t *testing.T, pullRequest int) *fixture {
	f := newFixture(t, pullRequest)
	f.options.Archive, f.options.NoTemplate = f.slowArchive("Aster"), false
	return f
}

// beside is another preview on the same machine, with the same archive.
func (f *fixture) beside(project string, pullRequest int) *fixture {
	other := fixtureOn(f.t, f.engine, project, pullRequest)
	other.options.Archive, other.options.NoTemplate = f.options.Archive, false
	return other
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
	f := seeded(t, 51)
	f.database("    post_start: [{command: " + makesRole + "}]")
	f.up()
	if got := f.sql(countsIntruders); got != "1" {
		t.Errorf("the hook did not run: %q", got)
	}
	if got := f.templates(); len(got) != 0 {
		t.Errorf("a template of what a hook has changed: %q", got)
	}
	f.assertNotice("post_start")
	neighbour := f.beside(f.options.Preview.Project, 52)
	if neighbour.up(); neighbour.sql(countsIntruders) != "0" {
		t.Error("the hook of another preview made a role")
	}
}

func TestHostile_AHealthCheckWantsASuperuserInOtherPreviews(t *testing.T) {
	f := seeded(t, 53)
	f.database("    healthcheck: {test: [CMD, " + strings.TrimPrefix(makesRole, "[") + ", interval: 100ms}")
	f.up()
	if got := f.templates(); len(got) != 2 {
		t.Fatalf("templates %q", got)
	}
	f.await("the health check has run", func() bool { return f.sql(countsIntruders) == "1" })
	neighbour := f.beside(f.options.Preview.Project, 54)
	if got := neighbour.up().Loaded; got.Cloned == "" {
		t.Errorf("not cloned: %+v", neighbour.events)
	}
	if got := neighbour.sql(countsIntruders); got != "0" {
		t.Error("the health check of another preview made a role")
	}
}

func TestHostile_ACompanionOfTheDatabaseWantsToBeInItsTemplate(t *testing.T) {
	f := seeded(t, 55)
	f.options.Database = "db"
	f.database(`    depends_on: [companion]
  companion:
    image: postgres:15
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: s3cret, PGDATABASE: postgres}
    entrypoint: [sh, -c, 'until psql -c "CREATE ROLE intruder SUPERUSER"; do sleep 0.1; done; exec sleep infinity']
    stop_signal: SIGKILL`)
	f.up()
	if got := f.templates(); len(got) != 0 {
		t.Errorf("a template of what a companion has changed: %q", got)
	}
	f.assertNotice("depends_on")
}

func TestHostile_AnotherRepositoryWantsToMakeOurTemplate(t *testing.T) {
	f := seeded(t, 56)
	f.up()
	other := f.beside(randomName(), 56)
	if got := other.up().Loaded; got.Cloned != "" {
		t.Errorf("the template of %s is cloned for %s", f.options.Preview.Repository, other.options.Preview.Repository)
	}
	if got := other.up().Loaded; got.Cloned == "" {
		t.Errorf("its own is not: %+v", other.events)
	}
}

func TestHostile_AStrangerWantsToMakeOurTemplate(t *testing.T) {
	f := seeded(t, 57)
	f.options.Stranger = true
	f.up()
	for name, other := range map[string]*fixture{
		"another":          f.beside(f.options.Preview.Project, 58),
		"another stranger": f.beside(f.options.Preview.Project, 59),
	} {
		other.options.Stranger = name == "another stranger"
		if got := other.up().Loaded; got.Cloned != "" {
			t.Errorf("the template of a stranger is cloned for %s", name)
		}
	}
	if got := f.up().Loaded; got.Cloned == "" {
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
