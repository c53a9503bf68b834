package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// checkoutAction stands in for actions/checkout, which lies on GitHub.
const checkoutAction = `name: checkout
description: clones the repository of the test
inputs:
  ref: {default: HEAD}
  persist-credentials: {default: "true"}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        REF: ${{ inputs.ref }}
      run: |
        git clone -q "$ORIGIN" .
        git checkout -q "$REF"
        git remote set-url origin "$REMOTE"
`

// runner is a machine that runs workflows, by nektos/act, without any container
// of its own.
type runner struct {
	dir    string // of the repository
	forge  *standin.Repository
	api    string
	source string
	remote string
}

// run runs the workflow for an event, and returns the log.
func (r runner) run(t *testing.T, event string, payload any) string {
	t.Helper()
	work := t.TempDir()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(work, "event.json"), string(text))
	write(t, filepath.Join(work, "secrets"), "GITHUB_TOKEN="+standin.Token+"\nOFFSHOOT_MASK_KEY=0123456789abcdef\nPRODUCTION_DATABASE_URL="+r.source+"\n")
	write(t, filepath.Join(work, "action.yml"), checkoutAction)
	act := exec.CommandContext(t.Context(), "act", event, "--eventpath", filepath.Join(work, "event.json"), "--secret-file", filepath.Join(work, "secrets"),
		"--platform", "self-hosted=-self-hosted", "--env", "GITHUB_API_URL="+r.api, "--env", "GITHUB_REPOSITORY=acme/shop",
		"--env", "ORIGIN="+r.dir, "--env", "REMOTE="+r.remote,
		"--local-repository", "actions/checkout@v5="+work, "--local-repository", "offshoot-dev/offshoot@main="+root)
	act.Dir = r.dir
	act.Env = append(os.Environ(), "HOME="+work, "XDG_CACHE_HOME="+filepath.Join(work, "cache"), "PATH="+filepath.Dir(programPath(t))+":"+os.Getenv("PATH"))
	output, err := act.CombinedOutput()
	if err != nil {
		t.Fatalf("act %s: %v\n%s", event, err, output)
	}
	return string(output)
}

func pullEvent(action string, p forge.Pull) map[string]any {
	state := map[bool]string{true: "open", false: "closed"}[p.Open]
	repository := map[string]any{"full_name": "acme/shop", "name": "shop", "owner": map[string]any{"login": "acme"}, "default_branch": "main"}
	return map[string]any{
		"action": action, "number": p.Number, "repository": repository, "sender": map[string]any{"login": p.Author},
		"pull_request": map[string]any{
			"number": p.Number, "state": state, "title": p.Title, "user": map[string]any{"login": p.Author},
			"head": map[string]any{"ref": p.Branch, "sha": p.Commit, "repo": repository}, "base": map[string]any{"ref": p.Base, "repo": repository},
		},
	}
}

// The workflow that init writes, and the action, from the event to the comment
// and back to nothing.
func TestWorkflow_OpensAndClosesAPreview(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("act"); err != nil {
		missing(t, "no act: run testdata/machine/setup with CI=true")
	}
	dir := tiny(t)
	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 7)")
	project := projectName(dir)
	write(t, filepath.Join(dir, configName), "project: "+project+"\nsource: ${PRODUCTION_DATABASE_URL}\npreview:\n  migrate: {service: tool}\n")
	offshoot(t, dir, 0, "init", "--ci", "github")
	workflow := filepath.Join(dir, ".github/workflows/preview.yml")
	text, err := os.ReadFile(workflow)
	if err != nil {
		t.Fatal(err)
	}
	write(t, workflow, strings.ReplaceAll(string(text), "offshoot-dev/offshoot@v0.0.0-test", "offshoot-dev/offshoot@main")) // there is no such release
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "a change")

	pull := forge.Pull{Number: 7, Title: "a change", Author: "ann", Commit: git(t, dir, "rev-parse", "HEAD"), Branch: "feature", Base: "main", Open: true}
	repository := &standin.Repository{JobToken: true}
	repository.Put(pull)
	r := runner{dir: dir, forge: repository, api: repository.GitHub(t).URL + "/api/v3", source: source, remote: "https://github.com/acme/" + project + ".git"}
	label := "label=dev.offshoot.preview=" + project + "-pr-7"
	t.Cleanup(func() {
		git(t, dir, "remote", "add", "origin", r.remote)
		offshoot(t, dir, 0, "down", "--pr", "7")
		git(t, dir, "remote", "remove", "origin")
	})

	log := r.run(t, "pull_request", pullEvent("opened", pull))
	comments := repository.Comments(7)
	if len(comments) != 1 {
		t.Fatalf("%d comments after the log\n%s", len(comments), log)
	}
	link := regexp.MustCompile(`http://pr-7\.` + project + `\.localhost:[0-9]+`).FindString(comments[0].Body)
	if link == "" || get(t, link+"/") != "hello from a tiny shop\n" {
		t.Fatalf("no link, or no answer at %q, in the comment\n%s", link, comments[0].Body)
	}
	if strings.Contains(log, standin.Token) || strings.Contains(log, "0123456789abcdef") {
		t.Errorf("a secret in the log\n%s", log)
	}

	pull.Open = false
	repository.Put(pull)
	log = r.run(t, "pull_request", pullEvent("closed", pull))
	left, err := exec.Command("docker", "ps", "-aq", "--filter", label).Output()
	if err != nil || len(left) > 0 {
		t.Errorf("%v, left %s after the log\n%s", err, left, log)
	}
	if after := repository.Comments(7); len(after) != 1 || after[0].ID != comments[0].ID || strings.Contains(after[0].Body, link) {
		t.Errorf("comments after the end: %+v", after)
	}
}
