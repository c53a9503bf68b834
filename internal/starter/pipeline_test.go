package starter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// every pipeline that init can write for a forge.
func every(forge string) []Pipeline {
	var all []Pipeline
	for _, version := range []string{"", "v1.2.3", "v0.0.0-20261127-abc (dirty)"} {
		for _, dir := range []string{".", "services/shop", `it's "${{ secrets.KEY }}" $(x)` + "\n- a"} {
			for _, remote := range []bool{false, true} {
				all = append(all,
					Pipeline{
						Forge: forge, Version: version, Dir: dir, Remote: remote,
						Region: map[string]string{".": "eu-west-1"}[dir],
					})
			}
		}
	}
	return all
}

func first(t *testing.T, p Pipeline) string {
	t.Helper()
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files[0].Content
}

// lint has actionlint, with shellcheck for the scripts, look at workflows.
func lint(t *testing.T, workflows ...string) {
	t.Helper()
	program, err := exec.LookPath("actionlint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no actionlint: run testdata/machine/setup")
		}
		t.Skip("no actionlint: run testdata/machine/setup tests")
	}
	if output, err := exec.Command(program,
		append([]string{"-no-color", "-oneline"}, workflows...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestPipeline_PassesActionlint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths []string
	for _, forge := range []string{"github", "gitea"} {
		for i, p := range every(forge) {
			files, err := p.Files()
			if err != nil {
				t.Fatal(err)
			}
			for j, file := range files {
				path := filepath.Join(dir, fmt.Sprintf("%s-%d-%d.yml", forge, i, j))
				if err := os.WriteFile(path, []byte(file.Content), 0o644); err != nil {
					t.Fatal(err)
				}
				paths = append(paths, path)
			}
		}
	}
	lint(t, paths...)
}

func TestWorkflows_OfThisProjectPassActionlint(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	lint(t, paths...)
}

// each calls visit with every value of a key in a document.
func each(n *yaml.Node, key string, visit func(value string)) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == key {
			visit(child.Value)
		}
		each(child, key, visit)
	}
}

