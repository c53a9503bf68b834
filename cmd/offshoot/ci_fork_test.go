package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
)

// Everything that a stranger can write asks for the secret of the job.
const (
	forkCompose = `
services:
  web:
    build: {context: ., args: [PRODUCTION_DATABASE_URL]}
    environment: {ALSO: "y${PRODUCTION_DATABASE_URL}", PRODUCTION_DATABASE_URL: }
    ports: ["8000"]
    stop_signal: SIGKILL
`
	forkDockerfile = minimalDockerfile + "ARG PRODUCTION_DATABASE_URL\nLABEL leak=z$PRODUCTION_DATABASE_URL\n"
	forkConfig     = "source: ${PRODUCTION_DATABASE_URL}\npreview:\n  database: web\n  environment: {LEAK: " +
		"\"x${PRODUCTION_DATABASE_URL}\"}\n"
	forkSecret = "s3cret-of-the-job"
)

// forked is a job for a pull request of a stranger.
func forked(t *testing.T) *job {
	t.Helper()
	dir := minimal(t, "")
	write(t, filepath.Join(dir, "compose.yaml"), forkCompose)
	write(t, filepath.Join(dir, "Dockerfile"), forkDockerfile)
	write(t, filepath.Join(dir, config.Name), "project: "+projectName(dir)+"\n"+forkConfig)
	j := newJob(t, dir)
	j.noArchive = true
	j.pull.Fork = true
	j.repository.Put(j.pull)
	j.repository.PutFile("main", config.Name, "project: "+projectName(dir)+"\n")
	j.env = []string{"PRODUCTION_DATABASE_URL=postgres://u:" + forkSecret + "@127.0.0.1:1/shop"}
	return j
}

// push makes another commit of the pull request.
func (j *job) push() {
	j.Helper()
	git(j.T, j.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m",
		"more")
	j.pull.Commit = git(j.T, j.dir, "rev-parse", "HEAD")
	j.repository.Put(j.pull)
}

// served lists the commits of what runs.
func (j *job) served() string {
	j.Helper()
	var commits []string
	for _, c := range containers(j.T, "dev.offshoot.repository="+j.dir, "com.docker.compose.service=web") {
		if c.State == "running" {
			commits = append(commits, c.Labels["dev.offshoot.commit"])
		}
	}
	return strings.Join(commits, " ")
}

// labeled is the event of a label that somebody adds.
func (j *job) labeled(who string) map[string]any {
	event := j.event("labeled")
	event["sender"], event["label"] = map[string]any{"login": who}, map[string]any{"name": approveLabel}
	return event
}

func TestCi_AForkIsMadeWhenItsCommitIsApprovedAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	j := forked(t)
	first := j.pull.Commit
	for _, c := range []struct {
		name  string
		event map[string]any
	}{
		{"a stranger approves", j.says("mallory", "/preview approve "+first)},
		{"a stranger's label", j.labeled("mallory")},
		{"up alone", j.command("/preview up")},
		{"a short commit", j.command("/preview approve " + first[:12])},
		{"opened", j.event("opened")}, // whose comment stays
	} {
		if said := j.run(0, c.event); len(ours(t, j.dir)) > 0 {
			t.Fatalf("%s: left %q: %s", c.name, ours(t, j.dir), said)
		}
	}
	if !strings.Contains(j.comment(), "/preview approve "+first) {
		t.Errorf("comment %s", j.comment())
	}

	j.run(0, j.labeled("wendy"))
	if got := j.served(); got != first || !strings.Contains(j.comment(), "is ready") {
		t.Fatalf("serves %q, want %s: %s", got, first, j.comment())
	}
	j.seesNoSecret()

	j.push()
	j.run(0, j.event("synchronize"))
	j.run(0, j.command("/preview up"))
	j.run(0, j.command("/preview approve "+first)) // which is not the newest any more
	if got := j.served(); got != first ||
		!strings.Contains(j.comment(), "but the newest commit is "+j.pull.Commit[:10]) {
		t.Errorf("after a push: serves %q: %s", got, j.comment())
	}
	j.pull.Open = false
	j.repository.Put(j.pull)
	j.run(0, j.event("closed"))
	if left := ours(t, j.dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// seesNoSecret looks at the variables and labels of all containers.
func (j *job) seesNoSecret() {
	j.Helper()
	inspect := []string{"inspect"}
	for _, c := range containers(j.T, "dev.offshoot.repository="+j.dir) {
		inspect = append(inspect, c.ID)
	}
	seen, err := exec.Command("docker", inspect...).Output()
	if err != nil {
		j.Fatal(err)
	}
	for _, want := range []string{`"LEAK=x"`, `"ALSO=y"`, `"leak": "z"`} {
		if !strings.Contains(string(seen), want) {
			j.Errorf("no %s: the test looks for the secret in the wrong place", want)
		}
	}
	if strings.Contains(string(seen), forkSecret) || strings.Contains(j.comment(), forkSecret) {
		j.Errorf("the fork sees a secret of the job")
	}
}
