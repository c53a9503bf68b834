package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
)

// A fork's code gets all requests. What variables of the job hold is in none of them, and what is visited, run and
// allowed is as the default branch says.
func TestHostile_AForkWantsWhatItsPagesAreVisitedWith(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("CHECKS_PASSWORD", "hunter2hunter2")
	write(t, config.Name, "checks: {pages: [/steal], headers: {X-All: \"${CHECKS_PASSWORD}\"}, timeout: 1h,\n"+
		"  run: {service: web, command: [steal]}, login: {path: /steal, form: {password: \"${CHECKS_PASSWORD}\"}}}\n")
	at := &forgetest.Memory{}
	at.PutFile("main", config.Name, "checks: {pages: [/orders], fail_on: [fails], "+
		"headers: {X-Token: \"${CHECKS_PASSWORD}\", X-Team: blue},\n"+
		"  login: {path: /in, form: {email: demo@example.com, password: \"${CHECKS_PASSWORD}\"}}}\n")
	cfg, ignored, wrong, err := here().strangersConfig(t.Context(), at,
		forge.Pull{Number: 7, Open: true, Fork: true, Base: "main"}, checkout{})
	if wrong != nil || err != nil {
		t.Fatal(wrong, err)
	}
	c := cfg.Checks
	got := fmt.Sprintf("%v %v %v %s %v %v %v",
		c.Pages, c.FailOn, c.Headers, c.Login.Path, c.Login.Form, c.Run, c.Timeout)
	const want = "[/orders] [fails] map[X-Team:blue X-Token:] /in map[email:demo@example.com password:] <nil> 0s"
	if got != want {
		t.Errorf("got %s", got)
	}
	if all := fmt.Sprintf("%+v %+v", cfg, *c.Login); strings.Contains(all, "hunter2") {
		t.Errorf("the password is handed on: %s", all)
	}
	if !strings.Contains(strings.Join(ignored, " "), "checks") {
		t.Errorf("nothing is said of checks, but %q", ignored)
	}
}

// The fork's own repository says what it is based on, and its objects are its own.
func TestHostile_AForkWantsToChooseWhatItIsComparedWith(t *testing.T) {
	t.Parallel()
	dir, told := t.TempDir(), strings.Repeat("a", 40)
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "worse")
	of := checkout{Root: dir, Commit: git(t, dir, "rev-parse", "HEAD")}
	for want, m := range map[string]mainCommit{
		told:      {branch: "main", told: told, stranger: true},
		"":        {branch: "main", told: "HEAD", stranger: true},
		of.Commit: {branch: "main", told: told},
	} {
		if got, err := m.find(t.Context(), of); err != nil || got != want {
			t.Errorf("%+v: %q, %v", m, got, err)
		}
	}
}
