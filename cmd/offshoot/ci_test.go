package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// job runs offshoot ci as a job of GitHub Actions would, against the stand-in.
type job struct {
	*testing.T
	dir, api, output, summary string
	repository                *standin.Repository
	pull                      forge.Pull
	env                       []string // more of it
	noArchive                 bool
}

func newJob(t *testing.T, dir string) *job {
	t.Helper()
	j := &job{
		T: t, dir: dir, repository: &standin.Repository{JobToken: true},
		output: filepath.Join(t.TempDir(), "output"),
	}
	j.api, j.summary = j.repository.GitHub(t).URL+"/api/v3", j.output+".md"
	j.pull = forge.Pull{
		Number: 7, Title: "`rm -rf /` $(id) ::error::", Author: "alice", Branch: "a`b", Base: "main",
		Commit: git(t, dir, "rev-parse", "HEAD"), Open: true, URL: "https://github.test/acme/shop/pull/7",
	}
	j.repository.Put(j.pull)
	j.repository.Allow("wendy", "write")
	return j
}

// newMinimalJob is one where nothing is claimed of a database.
func newMinimalJob(t *testing.T, preview string) *job {
	t.Helper()
	j := newJob(t, minimal(t, preview))
	j.noArchive = true
	return j
}

// run runs a job for an event and returns what it printed.
func (j *job) run(exit int, event map[string]any) string {
	j.Helper()
	content, err := json.Marshal(event)
	if err != nil {
		j.Fatal(err)
	}
	file := filepath.Join(j.TempDir(), "event.json")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		j.Fatal(err)
	}
	args := []string{"ci", "--event", file}
	if !j.noArchive {
		args = append(args, "--archive", "archive.sql")
	}
	return j.asked(exit, args...)
}

// asked runs a command with what a job has in its environment.
func (j *job) asked(exit int, args ...string) string {
	j.Helper()
	cmd := exec.Command(programPath(j.T), args...)
	cmd.Dir = j.dir
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "GITHUB_API_URL="+j.api,
		"GITHUB_REPOSITORY="+standin.Owner+"/"+standin.Name,
		"GITHUB_TOKEN="+standin.Token, "GITHUB_OUTPUT="+j.output, "GITHUB_STEP_SUMMARY="+j.summary,
		"GITHUB_EVENT_NAME=",
		"GITHUB_SERVER_URL=https://github.test", "GITHUB_RUN_ID=42", "XDG_CACHE_HOME="+filepath.Join(j.dir, "cache"))
	cmd.Env = append(cmd.Env, j.env...)
	output, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exit {
		j.Fatalf("%s: exit %d (%v), want %d\n%s", args[0], code, err, exit, output)
	}
	if strings.Contains(string(output), standin.Token) || bytes.Contains(output, []byte("hunter2hunter2")) {
		j.Errorf("a secret is printed:\n%s", output)
	}
	return string(output)
}

func (j *job) event(action string) map[string]any {
	return map[string]any{
		"action": action, "number": 7, "sender": map[string]any{"login": "alice"},
		"pull_request": map[string]any{"number": 7, "head": map[string]any{"sha": j.pull.Commit}},
	}
}

// command is a comment of somebody who may write to the repository.
func (j *job) command(text string) map[string]any { return j.says("wendy", text) }

func (j *job) says(who, text string) map[string]any {
	return map[string]any{
		"action": "created", "issue": map[string]any{"number": 7, "pull_request": map[string]any{}},
		"comment": map[string]any{"id": 900, "body": text, "user": map[string]any{"login": who}},
	}
}

// comment is the one comment.
func (j *job) comment() string {
	j.Helper()
	all := j.repository.Comments(7)
	if len(all) != 1 {
		j.Fatalf("comments %+v, want one", all)
	}
	return all[0].Body
}

