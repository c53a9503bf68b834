package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/forge"
	forges "github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// farJob is a job for pull request 7 of a checkout whose previews are on EC2,
// with stand-ins of the cloud and of GitHub.
type farJob struct {
	*testing.T
	cloud *standin.Cloud
	forge *forges.Repository
	pull  forge.Pull
}

func newFarJob(t *testing.T, options standin.Options) *farJob {
	t.Helper()
	j := &farJob{T: t, cloud: onEC2(t, options), forge: &forges.Repository{JobToken: true}}
	ec2Checkout(t)
	git(t, ".", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "first")
	j.pull = forge.Pull{
		Number: 7, Title: "a change", Author: "ann", Branch: "feature", Base: "main",
		Commit: git(t, ".", "rev-parse", "HEAD"), Open: true,
	}
	j.forge.Put(j.pull)
	j.forge.Allow("wendy", "write")
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": j.forge.GitHub(t).URL + "/api/v3",
		"GITHUB_REPOSITORY": "acme/shop", "GITHUB_TOKEN": forges.Token,
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": "",
		"GITHUB_EVENT_NAME": "", "OFFSHOOT_FORGE_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	return j
}

// run runs the job for an event, and returns what it said.
func (j *farJob) run(exit int, event map[string]any) string {
	j.Helper()
	content, err := json.Marshal(event)
	if err != nil {
		j.Fatal(err)
	}
	file := filepath.Join(j.TempDir(), "event.json")
	write(j.T, file, string(content))
	out, errs, code := capturedWith(j.T, os.LookupEnv, "ci", "--event", file)
	if code != exit {
		j.Fatalf("exit %d, want %d: %s%s", code, exit, out, errs)
	}
	return out + errs
}

func (j *farJob) opened() map[string]any {
	return map[string]any{
		"action": "opened", "number": 7, "sender": map[string]any{"login": "ann"},
		"pull_request": map[string]any{"number": 7, "head": map[string]any{"sha": j.pull.Commit}},
	}
}

func (j *farJob) command(text string) map[string]any {
	return map[string]any{
		"action": "created", "issue": map[string]any{"number": 7, "pull_request": map[string]any{}},
		"comment": map[string]any{"id": 900, "body": text, "user": map[string]any{"login": "wendy"}},
	}
}

func (j *farJob) comments() (bodies []string) {
	for _, c := range j.forge.Comments(7) {
		bodies = append(bodies, c.Body)
	}
	return bodies
}

// leftMachines lists what costs.
func (j *farJob) leftMachines() (left []string) {
	for _, id := range j.cloud.Left() {
		if !strings.HasPrefix(id, "sg-") {
			left = append(left, id)
		}
	}
	return left
}

func TestCiFar_ExtendsFromTheEndThatTheMachineHas(t *testing.T) {
	j := newFarJob(t, standin.Options{Seed: 1})
	launched(j.cloud, "7", "http://7.example.com/", j.pull.Commit)
	if _, errs, code := captured(t, "stop", "--pr", "7"); code != exitDone { // whose timer nobody has to tell
		t.Fatalf("stop: exit %d: %s", code, errs)
	}
	j.run(exitDone, j.command("/preview extend 24h"))
	want := time.Now().Add(29 * time.Hour).UTC()
	if all := j.comments(); len(all) != 1 || !strings.Contains(all[0], "it lives until "+want.Format("Mon 2 Jan, ")) {
		t.Errorf("comments %q", all)
	}
	if out, _, _ := captured(t, "list"); !strings.Contains(out, "in 29h") {
		t.Errorf("list: %s", out)
	}
	j.cloud.Deny("CreateTags")
	if said := j.run(exitFailed, j.command("/preview extend 24h")); !strings.Contains(said, "CreateTags") {
		t.Errorf("without the right: %s", said)
	}
}

