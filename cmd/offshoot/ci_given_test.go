package main

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
)

// readOnly has the stand-in answer as GitHub does to a token that may only read.
func (j *job) readOnly() {
	j.repository.Fault = func(w http.ResponseWriter, request string) bool {
		if strings.HasPrefix(request, http.MethodGet+" ") {
			return false
		}
		http.Error(w, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
		return true
	}
}

func (j *job) configure(text string) {
	j.Helper()
	configure(j.T, j.dir, text)
}

// Dependabot's runs have a token that may only read, and no secrets.
func TestCi_DependabotsRunSaysWhatItCannotDoAndSucceeds(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	for name, c := range map[string]struct {
		config, says string
		writes       bool
	}{
		"no source is configured": {"", "may not write to the pull request, since Dependabot started it", false},
		"the source is a secret": {
			"source: ${PRODUCTION_DATABASE_URL}\n",
			"environment variable PRODUCTION_DATABASE_URL is empty", false,
		},
		"and the token may write": {
			"source: ${PRODUCTION_DATABASE_URL}\n",
			"environment variable PRODUCTION_DATABASE_URL is empty", true,
		},
		"the certificate has a key": {"preview:\n  domain: previews.example.com\n  acme: {dns: route53, store: " +
			"\"s3://b/c\"}\n", certificateVariable + " is not set", false},
		"the application has a secret": {
			"preview:\n  environment: {KEY: \"${SECRET}\"}\n",
			"environment variable SECRET is empty", false,
		},
	} {
		j := newJob(t, dir)
		j.pull.Author = ci.Dependabot
		j.repository.Put(j.pull)
		j.configure(c.config)
		j.noArchive, j.env = true, []string{
			"PRODUCTION_DATABASE_URL=", "SECRET=", certificateVariable + "=",
			"GITHUB_ACTOR=" + ci.Dependabot,
		}
		if !c.writes {
			j.readOnly()
		}
		if said := j.run(0, j.event("opened")); !strings.Contains(said, c.says) ||
			strings.Contains(said, "build and pull") ||
			strings.Contains(said, `\x0a`) || len(ours(t, j.dir)) > 0 {
			t.Errorf("%s: left %q, said %s", name, ours(t, j.dir), said)
		}
		if c.writes && !strings.Contains(j.comment(), "/preview up") {
			t.Errorf("%s: comment %s", name, j.comment())
		}
		j.pull.Open = false
		j.repository.Put(j.pull)
		if said := j.run(0, j.event("closed")); !strings.Contains(said, "down, pull request 7") {
			t.Errorf("%s: closed: %s", name, said)
		}
	}
}

// The jobs of a fork's pull request reach no machine: that of a close leaves it to
// the sweep. One for a command has what it needs, or is wrong.
func TestCiPreviews_LackTheKeysOfAWSWhereTheForgeGivesNone(t *testing.T) {
	t.Parallel()
	const hosted = "github-hosted"
	for name, c := range map[string]struct {
		provider string
		stranger bool
		kind     forge.EventKind
		env      map[string]string
		lacks    string
	}{
		"a fork's close":                {config.ProviderEC2, true, forge.Closed, nil, "a fork's"},
		"a fork's close, on the engine": {"", true, forge.Closed, nil, ""},
		"a command about a fork":        {config.ProviderEC2, true, forge.Commented, nil, ""},
		"Dependabot's, without a role": {
			config.ProviderEC2, false, forge.Closed,
			map[string]string{"GITHUB_ACTOR": ci.Dependabot, "RUNNER_ENVIRONMENT": hosted},
			"keys of AWS",
		},
		"Dependabot's, with a role": {
			config.ProviderEC2, false, forge.Closed,
			map[string]string{"GITHUB_ACTOR": ci.Dependabot, "RUNNER_ENVIRONMENT": hosted, "AWS_ACCESS_KEY_ID": "A"},
			"",
		},
		"Dependabot's, on one's own": {
			config.ProviderEC2, false, forge.Closed,
			map[string]string{"GITHUB_ACTOR": ci.Dependabot},
			"",
		},
		"Dependabot's, with an empty key": {
			config.ProviderEC2, false, forge.Closed,
			map[string]string{"GITHUB_ACTOR": ci.Dependabot, "AWS_ACCESS_KEY_ID": ""},
			"keys of AWS",
		},
		"anybody's, without a role": {
			config.ProviderEC2, false, forge.Closed,
			map[string]string{"RUNNER_ENVIRONMENT": hosted},
			"",
		},
	} {
		lookup := func(name string) (string, bool) { value, ok := c.env[name]; return value, ok }
		p := &ciPreviews{
			jobs: jobs{(&app{lookup: lookup}).above()}, cfg: &config.Config{Provider: c.provider}, stranger: c.stranger,
			event: forge.Event{Kind: c.kind},
		}
		if got := p.lacks(); (got == "") != (c.lacks == "") || !strings.Contains(got, c.lacks) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A stranger's comment has nothing of Dependabot's made, in a job that has secrets.
func TestHostile_ACommentWantsDependabotsCommitMadeWithSecrets(t *testing.T) {
	t.Parallel()
	j := newJob(t, tiny(t))
	j.pull.Author = ci.Dependabot
	j.repository.Put(j.pull)
	for _, text := range []string{"/preview up", "/preview x", "LGTM"} {
		if said := j.run(0, j.says("mallory", text)); !strings.Contains(said, "nothing") || len(ours(t, j.dir)) > 0 {
			t.Errorf("%s: %s", text, said)
		}
	}
}

// A repository's own run whose workflow lacks a right is a mistake, found before
// anything is spent.
func TestCi_AnOwnRunThatMayNotWriteFailsAtOnceAndSaysWhichRight(t *testing.T) {
	t.Parallel()
	j := newJob(t, tiny(t))
	j.readOnly()
	said := j.run(exitFailed, j.event("opened"))
	if !strings.Contains(said, "pull-requests: write") || strings.Contains(said, "build and pull") ||
		len(ours(t, j.dir)) > 0 {
		t.Errorf("left %q, said %s", ours(t, j.dir), said)
	}
}

// A secret that nobody set arrives as an empty string. A green preview with an
// empty database would hide that.
func TestCi_AnEmptySecretIsAFailureInEveryWayToNameIt(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	for name, c := range map[string]struct {
		config, env, says string
		file              bool
	}{
		"source": {
			config: "source: ${PRODUCTION_DATABASE_URL}\n", env: "PRODUCTION_DATABASE_URL=",
			says: "PRODUCTION_DATABASE_URL is empty",
		},
		"source, unset": {config: "source: ${NOBODYS_DATABASE_URL}\n", says: "NOBODYS_DATABASE_URL is not set"},
		"a part of source": {
			config: "source: postgres://u:${PASSWORD}@127.0.0.1:1/shop\n", env: "PASSWORD=",
			says: "PASSWORD is empty",
		},
		"OFFSHOOT_SOURCE": {env: "OFFSHOOT_SOURCE=", says: "OFFSHOOT_SOURCE is empty"},
		"environment": {
			config: "preview: {environment: {KEY: \"${SECRET}\"}}\n", env: "SECRET=",
			says: "SECRET is empty",
		},
		"another database": {
			config: "preview: {database: {databases: {stats: \"${STATS_DUMP}\"}}}\n",
			env:    "STATS_DUMP=", says: "STATS_DUMP is empty",
		},
		"build": {
			config: "preview: {build: {KEY: \"${SECRET}\"}}\n", env: "SECRET=",
			says: "SECRET is empty",
		},
		"with a file given": {config: "source: ${PRODUCTION_DATABASE_URL}\npreview: {environment: {KEY: " +
			"\"${SECRET}\"}}\n", env: "SECRET=", says: "SECRET is empty", file: true},
	} {
		j := newJob(t, dir)
		j.configure(c.config)
		j.noArchive, j.env = !c.file, []string{c.env}
		said := j.run(exitUsage, j.event("opened"))
		if !strings.Contains(said, c.says) || strings.Contains(said, "build and pull") || len(ours(t, j.dir)) > 0 {
			t.Errorf("%s: left %q, said %s", name, ours(t, j.dir), said)
		}
	}
}

// An archive that is named and empty is a mistake as well.
func TestCi_AnEmptyArchiveIsAMistake(t *testing.T) {
	_, errs, code := capturedWith(t, os.LookupEnv, "ci", "--archive", "")
	if code != exitUsage || !strings.Contains(errs, "--archive is empty") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// A fork's pipeline in its own project has no token for the merge request. One that
// it has is for another, of the same number.
func TestCi_AForksPipelineOnGitLabSucceedsInItsOwnProject(t *testing.T) {
	env := map[string]string{
		"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example", "CI_API_V4_URL": "http://127.0.0.1:1/api/v4",
		"CI_PROJECT_PATH":    "mallory/shop",
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7",
		"CI_COMMIT_SHA": strings.Repeat("a", 40),
		"CI_PROJECT_ID": "2", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_MERGE_REQUEST_PROJECT_ID": "1",
	}
	lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	if _, errs, code := capturedWith(t, lookup, "ci"); code != exitDone ||
		!strings.Contains(errs, "project of a fork") {
		t.Errorf("exit %d: %s", code, errs)
	}
	env["GITLAB_TOKEN"] = "glpat-of-the-fork"
	if _, errs, code := capturedWith(t, lookup, "ci"); code != exitDone ||
		!strings.Contains(errs, "project of a fork") {
		t.Errorf("with a token: exit %d: %s", code, errs)
	}
	delete(env, "GITLAB_TOKEN")
	env["CI_PROJECT_ID"] = "1" // in the project itself that is a mistake
	if _, errs, code := capturedWith(t, lookup, "ci"); code != exitUsage {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// A merge train's pipeline is of a commit that has its preview, and has checked out
// what the merge would be: it makes nothing anew, nor holds up the train.
func TestApp_AMergeTrainAsksForNothingAgain(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{"detached": true, "merged_result": true, "": true, "merge_train": false} {
		a := &app{lookup: lookup("CI_PIPELINE_SOURCE", "merge_request_event", "CI_MERGE_REQUEST_EVENT_TYPE", kind)}
		if got := (jobs{a.above()}).again(); got != want {
			t.Errorf("%s: %v", kind, got)
		}
	}
}
