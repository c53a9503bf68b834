package provision

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
)

// planned is the plan of a checkout with these files, without an engine.
func planned(t *testing.T, options Options, files map[string]string) *UpPlan {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options.Source.Dir = dir
	options.Preview = Preview{
		ID: "shop-pr-1", Project: "shop", Name: "pr-1", Repository: "example.com/shop",
		PullRequest: 1,
	}
	if options.Archive != "" {
		options.Archive = filepath.Join(dir, options.Archive)
	}
	plan, err := (Engine{}).Plan(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

const plainFile = `
services:
  db: {image: "postgres:15", volumes: ["data:/var/lib/postgresql/data"]}
  web: {build: ./app, ports: ["8000:8000"], volumes: ["./content:/content:ro", "/srv"]}
  cache: {image: redis, tmpfs: /tmp}
volumes: {data: {}}
`

func TestPlan_TellsWhatAnUpWouldDoWithoutAnEngine(t *testing.T) {
	plan := planned(t, Options{Archive: "a.sql", Migrate: &Migrate{Service: "web", Command: []string{"migrate"}}},
		map[string]string{"compose.yaml": plainFile, "a.sql": "SELECT 1;\n"})
	if plan.Fails() || plan.Generation != 0 || plan.Gateway != nil {
		t.Errorf("plan %+v", plan)
	}
	services := []PlannedService{
		{Name: "cache", Image: "redis", Pull: PullUnknown},
		{Name: "db", Image: "postgres:15", Pull: PullUnknown},
		{Name: "web", Image: "offshoot/shop-pr-1/web:g1", Build: "app", Port: 8000},
	}
	if diff := cmp.Diff(services, plan.Services); diff != "" {
		t.Error(diff)
	}
	mounts := []PlannedMount{
		{Service: "cache", Type: "volume", Source: "offshoot-data-cache", Target: "/data"},
		{Service: "db", Type: "volume", Source: compose.DatabaseVolume, Target: "/var/lib/postgresql/data"},
		{
			Service: "web", Type: "bind", Source: "content", Target: "/content", ReadOnly: true,
			Given: compose.MountEmpty,
		},
		{Service: "web", Type: "volume", Target: "/srv"},
	}
	if diff := cmp.Diff(mounts, plan.Mounts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Link{{Service: "web", URL: "http://pr-1.shop.localhost:8480/"}}, plan.Links); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&PlannedDatabase{
		Service: "db", Name: "postgres", Folder: "/var/lib/postgresql/data",
		Data: DataArchive, Clone: CloneUnknown,
	}, plan.Database); diff != "" {
		t.Error(diff)
	}
	if a := plan.Archive; a == nil || a.Format != "SQL script" || a.Bytes != 10 || len(a.SHA256) != 64 {
		t.Errorf("archive %+v", a)
	}
	if !slices.Contains(plan.Volumes, "shop-pr-1-g1_"+compose.DatabaseVolume) ||
		!slices.Contains(plan.Networks, "shop-pr-1-g1_default") {
		t.Errorf("makes %v and %v", plan.Networks, plan.Volumes)
	}
	if !slices.ContainsFunc(plan.Changes, func(c compose.Change) bool { return c.Service == "web" && c.Usual }) {
		t.Errorf("changes %+v", plan.Changes)
	}
}

// A mount is named by the folder that is copied, and what is made is what an Up
// makes: no volume that only bound a folder, but those that hold its copy.
func TestPlan_ShowsMountsAndVolumesAsTheyWillBe(t *testing.T) {
	plan := planned(t, Options{}, map[string]string{"compose.yaml": `
services:
  db: {image: "postgres:15"}
  web: {image: nginx, ports: ["80"], volumes: ["drv:/data", "./compose.yaml:/c.yaml:ro"]}
  side: {image: nginx, volumes_from: ["web:ro"], volumes: ["own:/own"]}
volumes: {drv: {driver_opts: {type: none, o: bind, device: "${PWD}"}}, own: }
`})
	if plan.Fails() {
		t.Fatalf("problems %+v", plan.Problems)
	}
	mounts := []PlannedMount{
		{Service: "db", Type: "volume", Source: compose.DatabaseVolume, Target: "/var/lib/postgresql/data"},
		{Service: "side", Type: "volume", Source: "own", Target: "/own"},
		{Service: "side", Type: "volume", Source: ".", Target: "/data", ReadOnly: true, Given: compose.MountCopy},
		{
			Service: "side", Type: "bind", Source: "compose.yaml", Target: "/c.yaml", ReadOnly: true,
			Given: compose.MountCopy,
		},
		{Service: "web", Type: "volume", Source: ".", Target: "/data", Given: compose.MountCopy},
		{
			Service: "web", Type: "bind", Source: "compose.yaml", Target: "/c.yaml", ReadOnly: true,
			Given: compose.MountCopy,
		},
	}
	if diff := cmp.Diff(mounts, plan.Mounts); diff != "" {
		t.Error(diff)
	}
	volumes := []string{"_" + compose.DatabaseVolume, "_" + compose.FilesVolume + "0", "_own", "_layers", "_base"}
	for i := range volumes {
		volumes[i] = "shop-pr-1-g1" + volumes[i]
	}
	if diff := cmp.Diff(volumes, plan.Volumes); diff != "" {
		t.Error(diff)
	}
}

func TestPlan_SaysWhenNothingTellsThatTheDatabaseIsPostgres(t *testing.T) {
	file := map[string]string{"compose.yaml": `services: {db: {image: "postgres:15"}, web: {image: nginx, ports: ["80", "25"]}}`}
	plan := planned(t, Options{Database: "web"}, file)
	if len(plan.Unknown) != 1 ||
		plan.Unknown[0] != "whether web is PostgreSQL: neither its name nor its image says so, and up ends where "+
			"it is not" {
		t.Errorf("not known: %q", plan.Unknown)
	}
	plan = planned(t, Options{}, file)
	if len(plan.Unknown) != 0 {
		t.Errorf("not known: %q", plan.Unknown)
	}
	if !slices.ContainsFunc(plan.Changes,
		func(c compose.Change) bool { return c.Service == "web" && c.What == "port 25 has no link" }) {
		t.Errorf("nothing is said of port 25: %+v", plan.Changes)
	}
}

func TestPlan_RefusesADecisionAboutWhatNothingMounts(t *testing.T) {
	plan := planned(t, Options{Mounts: map[string]string{"./contentt": "empty"}},
		map[string]string{"compose.yaml": plainFile})
	if len(plan.Problems) != 1 || !slices.Contains(plan.Problems[0].Hints, "did you mean ./content?") {
		t.Errorf("problems %+v", plan.Problems)
	}
}

func TestPlan_TellsAllThatIsWrongAtOnce(t *testing.T) {
	plan := planned(t,
		Options{
			Archive: "none.sql", Expose: map[string]int{"nope": 1},
			Migrate: &Migrate{Service: "neither"},
		}, map[string]string{"compose.yaml": `
services:
  db: {image: "postgres:15", privileged: true}
  db2: {image: "postgres:15"}
  web: {image: nginx, ports: ["80"], volumes: ["/etc:/etc"]}
`})
	if diff := cmp.Diff([]Refused{
		{What: "db: privileged", Allow: "db.privileged"},
		{What: "web: mounts /etc, outside the checkout", Allow: "web.volumes:/etc"},
	}, plan.Refused); diff != "" {
		t.Error(diff)
	}
	if len(plan.Problems) != 4 ||
		slices.ContainsFunc(plan.Problems, func(p Problem) bool { return !p.Usage || len(p.Hints) == 0 }) {
		t.Errorf("problems %+v, want those of archive, database, expose and migrate", plan.Problems)
	}
	if len(plan.Services) != 3 || len(plan.Mounts) != 3 { // of the databases too
		t.Errorf("services %+v, mounts %+v", plan.Services, plan.Mounts)
	}
}

func TestPlan_OpensNoFileThatIsRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("SECRET=hunter2hunter2\nservices: {a: {image: hunter2hunter2}}\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{
		"env_file: " + outside, "label_file: " + outside,
		"extends: {service: a, file: " + outside + "}",
	} {
		plan := planned(t, Options{},
			map[string]string{"compose.yaml": "services:\n  db: {image: postgres}\n  web: {image: nginx, ports: " +
				"['80'], " + service + "}\n"})
		if len(plan.Refused) != 1 || len(plan.Problems) != 0 {
			t.Errorf("%s: refused %+v, problems %+v", service, plan.Refused, plan.Problems)
		}
	}
}
