package provision_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

const severalFile = `
services:
  db: {image: PROGRAM, command: [sleep]}
  prepare:
    image: PROGRAM
    command: [say, prepared]
    depends_on: [db]
  api_v2:
    image: PROGRAM
    command: [web, ":9000"]
    environment: {GREETING: api}
    networks: [inner, default]
  web:
    image: PROGRAM
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}"}
    depends_on: {prepare: {condition: service_completed_successfully}}
networks: {inner: {internal: true}}
`

func TestUp_ShowsSeveralServicesAndTellsEveryStep(t *testing.T) {
	f := newLight(t, 40)
	f.write("compose.yaml", severalFile)
	f.options.Expose = map[string]int{"web": 8000, "api_v2": 9000}
	result := f.up()
	if len(result.Links) != 2 {
		t.Fatalf("links %+v", result.Links)
	}
	greetings := map[string]string{"web": "one", "api_v2": "api"}
	bare := "pr-40." + f.options.Preview.Project + ".localhost:"
	for i, link := range result.Links {
		f.assertServes(link, greetings[link.Service])
		if own := strings.Contains(link.URL, "--pr-40."); own != (i > 0) || !strings.Contains(link.URL, bare) {
			t.Errorf("link %s", link.URL)
		}
	}
	alias := strings.Replace(result.Links[0].URL, "//", "//"+result.Links[0].Service+"--", 1)
	if status, body := get(t, alias); status != http.StatusTemporaryRedirect ||
		!strings.Contains(body, result.Links[0].URL) {
		t.Errorf("%s answers %d %q, want the way to %s", alias, status, body, result.Links[0].URL)
	}

	status, err := f.engine.Get(t.Context(), f.options.Preview)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range status.Services {
		got[s.Name] = s.State
	}
	want := map[string]string{"db": "running", "prepare": "exited", "api_v2": "running", "web": "running"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(result.Links, status.Links); diff != "" {
		t.Error(diff)
	}
	f.assertSteps(provision.StepLock, provision.StepMachine, provision.StepFiles, provision.StepGateway,
		provision.StepDatabaseImage,
		provision.StepImages, provision.StepCopies, provision.StepDatabase, provision.StepAccept, provision.StepCreate,
		provision.StepStart, provision.StepReady,
		provision.StepRoute, provision.StepCleanup)
}

// assertSteps fails unless the events are of these steps, each with a beginning
// and an end, and nothing is told of a step before or after. Some run at the
// same time. The answer comes between the switch and the cleaning up.
func (f *fixture) assertSteps(want ...provision.Step) {
	f.t.Helper()
	open, done, answered := map[provision.Step]bool{}, map[provision.Step]bool{}, false
	for _, e := range f.events {
		switch {
		case e.Kind == provision.Answered:
			answered = done[provision.StepRoute] && !open[provision.StepCleanup] && e.Result != nil &&
				len(e.Result.Links) > 0
		case e.Kind == provision.Began && !open[e.Step] && !done[e.Step]:
			open[e.Step] = true
		case e.Kind == provision.Done && open[e.Step]:
			done[e.Step], open[e.Step] = true, false
		case e.Kind == provision.Began || e.Kind == provision.Done || e.Kind == provision.Failed || !open[e.Step]:
			f.t.Errorf("event %+v, done %v", e, done)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(done))); diff != "" || !answered {
		f.t.Errorf("%s answered: %v", diff, answered)
	}
}

// What is wrong with the files is said before anything is made, the gateway
// included.
func TestUp_BadFilesAreUsageErrorsAndNothingIsMade(t *testing.T) {
	cases := map[string]struct {
		change func(f *fixture)
		text   string
	}{
		"no compose file": {
			func(f *fixture) { f.options.Source.Files = []string{"missing.yaml"} },
			"missing.yaml",
		},
		"invalid compose file": {func(f *fixture) { f.write("compose.yaml", "services: [") }, "compose"},
		"no database": {func(f *fixture) {
			f.write("compose.yaml", "services: {web: {image: PROGRAM, ports: "+
				"['8000']}}")
		}, ""},
		"two databases": {func(f *fixture) {
			f.write("compose.yaml", strings.Replace(composeFile, "  web:", "  db2: {image: 'postgres:15'}\n  web:", 1))
		}, "db2"},
		"nothing to show": {func(f *fixture) {
			f.write("compose.yaml", strings.Replace(composeFile, `ports: ["8000"]`, "", 1))
		}, ""},
		"unknown service to show": {
			func(f *fixture) { f.options.Expose = map[string]int{"nowhere": 1} },
			"nowhere",
		},
		"unknown service to migrate with": {func(f *fixture) {
			f.options.Migrate = &provision.Migrate{Service: "nowhere"}
		}, "nowhere"},
		"no archive": {func(f *fixture) { f.options.Archive = "missing.sql" }, "missing.sql"},
		"empty archive": {
			func(f *fixture) { f.options.Archive = f.write("empty.sql", "") },
			"empty.sql",
		},
		"no preview": {func(f *fixture) { f.options.Preview = provision.Preview{} }, "no preview"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 41).alone()
			c.change(f)
			_, err := f.tryUp()
			if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), c.text) || len(hint.Of(err)) == 0 {
				t.Errorf("error %v, hints %q", err, hint.Of(err))
			}
			began := slices.ContainsFunc(f.events,
				func(e provision.Event) bool { return e.Step == provision.StepGateway })
			if began {
				t.Error("the gateway was made")
			}
			f.assertNothingLeft(t.Context())
		})
	}
}

func TestDown_NeedsAName(t *testing.T) {
	engine := machineFor(t, randomName())
	if _, err := engine.Down(t.Context(), provision.Preview{ID: ""}, provision.Guard{}, nil); !errors.Is(err,
		hint.ErrUsage) {
		t.Errorf("error %v", err)
	}
	if _, err := engine.Get(t.Context(), provision.Preview{ID: ""}); !isNoPreview(err) {
		t.Errorf("get: %v", err)
	}
}
