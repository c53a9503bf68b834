package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// guardedResult is an up whose preview wants a sign-in.
func guardedResult() *provision.Result {
	return &provision.Result{
		Preview: provision.Preview{PullRequest: 7},
		Links:   []provision.Link{{Service: "web", URL: "https://pr-7.test/"}},
		Access: &provision.Access{
			Token: "token%of the\npreview", Password: "correct-horse-battery",
			Links: []provision.Link{{Service: "web", URL: "https://pr-7.test/.offshoot/in?t=0123456789"}},
		},
	}
}

// reported is what a job of a CI system comments, and what it has printed.
func reported(t *testing.T, cfg *config.Config, system string, result *provision.Result) (comment, log string) {
	t.Helper()
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock")) // nobody has to say what serves
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := &app{stderr: file, lookup: lookup("GITHUB_ACTIONS", system), secrets: &ui.Secrets{}, environ: os.Environ()}
	u := a.newUI()
	p := &ciPreviews{jobs: jobs{a.above()}, ui: u, cfg: cfg, git: checkout{Root: "/shop"}, forge: &forgetest.Memory{}}
	p.draw(smallReport)
	r := p.report(t.Context(), result.Preview, result, nil, nil)
	r.State = report.Ready
	showResult(u, result, false) // as up does afterwards
	u.Close()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return report.Markdown(r, a.secrets.Redact), string(text)
}

func TestCiReport_WhatLetsInIsMaskedBeforeAnythingIsPrinted(t *testing.T) {
	result := guardedResult()
	comment, log := reported(t, &config.Config{}, "true", result)
	for _, want := range []string{
		"::add-mask::correct-horse-battery\n", "::add-mask::token%25of the%0Apreview\n",
		"::add-mask::https://pr-7.test/.offshoot/in?t=0123456789\n",
	} {
		if strings.Count(log, want) != 1 {
			t.Errorf("no %q in the log: %s", want, log)
		}
	}
	_, after, _ := strings.Cut(log, "in?t=0123456789\n")
	for _, secret := range []string{result.Access.Password, result.Access.Token, "0123456789"} {
		if strings.Contains(after, secret) || strings.Contains(comment, secret) {
			t.Errorf("%q is in the log %s or in the comment %s", secret, after, comment)
		}
	}
	if !strings.Contains(comment, "(<https://pr-7.test/>)") || !strings.Contains(comment, "offshoot open --pr 7") {
		t.Errorf("comment %s", comment)
	}
	if _, log := reported(t, &config.Config{}, "", result); strings.Contains(log, "::add-mask") ||
		strings.Contains(log, result.Access.Password) {
		t.Errorf("elsewhere: %s", log)
	}
}

func TestCiReport_SharesTheLinkOnRequestAndThePasswordNever(t *testing.T) {
	result := guardedResult()
	comment, log := reported(t, &config.Config{Pulls: config.Pulls{Share: true}}, "true", result)
	if !strings.Contains(comment, "(<"+result.Access.Links[0].URL+">)") || strings.Contains(comment, "offshoot open") {
		t.Errorf("comment %s", comment)
	}
	if strings.Count(log, result.Access.Password) != 1 ||
		!strings.Contains(log, "::add-mask::"+result.Access.Password+"\n") {
		t.Errorf("log %s", log)
	}
	open := guardedResult()
	open.Access = nil
	if comment, log := reported(t, &config.Config{}, "true", open); strings.Contains(comment, "sign") ||
		strings.Contains(log, "::") {
		t.Errorf("without a sign-in: log %s, comment %s", log, comment)
	}
}

func TestCiReport_DrawsTheTablesOnRequest(t *testing.T) {
	for want, cfg := range map[bool]*config.Config{true: {Pulls: config.Pulls{Graph: true}}, false: {}} {
		comment, _ := reported(t, cfg, "true", guardedResult())
		if got := strings.Contains(comment, "```mermaid\nflowchart LR\n") &&
			strings.Contains(comment, "orders"); got != want {
			t.Errorf("graph %v: %s", want, comment)
		}
	}
}
