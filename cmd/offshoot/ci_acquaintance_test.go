package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	forges "github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// renamed is a job of a checkout that was cloned when the repository had another
// name.
func renamed(t *testing.T) (*job, string) {
	t.Helper()
	dir := minimal(t, "")
	git(t, dir, "remote", "add", "origin", "https://github.test/acme/old.git")
	j := newJob(t, dir)
	j.noArchive = true
	return j, dir
}

func newName(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "remote", "set-url", "origin", "https://github.test/acme/shop.git")
}

// ofProject lists what is of the checkout's project, whoever owns it.
func ofProject(t *testing.T, dir string) []string {
	t.Helper()
	return labelled(t, "dev.offshoot.project="+projectName(dir))
}

func TestCi_FindsThePreviewsOfARenamedRepository(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(j *job){
		"closed": func(j *job) { j.run(0, j.event("closed")) },
		"swept":  func(j *job) { j.run(0, map[string]any{"schedule": "23 * * * *"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, dir := renamed(t)
			j.run(0, j.event("opened"))
			before := ofProject(t, dir)
			newName(t, dir)
			if said := j.run(0, j.command("/preview reset")); !strings.Contains(said,
				"when the repository was github.test/acme/old") {
				t.Errorf("an update says: %s", said)
			}
			if after := ofProject(t, dir); len(after) != len(before) || len(before) == 0 {
				t.Errorf("an update turned %q into %q", before, after)
			}
			j.pull.Open = false
			j.repository.Put(j.pull)
			end(j)
			if left := ofProject(t, dir); len(left) > 0 || !strings.Contains(j.comment(), "is removed") ||
				len(j.repository.Deployments()) > 0 {
				t.Errorf("left %q, deployments %+v, comment %s", left, j.repository.Deployments(), j.comment())
			}
		})
	}
}

// A preview that was made by hand bears no number: the forge is asked about the
// name that it bears.
func TestCi_SaysRemovedOnlyOfWhatItRemoved(t *testing.T) {
	t.Parallel()
	j, dir := renamed(t)
	offshoot(t, dir, 0, "up", "--pr", "7")
	newName(t, dir)
	j.pull.Open = false
	j.repository.Put(j.pull)
	if said := j.run(exitUsage, j.event("closed")); !strings.Contains(said,
		"is one of github.test/acme/old, not of github.test/acme/shop") {
		t.Errorf("of another repository: %s", said)
	}
	if left := ofProject(t, dir); len(left) == 0 || len(j.repository.Comments(7)) > 0 {
		t.Errorf("left %q, comments %+v", left, j.repository.Comments(7))
	}
	j.repository.Formerly = []string{"acme/old"}
	j.run(0, j.event("closed"))
	if left := ofProject(t, dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestDown_AsksTheForgeForAFormerName(t *testing.T) {
	t.Parallel()
	j, dir := renamed(t)
	offshoot(t, dir, 0, "up", "--pr", "7")
	newName(t, dir)
	if said := offshoot(t, dir, exitUsage, "down", "--pr", "7").stderr.String(); !strings.Contains(said,
		"former name") {
		t.Errorf("without a token: %s", said)
	}
	j.repository.Formerly = []string{"acme/old"}
	j.asked(0, "down", "--pr", "7")
	if left := ofProject(t, dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// swept is a machine of pull request 7, with all that was said of it.
func swept(t *testing.T, expires time.Duration) (*farJob, string) {
	t.Helper()
	j := newFarJob(t, standin.Options{Seed: 1})
	j.claim("### 🌱 Preview pr-7 of shop is ready\n")
	return j, j.launch(expires)
}

func (j *farJob) launch(expires time.Duration) string {
	return j.cloud.Launch(map[string]string{
		machine.LabelPreview: "shop-pr-7", machine.LabelRepository: "github.com/acme/shop",
		"dev.offshoot.name": "pr-7", "dev.offshoot.project": "shop",
		"dev.offshoot.pull-request": "7", machine.LabelExpires: time.Now().Add(expires).UTC().Format(time.RFC3339),
	})
}

// claim has our comment say something, and a deployment beside it.
func (j *farJob) claim(text string) {
	j.Helper()
	f, err := forge.Open(forge.Location{Kind: forge.GitHub, API: os.Getenv("GITHUB_API_URL"), Repository: "acme/shop"},
		forge.Options{Token: forges.Token})
	if err == nil {
		err = f.Comment(j.Context(), 7, forge.Comment{Marker: "shop-pr-7", Text: text})
	}
	if err == nil {
		err = f.(forge.Deployer).Deploy(j.Context(),
			forge.Deployment{Environment: "preview/shop-pr-7", Commit: j.pull.Commit, State: forge.Success})
	}
	if err != nil {
		j.Fatal(err)
	}
}

func TestCiFar_ASweptMachineIsSaidOnThePullRequest(t *testing.T) {
	for name, c := range map[string]struct {
		expires time.Duration
		open    bool
		says    string
	}{
		"closed":  {time.Hour, false, "pull request 7 is not open"},
		"expired": {-time.Minute, true, "expired on"},
	} {
		t.Run(name, func(t *testing.T) {
			j, id := swept(t, c.expires)
			j.pull.Open = c.open
			j.forge.Put(j.pull)
			said := j.run(exitDone, map[string]any{"schedule": "23 * * * *"})
			if !strings.Contains(said, fmt.Sprintf("removed machine %s", id)) || len(j.leftMachines()) > 0 {
				t.Errorf("left %q: %s", j.leftMachines(), said)
			}
			if all := strings.Join(j.comments(), ""); !strings.Contains(all, "Preview pr-7 of shop is removed") ||
				!strings.Contains(all, c.says) {
				t.Errorf("comments %s", all)
			}
			if left := j.forge.Deployments(); len(left) > 0 {
				t.Errorf("deployments %+v", left)
			}
		})
	}
}

// Nobody is told when a machine ends itself, or EC2 takes it back: the next sweep
// finds out.
func TestCiFar_AMachineThatEndedItselfIsSaidOnThePullRequest(t *testing.T) {
	for name, c := range map[string]struct {
		says    string
		machine bool
		mended  bool
	}{
		"gone":        {"### 🌱 Preview pr-7 of shop is ready\n", false, true},
		"still there": {"### 🌱 Preview pr-7 of shop is ready\n", true, false},
		"on its way":  {"### 🔨 Preview pr-7 of shop is being made\n", false, false},
		"not claimed": {"### 🍂 Preview pr-7 of shop is removed\n", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := newFarJob(t, standin.Options{Seed: 1})
			j.claim(c.says)
			if c.machine {
				j.launch(time.Hour)
			}
			j.run(exitDone, map[string]any{"schedule": "23 * * * *"})
			all := strings.Join(j.comments(), "")
			if mended := strings.Contains(all, "is removed") &&
				strings.Contains(all, "ended by itself"); mended != c.mended {
				t.Errorf("comments %s", all)
			}
			if left := j.forge.Deployments(); (len(left) == 0) != c.mended {
				t.Errorf("deployments %+v", left)
			}
		})
	}
}

// A sweep reads the default branch's configuration. What it cannot see has not
// ended.
func TestCiPreviews_APreviewOfAnotherPlaceHasNotEnded(t *testing.T) {
	t.Parallel()
	const far = "i-0123456789abcdef0 (t3.small, eu-west-1a)"
	for _, c := range []struct {
		machine, provider, region string
		want                      bool
	}{
		{"", config.ProviderEC2, "eu-west-1", true},
		{far, config.ProviderEC2, "eu-west-1", true},
		{far, config.ProviderEC2, "", true},
		{far, config.ProviderEC2, "us-east-1", false},
		{far, "", "", false},
		{thisComputer(), "", "", true},
		{thisComputer(), config.ProviderEC2, "eu-west-1", false},
		{"another." + thisComputer(), "", "", false},
	} {
		p := &ciPreviews{
			jobs: jobs{(&app{lookup: lookup()}).above()},
			cfg:  &config.Config{Provider: c.provider, EC2: config.EC2{Region: c.region}},
		}
		text := report.Markdown(report.Report{
			Preview: "pr-7 of shop", State: report.Ready, Commit: "abc",
			Machine: c.machine,
		}, func(s string) string { return s })
		if got := p.inReach(text); got != c.want || !claimsToServe(text) {
			t.Errorf("%+v: %v, by %s", c, got, text)
		}
	}
}