func TestCiFar_ReportsTheConsoleOfAMachineThatDoesNotBoot(t *testing.T) {
	j := newFarJob(t, standin.Options{Seed: 1, Pending: 500 * time.Millisecond})
	j.cloud.FailBoot("Server.InternalError: it broke", "first line\nkernel panic\n")
	j.run(exitFailed, j.opened())
	all := strings.Join(j.comments(), "")
	for _, want := range []string{"could not be made", "machine of its own", "kernel panic", "Server.InternalError"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	if left := j.leftMachines(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Neither who closes nor who pushes while a machine boots finds the comment of
// a run that came too late.
func TestCiFar_AnEventDuringTheBootEndsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*forge.Pull)
		says   string
	}{
		"closed": {func(p *forge.Pull) { p.Open = false }, "the pull request is closed"},
		"pushed": {func(p *forge.Pull) { p.Commit = strings.Repeat("b", 40) }, "there is a newer commit"},
	} {
		t.Run(name, func(t *testing.T) {
			j := newFarJob(t, standin.Options{Seed: 1, Pending: 100 * time.Millisecond})
			j.cloud.FailBoot("Server.InternalError: it broke", "kernel panic\n")
			j.cloud.Fault(func(_ int, action string) standin.Fault {
				if action == "RunInstances" {
					c.change(&j.pull)
					j.forge.Put(j.pull)
				}
				return standin.Fault{}
			})
			if said := j.run(exitDone, j.opened()); !strings.Contains(said,
				"stopped: up pr-7: not wanted any more: "+c.says) {
				t.Errorf("said %s", said)
			}
			if all := strings.Join(j.comments(), ""); strings.Contains(all, "could not be made") ||
				len(j.leftMachines()) > 0 {
				t.Errorf("left %q, comment %s", j.leftMachines(), all)
			}
		})
	}
}

func TestFailure_OfARunOnAMachineHasItsLog(t *testing.T) {
	p := &ciPreviews{}
	p.observe(provision.Event{Step: provision.StepMigrate, Kind: provision.Failed})
	err := remote.Outcome{
		Exit: 3, Error: "up pr-7: migrate: tool: exit 1", Part: "tool",
		Tail: []string{"no such table"}, Hints: []string{"mend it"},
	}.Err()
	want := &report.Failure{
		Step: "migrate", Service: "tool", Error: "up pr-7: migrate: tool: exit 1",
		Hints: []string{"mend it"}, Log: []string{"no such table"},
	}
	if diff := cmp.Diff(want, p.failure(fmt.Errorf("up pr-7: %w", err))); diff != "" {
		t.Error(diff)
	}
	if got := p.failure(hint.Wrap(errors.New("lost"), "try again")); got.Log != nil || got.Error != "lost" {
		t.Errorf("another error: %+v", got)
	}
}

// A run that was lost has labelled its machine with what it was to make.
func TestCiFar_WhatServesIsWhatTheLastGoodUpMade(t *testing.T) {
	for serves, want := range map[string]string{
		"":                       "up, pull request 7 at ",
		strings.Repeat("a", 40):  "what serves is outdated",
		"the pull request's own": "it serves this commit",
	} {
		j := newFarJob(t, standin.Options{Seed: 1})
		launched(j.cloud, "7", "http://7.example.com/",
			strings.ReplaceAll(serves, "the pull request's own", j.pull.Commit))
		event := j.opened()
		event["action"], event["label"] = "labeled", map[string]any{"name": "bug"}
		content, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "event.json")
		write(t, file, string(content))
		if out, errs, code := capturedWith(t, os.LookupEnv, "ci", "--dry-run", "--event", file); code != exitDone ||
			!strings.Contains(errs, want) {
			t.Errorf("%q: exit %d, want %s: %s%s", serves, code, want, out, errs)
		}
	}
}

// Work is announced before anybody looks what there is: the comment must not say
// for ever that the preview is being made.
func TestCiFar_WhatCannotBeLookedAtIsSaidToHaveFailed(t *testing.T) {
	j := newFarJob(t, standin.Options{Seed: 1})
	j.cloud.Fault(func(int, string) standin.Fault { return standin.Fault{Code: "UnauthorizedOperation"} })
	j.run(exitFailed, j.opened())
	if all := strings.Join(j.comments(), ""); !strings.Contains(all, "could not be made") ||
		!strings.Contains(all, "identify the preview") {
		t.Errorf("comments %s", all)
	}
}