func TestScripts_HoldNoExpressions(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	for _, forge := range []string{"github", "gitea"} {
		for i, p := range every(forge) {
			texts[fmt.Sprint(forge, i)] = first(t, p)
			texts[fmt.Sprint(forge, i, "nightly")] = nightly(t, p)
		}
	}
	paths, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	scripts := 0
	for _, path := range append(paths, "../../action.yml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	for name, text := range texts {
		var document yaml.Node
		if err := yaml.Load([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		each(&document, "run", func(script string) {
			scripts++
			if strings.Contains(script, "${{") {
				t.Errorf("%s: an expression in a script:\n%s", name, script)
			}
		})
	}
	if scripts < 3 {
		t.Errorf("found %d scripts: the search has lost its way", scripts)
	}
}

// workflow is what the tests below look at.
type workflow struct {
	On          map[string]any
	Permissions map[string]string
	Concurrency struct {
		Cancel bool `yaml:"cancel-in-progress"`
		Group  string
	}
	Jobs map[string]struct {
		RunsOn any `yaml:"runs-on"`
		Steps  []struct {
			Uses, If        string
			ContinueOnError any `yaml:"continue-on-error"`
			With            map[string]string
			Env             map[string]string
		}
	}
}

func parsed(t *testing.T, p Pipeline) workflow {
	t.Helper()
	var w workflow
	if err := yaml.Load([]byte(first(t, p)), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestPipeline_AsksForNoRightTooMany(t *testing.T) {
	t.Parallel()
	want := map[string]string{"contents": "read", "pull-requests": "write", "statuses": "write", "deployments": "write"}
	w := parsed(t, Pipeline{Forge: "github"})
	if diff := cmp.Diff(want, w.Permissions); diff != "" || w.Concurrency.Cancel {
		t.Errorf("cancels %v\n%s", w.Concurrency.Cancel, diff)
	}
	for _, event := range []string{"pull_request", "issue_comment", "schedule"} {
		if _, ok := w.On[event]; !ok {
			t.Errorf("does not run on %s", event)
		}
	}
	// Where a fork's code meets the secrets, only a label of a maintainer starts anything.
	if got := fmt.Sprint(w.On["pull_request_target"]); got != "map[types:[labeled]]" {
		t.Errorf("on pull_request_target: %s", got)
	}
}

// Gitea has no scope for statuses: who may write contents may set them.
// https://github.com/go-gitea/gitea/blob/v1.26.0/services/actions/permission_parser.go
func TestPipeline_OfGiteaAsksForWhatGiteaKnows(t *testing.T) {
	t.Parallel()
	w := parsed(t, Pipeline{Forge: "gitea"})
	want := map[string]string{"contents": "write", "pull-requests": "write", "issues": "write"}
	if diff := cmp.Diff(want, w.Permissions); diff != "" || w.Concurrency.Cancel {
		t.Errorf("cancels %v\n%s", w.Concurrency.Cancel, diff)
	}
	// It has no event of its own for a draft, and one for labels that it gives two names.
	if got := fmt.Sprint(w.On["pull_request"]); !strings.Contains(got, " edited ") ||
		!strings.Contains(got, " labeled unlabeled ") {
		t.Errorf("on pull_request: %s", got)
	}
}

// Gitea knows no number of a run when it looks for the group, so that what is
// to be alone in its group needs another name.
// https://github.com/go-gitea/gitea/blob/v1.26.0/services/actions/context.go
func TestPipeline_OfGiteaPutsNoCommentIntoTheGroupOfAnother(t *testing.T) {
	t.Parallel()
	group := parsed(t, Pipeline{Forge: "gitea"}).Concurrency.Group
	if strings.Contains(group, "run_id") || strings.Contains(group, "run_number") ||
		!strings.Contains(group, "format('comment-{0}', github.event.comment.id)") {
		t.Errorf("the group is %s", group)
	}
}

func TestPipeline_OfGiteaTakesAnotherTokenFromASecret(t *testing.T) {
	t.Parallel()
	for _, p := range every("gitea") {
		for _, step := range parsed(t, p).Jobs["preview"].Steps {
			if strings.HasPrefix(step.Uses, "offshoot-dev/") &&
				step.With["token"] != "${{ secrets.OFFSHOOT_TOKEN || github.token }}" {
				t.Errorf("%+v: token %q", p, step.With["token"])
			}
		}
	}
}

func TestPipeline_PinsTheReleaseOrTheCommitThatWroteIt(t *testing.T) {
	t.Parallel()
	for p, want := range map[Pipeline]string{
		{Version: "v1.2.3", Commit: pinned}:         "v1.2.3",
		{Version: "v2.0.0-rc.1"}:                    "v2.0.0-rc.1",
		{Version: "v1.2.3-4-gabc", Commit: pinned}:  pinned,
		{Version: "devel-8f4b0c1d2e3f", Commit: ""}: "", // changed since
		{Version: "v1.2.3-4-gabc", Commit: "8f4b"}:  "", // an action's commit is given in full
		{}: "",
	} {
		p.Forge = "github"
		if got := parsed(t, p).Jobs["preview"].Steps[2].Uses; got != "offshoot-dev/offshoot@"+either(want, "main") {
			t.Errorf("%+v: uses %s", p, got)
		}
		p.Forge = "gitlab"
		if text := first(t, p); !strings.Contains(text, `OFFSHOOT_VERSION: "`+either(want, "latest")+`"`) {
			t.Errorf("%+v: %s", p, text)
		}
	}
}

func either(text, standard string) string {
	if text != "" {
		return text
	}
	return standard
}

func TestPipeline_NamesAFolderThatIsNoExpression(t *testing.T) {
	t.Parallel()
	w := parsed(t, Pipeline{Forge: "github", Dir: "a ${{ secrets.KEY }}\nb"})
	if got := w.Jobs["preview"].Steps[2].With["working-directory"]; got != "a ${{ '${{' }} secrets.KEY }}\nb" {
		t.Errorf("working-directory %q", got)
	}
}

func TestPipeline_RunsBesideThePreviewsUnlessTheyHaveMachines(t *testing.T) {
	t.Parallel()
	for _, forge := range []string{"github", "gitea"} {
		local, remote := parsed(t, Pipeline{Forge: forge}), parsed(t, Pipeline{Forge: forge, Remote: true})
		if got := fmt.Sprintln(local.Jobs["preview"].RunsOn,
			remote.Jobs["preview"].RunsOn); got != "self-hosted ubuntu-latest\n" {
			t.Errorf("%s: runs on %s", forge, got)
		}
	}
}

func TestPipeline_OfGitLabIsOneOfFourJobs(t *testing.T) {
	t.Parallel()
	for _, p := range every("gitlab") {
		var jobs map[string]struct {
			Extends      string
			Script       []string
			BeforeScript []string `yaml:"before_script"`
			Environment  map[string]string
			Resource     string `yaml:"resource_group"`
		}
		if err := yaml.Load([]byte(first(t, p)), &jobs); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		var names []string
		for name, job := range jobs {
			if job.Extends == "" {
				continue
			}
			names = append(names, name)
			own := name == "preview-archive" // which no event of a merge request starts
			if !own && !slices.Equal(job.Script, []string{"offshoot ci"}) || job.Resource == "" {
				t.Errorf("%s: %+v", name, job)
			}
		}
		slices.Sort(names)
		want := []string{"preview", "preview-archive", "preview-stop", "preview-sweep"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
		if stop, up := jobs["preview-stop"].Environment, jobs["preview"].Environment; stop["name"] != up["name"] ||
			stop["action"] != "stop" || up["on_stop"] != "preview-stop" {
			t.Errorf("environments %v and %v", up, stop)
		}
	}
}

func TestPipeline_IsPutWhereTheForgeLooks(t *testing.T) {
	t.Parallel()
	for forge, want := range map[string][]string{
		"github": {".github/workflows/preview.yml", ".github/workflows/archive.yml"},
		"gitea":  {".gitea/workflows/preview.yml", ".gitea/workflows/archive.yml"},
		"gitlab": {".gitlab/preview.yml", ".gitlab-ci.yml"},
	} {
		files, err := Pipeline{Forge: forge}.Files()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, file := range files {
			names = append(names, file.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := (Pipeline{Forge: "bitbucket"}).Files(); err == nil || len(hint.Of(err)) != 1 {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
}

// What is checked out is a commit by its hash, and only once it is known that
// whoever asks may: no reference that moves, and no secret before that.
func TestHostile_ACommentWantsWhateverIsNewestCheckedOut(t *testing.T) {
	t.Parallel()
	for _, forge := range []string{"github", "gitea"} {
		w := parsed(t, Pipeline{Forge: forge, Remote: true})
		steps := w.Jobs["preview"].Steps
		ask, checkout, run := steps[0], steps[1], steps[len(steps)-1]
		for _, s := range steps[1:] { // the one that takes on a role at AWS among them
			if only, _, _ := strings.Cut(s.If, " && ("); only != "steps.ask.outputs.commit" {
				t.Errorf("%s: %s runs whoever asks", forge, s.Uses)
			}
		}
		if ask.With["command"] != "commit" || len(ask.Env) > 0 || ask.Uses != run.Uses {
			t.Errorf("%s: asks by %+v", forge, ask)
		}
		if checkout.With["ref"] != "${{ steps.ask.outputs.commit }}" || len(run.Env) == 0 {
			t.Errorf("%s: checks out %+v, then %+v", forge, checkout, run)
		}
	}
}

// A repository may have several offshoot.yaml, each with a workflow: their runs do
// not do each other's work, so that none takes the place of another's.
func TestPipeline_OfEachFolderHasGroupsOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, forge := range []string{"github", "gitea"} {
		groups := map[string]bool{}
		for _, dir := range []string{".", "services/shop", "services/stock"} {
			groups[parsed(t, Pipeline{Forge: forge, Dir: dir}).Concurrency.Group] = true
		}
		if len(groups) != 3 {
			t.Errorf("%s: %v", forge, groups)
		}
	}
}
