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
        git fetch -q origin "$REF"
        git checkout -q FETCH_HEAD
        git remote set-url origin "$REMOTE"
`

// runner is a machine that runs workflows, by nektos/act, without any container
// of its own.
type runner struct {
	*testing.T
	dir     string // of the repository
	project string
	forge   *standin.Repository
	pull    forge.Pull
	api     string
	source  string
	remote  string
}

// run runs the workflow for an event, and returns the log.
func (r *runner) run(event string, payload any) string {
	t := r.T
	t.Helper()
	work := t.TempDir()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	action, err := os.ReadFile("../../action.yml") // alone: act copies what lies beside it, for every step
	if err != nil {
		t.Fatal(err)
	}
	ours := t.TempDir()
	write(t, filepath.Join(ours, "action.yml"), string(action))
	write(t, filepath.Join(work, "event.json"), string(text))
	write(t, filepath.Join(work, "secrets"),
		"GITHUB_TOKEN="+standin.Token+"\nOFFSHOOT_MASK_KEY=0123456789abcdef\nPRODUCTION_DATABASE_URL="+r.source+"\n")
	write(t, filepath.Join(work, "action.yml"), checkoutAction)
	act := exec.CommandContext(t.Context(), "act", event, "--eventpath", filepath.Join(work, "event.json"),
		"--secret-file", filepath.Join(work, "secrets"),
		"--platform", "self-hosted=-self-hosted", "--env", "GITHUB_API_URL="+r.api, "--env",
		"GITHUB_REPOSITORY=acme/shop",
		"--env", "ORIGIN="+r.dir, "--env", "REMOTE="+r.remote,
		"--local-repository", "actions/checkout@v5="+work, "--local-repository", "offshoot-dev/offshoot@main="+ours)
	act.Dir = r.dir
	act.Env = append(os.Environ(), "HOME="+work, "XDG_CACHE_HOME="+filepath.Join(work, "cache"),
		"PATH="+filepath.Dir(programPath(t))+":"+os.Getenv("PATH"))
	output, err := act.CombinedOutput()
	if err != nil {
		t.Fatalf("act %s: %v\n%s", event, err, output)
	}
	return string(output)
}

// event runs the workflow for what happened to the pull request.
func (r *runner) event(action, label string) string {
	r.Helper()
	p := r.pull
	state := map[bool]string{true: "open", false: "closed"}[p.Open]
	repository := map[string]any{
		"full_name": "acme/shop", "name": "shop", "owner": map[string]any{"login": "acme"},
		"default_branch": "main",
	}
	return r.run("pull_request", map[string]any{
		"action": action, "number": p.Number, "repository": repository, "sender": map[string]any{"login": p.Author},
		"label": map[string]any{"name": label},
		"pull_request": map[string]any{
			"number": p.Number, "state": state, "title": p.Title, "user": map[string]any{"login": p.Author},
			"head": map[string]any{"ref": p.Branch, "sha": p.Commit, "repo": repository},
			"base": map[string]any{"ref": p.Base, "repo": repository},
		},
	})
}

// comment runs the workflow for a comment of somebody who may write.
func (r *runner) comment(text string) string {
	r.Helper()
	return r.run("issue_comment", map[string]any{
		"action": "created", "sender": map[string]any{"login": "wendy"},
		"issue": map[string]any{"number": r.pull.Number, "pull_request": map[string]any{}},
		"comment": map[string]any{
			"id": r.forge.Say(r.pull.Number, "wendy", text), "body": text,
			"user": map[string]any{"login": "wendy"},
		},
	})
}

// commit makes a commit with a page that says so.
func (r *runner) commit(page string) {
	r.Helper()
	write(r.T, filepath.Join(r.dir, "www/index.html"), page)
	git(r.T, r.dir, "add", "-A")
	git(r.T, r.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "a change")
	r.pull.Commit = git(r.T, r.dir, "rev-parse", "HEAD")
	git(r.T, r.dir, "update-ref", "refs/pull/7/head", r.pull.Commit)
	r.forge.Put(r.pull)
}

// said is the comment of offshoot's.
func (r *runner) said() string {
	r.Helper()
	var ours []string
	for _, c := range r.forge.Comments(7) {
		if strings.Contains(c.Body, "<!-- offshoot") {
			ours = append(ours, c.Body)
		}
	}
	if len(ours) > 1 {
		r.Fatalf("%d comments: %q", len(ours), ours)
	}
	return strings.Join(ours, "")
}

// serves checks that the link in the comment leads to a page.
func (r *runner) serves(want, log string) {
	r.Helper()
	link := regexp.MustCompile(`http://pr-7\.` + r.project + `\.localhost:[0-9]+`).FindString(r.said())
	if link == "" || get(r.T, link+"/") != want {
		r.Fatalf("no link, or not %q at %q, in the comment\n%s\n%s", want, link, r.said(), log)
	}
	if strings.Contains(log, standin.Token) || strings.Contains(log, "0123456789abcdef") {
		r.Errorf("a secret in the log\n%s", log)
	}
}