func TestCi_FollowsAPullRequestFromOpenedToMerged(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	configure(t, dir, onceTiny)
	j := newJob(t, dir)

	// Whatever starts the first run makes it: that of the opening may be lost.
	if said := j.run(0, j.event("assigned")); !strings.Contains(said, "up, pull request 7") {
		t.Errorf("an event of no interest: %s", said)
	}
	if said := j.run(0, j.event("opened")); !strings.Contains(said,
		"nothing, pull request 7 at "+j.pull.Commit[:10]+": it serves this commit") {
		t.Errorf("opened: %s", said)
	}
	comment := j.comment()
	for _, want := range []string{
		"is ready", "http://pr-7.", "7 rows in 1 tables", "public.orders",
		"wait until ready", j.pull.Commit[:10],
	} {
		if !strings.Contains(comment, want) {
			t.Errorf("no %q in:\n%s", want, comment)
		}
	}
	output, _ := os.ReadFile(j.output)
	url := strings.TrimSpace(string(output[bytes.LastIndex(output, []byte("url="))+len("url="):]))
	if body := get(t, url); !strings.Contains(body, "tiny shop") {
		t.Errorf("%q answers %q", url, body)
	}
	if summary, err := os.ReadFile(j.summary); err != nil || !strings.Contains(string(summary), url) {
		t.Errorf("summary %s, %v", summary, err)
	}
	last := j.repository.Statuses()[len(j.repository.Statuses())-1]
	if last.State != "success" || last.URL != url || last.Commit != j.pull.Commit {
		t.Errorf("status %+v", last)
	}
	if all := j.repository.Deployments(); len(all) != 1 || all[0].URL != url || !all[0].Transient {
		t.Errorf("deployments %+v", all)
	}

	late := j.event("synchronize")
	late["pull_request"] = map[string]any{"number": 7, "head": map[string]any{"sha": strings.Repeat("a", 40)}}
	if said := j.run(0, late); !strings.Contains(said, "it serves this commit") {
		t.Errorf("a late run says: %s", said)
	}
	j.run(0, j.command("/preview extend 24h"))
	if !strings.Contains(j.comment(), "it lives until") {
		t.Errorf("extended: %s", j.comment())
	}

	j.pull.Open, j.pull.Merged = false, true
	j.repository.Put(j.pull)
	j.run(0, j.event("closed"))
	if left := ours(t, dir); len(left) > 0 || len(j.repository.Deployments()) > 0 ||
		!strings.Contains(j.comment(), "is removed") {
		t.Errorf("left %q, deployments %+v, comment %s", left, j.repository.Deployments(), j.comment())
	}
	if said := j.run(0, j.event("opened")); !strings.Contains(said, "merged") || len(ours(t, dir)) > 0 {
		t.Errorf("a run after the merge says: %s", said)
	}
}

func TestCi_ReportsTheStepThatFails(t *testing.T) {
	t.Parallel()
	j := newMinimalJob(t, ", migrate: {service: tool}, rehearse: false")
	j.run(exitCheckFailed, j.event("opened"))
	for _, want := range []string{"could not be made", "**migrate** in <code>tool</code>", "already exists"} {
		if !strings.Contains(j.comment(), want) {
			t.Errorf("no %q in:\n%s", want, j.comment())
		}
	}
	if last := j.repository.Statuses()[len(j.repository.Statuses())-1]; last.State != "failure" {
		t.Errorf("status %+v", last)
	}
}

// The checkout of a comment's job is easily another than the pull request's.
func TestCi_RefusesAnotherCommitThanThePullRequests(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	j := newJob(t, dir)
	j.pull.Commit = strings.Repeat("b", 40)
	j.repository.Put(j.pull)
	if said := j.run(exitUsage, j.command("/preview up")); !strings.Contains(said, "the checkout is at") {
		t.Error(said)
	}
	if left := ours(t, dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestConfig_IsAFileOfAReasonableSize(t *testing.T) {
	for name, put := range map[string]func() error{
		"is no file": func() error { return os.Symlink("/dev/zero", config.Name) },
		"larger than": func() error {
			return os.WriteFile(config.Name, bytes.Repeat([]byte("#"), config.MaxSize+1), 0o644)
		},
	} {
		t.Chdir(t.TempDir())
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if _, err := here().config(); !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
