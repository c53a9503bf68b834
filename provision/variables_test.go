package provision

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestVariables_TellWhereAndWhatAPreviewIs(t *testing.T) {
	pull := generation{
		Preview: Preview{ID: "shop-pr-1", Name: "pr-1", Project: "shop", PullRequest: 1},
		Commit:  "c0ffee",
	}
	branch := generation{Preview: Preview{ID: "shop-main", Name: "main", Project: "shop", Branch: "main"}}
	several := branch
	several.Expose = []port{{"web", 80}, {"my-api", 90}, {"my_api", 91}}
	cases := map[string]struct {
		of   generation
		port int
		want map[string]string
	}{
		"a pull request, whatever it shows": {pull, 8480, map[string]string{
			"OFFSHOOT_PREVIEW": "shop-pr-1", "OFFSHOOT_URL": "http://pr-1.shop.localhost:8480",
			"OFFSHOOT_COMMIT":       "c0ffee",
			"OFFSHOOT_PULL_REQUEST": "1", "OFFSHOOT_HOST": "pr-1.shop.localhost",
		}},
		"a branch on the usual port": {branch, 80, map[string]string{
			"OFFSHOOT_PREVIEW": "shop-main", "OFFSHOOT_URL": "http://main.shop.localhost", "OFFSHOOT_BRANCH": "main",
			"OFFSHOOT_HOST": "main.shop.localhost",
		}},
		"several services, two of which come to one name": {several, 81, map[string]string{
			"OFFSHOOT_PREVIEW": "shop-main", "OFFSHOOT_BRANCH": "main", "OFFSHOOT_URL": "http://main.shop.localhost:81",
			"OFFSHOOT_URL_WEB":    "http://main.shop.localhost:81",
			"OFFSHOOT_URL_MY_API": "http://my-api--main.shop.localhost:81",
			"OFFSHOOT_HOST":       "main.shop.localhost", "OFFSHOOT_HOST_WEB": "main.shop.localhost",
			"OFFSHOOT_HOST_MY_API": "my-api--main.shop.localhost",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.of.variables(entrance{port: c.port})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIntroduce_LeavesWhatTheFileSets(t *testing.T) {
	own, empty := "http://localhost:8000", ""
	project := &types.Project{Services: types.Services{
		"web": {
			Name:        "web",
			Environment: types.MappingWithEquals{"OFFSHOOT_URL": &own, "OFFSHOOT_COMMIT": &empty, "OTHER": nil},
		},
		"job": {Name: "job"},
		"api": {Name: "api", Environment: types.MappingWithEquals{"OFFSHOOT_URL": nil}}, // to be passed on from outside
	}}
	change := introduce(project, map[string]string{"OFFSHOOT_URL": "http://x", "OFFSHOOT_COMMIT": "c0ffee"})
	got := map[string]string{}
	for _, name := range project.ServiceNames() {
		for variable, value := range project.Services[name].Environment {
			if value != nil {
				got[name+" "+variable] = *value
			}
		}
	}
	want := map[string]string{
		"web OFFSHOOT_URL": own, "web OFFSHOOT_COMMIT": "", "job OFFSHOOT_URL": "http://x",
		"job OFFSHOOT_COMMIT": "c0ffee",
		"api OFFSHOOT_URL":    "http://x", "api OFFSHOOT_COMMIT": "c0ffee",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, kept := project.Services["web"].Environment["OTHER"]; !kept {
		t.Error("a variable without a value is gone")
	}
	if change.Service != "" || change.What != "variables OFFSHOOT_COMMIT, OFFSHOOT_URL" {
		t.Errorf("change %+v", change)
	}
}

const curiousFile = `
services:
  db: {image: "postgres:15", environment: {POSTGRES_PASSWORD: x}}
  web:
    image: example
    ports: ["8000"]
    env_file: [web.env]
    labels: {note: "${OFFSHOOT_BRANCH}"}
    environment:
      BRANCH: "${OFFSHOOT_BRANCH}"
      CALLBACK: "${OFFSHOOT_URL}/login?next=${OFFSHOOT_URL_API:-none}"
      OFFSHOOT_COMMIT: mine
  api: {image: example, ports: ["9000"]}
`

// loaded runs the reading of the files alone.
func loaded(t *testing.T, options Options) (*types.Project, []compose.Change) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"compose.yaml": curiousFile, "web.env": "OFFSHOOT_PREVIEW=from-file\n",
		".env": "OFFSHOOT_URL=http://localhost:8000\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options.Source.Dir = folder
	r, _ := recorder()
	r.options, r.at = options, entrance{port: 8480}
	r.next = generation{Preview: options.Preview, Commit: options.Commit, Number: 1}
	project, changes, err := r.loadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project, changes
}

func valueOf(project *types.Project, service, variable string) string {
	value := project.Services[service].Environment[variable]
	if value == nil {
		return "unset"
	}
	return *value
}

func TestLoadProject_LetsTheFilesUseTheVariables(t *testing.T) {
	preview, err := Identify("example.com/shop", "", 7, "main")
	if err != nil {
		t.Fatal(err)
	}
	project, changes := loaded(t,
		Options{Preview: preview, Commit: "c0ffee", Expose: map[string]int{"web": 8000, "api": 9000}})
	for variable, want := range map[string]string{
		"CALLBACK":         "http://pr-7.shop.localhost:8480/login?next=http://api--pr-7.shop.localhost:8480",
		"OFFSHOOT_URL":     "http://pr-7.shop.localhost:8480",
		"OFFSHOOT_COMMIT":  "mine",
		"OFFSHOOT_PREVIEW": "from-file",
		"BRANCH":           "main",
	} {
		if got := valueOf(project, "web", variable); got != want {
			t.Errorf("%s is %q, want %q", variable, got, want)
		}
	}
	if got := valueOf(project, "db", "OFFSHOOT_PULL_REQUEST"); got != "7" {
		t.Errorf("the database is told pull request %q", got)
	}
	ours := slices.DeleteFunc(changes,
		func(c compose.Change) bool { return c.Why != introduce(&types.Project{}, nil).Why })
	if len(ours) != 1 {
		t.Errorf("changes %v", changes)
	}
	// Those of the configuration win over ours.
	project, _ = loaded(t,
		Options{
			Preview: preview, Source: compose.Source{Env: map[string]string{"OFFSHOOT_URL": "https://proxy"}},
			Expose: map[string]int{"web": 0},
		})
	if got := valueOf(project, "web", "CALLBACK"); got != "https://proxy/login?next=none" {
		t.Errorf("with the configuration's own address: %q", got)
	}
}

func TestLoadProject_TakesAHostileBranchForNothingButAValue(t *testing.T) {
	for _, branch := range []string{
		"${HOME}", "$(touch /tmp/x)", "`id`", "a\"b'c", "x: {y: z}", "]}\n  evil: {image: x}", "#", "a=b=c", "$$",
		"%s\x1b[2J", "é/日本", "-rf",
	} {
		preview, err := Identify("example.com/shop", "", 7, branch)
		if err != nil {
			t.Fatal(err)
		}
		project, _ := loaded(t, Options{Preview: preview, Expose: map[string]int{"web": 0}})
		for _, variable := range []string{"BRANCH", "OFFSHOOT_BRANCH"} {
			if got := valueOf(project, "web", variable); got != branch {
				t.Errorf("%s is %q, want %q", variable, got, branch)
			}
		}
		if got := project.Services["web"].Labels["note"]; got != branch {
			t.Errorf("the label is %q, want %q", got, branch)
		}
		if len(project.Services) != 3 {
			t.Errorf("services %v", project.ServiceNames())
		}
	}
}

func TestVariableName_IsOneThatShellsTake(t *testing.T) {
	for service, want := range map[string]string{
		"web": "WEB", "my-api": "MY_API", "my.api_v2": "MY_API_V2", "a--b..c": "A_B_C", "2fa": "2FA", "-x-": "_X_",
		"": "", "WEB": "WEB", "größe": "GR_E",
		"a=b\nc;$(rm)": "A_B_C_RM_",
	} {
		// Behind OFFSHOOT_URL_ a digit may be first.
		if got := variableName(service); got != want || strings.ContainsAny(got, "=-. \n$();") {
			t.Errorf("%q: %q, want %q", service, got, want)
		}
	}
}

func TestVariables_OfSeveralServicesWhoseNamesFallTogetherAreTheFirsts(t *testing.T) {
	g := stackOf(1, port{"api.v1", 1}, port{"api-v1", 2}, port{"api_v1", 3})
	got := g.variables(entrance{port: 80})
	if got["OFFSHOOT_URL"] != "http://"+g.Preview.Host("api.v1", true) ||
		got["OFFSHOOT_URL_API_V1"] != got["OFFSHOOT_URL"] {
		t.Errorf("variables %q", got)
	}
	if len(got) != len(stackOf(1, port{"web", 1}).variables(entrance{port: 80}))+2 {
		t.Errorf("more than one for one name: %q", got)
	}
}

func TestVariables_PassAHostileBranchOnAsItIs(t *testing.T) {
	g := stackOf(1, port{"web", 1})
	for _, branch := range []string{"a b", "$HOME", "`id`", "x\ny=z", "'\"\\", "${OFFSHOOT_URL}"} {
		g.Preview.Branch = branch
		project := &types.Project{Services: types.Services{"web": {Name: "web"}}}
		introduce(project, g.variables(entrance{port: 80}))
		if got := valueOf(project, "web", "OFFSHOOT_BRANCH"); got != branch {
			t.Errorf("%q became %q", branch, got)
		}
	}
	g.Preview.Branch, g.Commit = "", ""
	for _, name := range []string{"OFFSHOOT_BRANCH", "OFFSHOOT_COMMIT"} {
		if value, set := g.variables(entrance{port: 80})[name]; set {
			t.Errorf("%s is set to %q", name, value)
		}
	}
}

func TestIntroduce_SharesNoMapBetweenServicesAndSortsWhatItSays(t *testing.T) {
	shared := types.MappingWithEquals{}
	project := &types.Project{Services: types.Services{
		"a": {Name: "a", Environment: shared},
		"b": {Name: "b", Environment: shared},
	}}
	change := introduce(project, map[string]string{"Z": "1", "A": "2", "M": "3"})
	if change.What != "variables A, M, Z" {
		t.Errorf("says %q", change.What)
	}
	if len(shared) != 0 {
		t.Errorf("the map of the file was changed: %v", shared)
	}
	changed := "x"
	project.Services["a"].Environment["A"] = &changed
	if got := valueOf(project, "b", "A"); got != "2" {
		t.Errorf("one service changed the other's to %q", got)
	}
}