// gone checks that nothing is left, and that the comment says so.
func (r *runner) gone(log string) {
	r.Helper()
	left := containers(r.T, "dev.offshoot.preview="+r.project+"-pr-7")
	if len(left) > 0 || !strings.Contains(r.said(), "is removed") {
		r.Errorf("left %v, comment %s after the log\n%s", left, r.said(), log)
	}
}

// newRunner is a repository with the workflow that init writes.
func newRunner(t *testing.T) *runner {
	t.Helper()
	if _, err := exec.LookPath("act"); err != nil {
		missing(t, "no act: run testdata/machine/setup tests")
	}
	dir := tiny(t)
	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 7)")
	project := projectName(dir)
	configure(t, dir, "source: ${PRODUCTION_DATABASE_URL}\n"+onceTiny)
	offshoot(t, dir, 0, "init", "--ci", "github")
	workflow := filepath.Join(dir, ".github/workflows/preview.yml")
	text, err := os.ReadFile(workflow)
	if err != nil {
		t.Fatal(err)
	}
	// there is no such release
	write(t, workflow,
		strings.ReplaceAll(string(text), "offshoot-dev/offshoot@v0.0.0-test", "offshoot-dev/offshoot@main"))
	repository := &standin.Repository{JobToken: true}
	repository.Allow("wendy", "write")
	r := &runner{
		T: t, dir: dir, project: project, forge: repository, api: repository.GitHub(t).URL + "/api/v3", source: source,
		remote: "https://github.com/acme/" + project + ".git",
		pull:   forge.Pull{Number: 7, Title: "a change", Author: "ann", Branch: "feature", Base: "main", Open: true},
	}
	t.Cleanup(func() {
		git(t, dir, "remote", "add", "origin", r.remote)
		offshoot(t, dir, 0, "down", "--pr", "7")
		git(t, dir, "remote", "remove", "origin")
	})
	return r
}

// The workflow that init writes, and the action, from the event to the comment
// and back to nothing.
func TestWorkflow_FollowsAPullRequestFromEventToEvent(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	r.commit("first\n")
	r.serves("first\n", r.event("synchronize", ""))
	r.gone(r.comment("/preview down"))

	r.gone(r.event("labeled", "bug")) // which does not bring back what somebody took down

	r.commit("second\n") // and the job for that is lost
	r.serves("second\n", r.event("labeled", "bug"))
	if log := r.event("unlabeled", "bug"); !strings.Contains(log, "it serves this commit") {
		t.Errorf("another label: the log\n%s", log)
	}
	r.serves("second\n", r.run("schedule", map[string]any{"schedule": "23 * * * *"})) // the sweep leaves what is wanted

	r.pull.Open = false
	r.forge.Put(r.pull)
	r.gone(r.event("closed", ""))
}
