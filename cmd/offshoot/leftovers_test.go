package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/soak"
)

func TestPreview_AFailedMigrationShowsItsEndAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := minimal(t, ", migrate: {service: tool}, rehearse: false")
	p := offshoot(t, dir, 3, "up")
	for _, want := range []string{
		"fail migrate", `| ERROR:  column "paid" of relation "orders" already exists`,
		"offshoot: up feature: migrate: tool: ",
	} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q:\n%s", want, p.stderr.String())
		}
	}
	if p.stdout.Len() > 0 {
		t.Errorf("stdout is %q", p.stdout.String())
	}
	if left := ours(t, dir); len(left) > 0 {
		t.Errorf("left on the engine: %q", left)
	}
}

func TestPreview_LeavesAFailedOneForALookOnRequest(t *testing.T) {
	t.Parallel()
	dir := minimal(t, ", migrate: {service: tool}, rehearse: false")
	p := offshoot(t, dir, 3, "up", "--pr", "4", "--keep")
	if !strings.Contains(p.stderr.String(), "left as it is, on request") {
		t.Errorf("stderr says %s", p.stderr.String())
	}
	if got := offshoot(t, dir, 0, "list").stdout.String(); !strings.Contains(got, "incomplete") {
		t.Errorf("list prints %s", got)
	}
	if got := offshoot(t, dir, 0, "down", "--all", "--json").stdout.String(); !strings.Contains(got,
		`"containers": [`) {
		t.Errorf("down prints %s", got)
	}
}

func TestPreview_KilledDownRemovesEverything(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	steps := []string{"build and pull", "load archive", "route"}
	// Package provision dies at every step.
	for _, at := range soak.Steps(t, len(steps), 1) {
		p := start(t, dir, nil, "up", "--archive", "archive.sql")
		if !p.says("...  " + steps[at] + "\n") {
			t.Fatalf("never came to %s: %s", steps[at], p.stderr.String())
		}
		p.signal(syscall.SIGKILL)
		p.ends()
		offshoot(t, dir, 0, "down")
		if left := ours(t, dir); len(left) > 0 {
			t.Errorf("killed at %s, down leaves %q", steps[at], left)
		}
	}
}

func TestPreview_InterruptedCleansUpItself(t *testing.T) {
	t.Parallel()
	dir := minimal(t, "")
	for _, step := range []string{"database", "wait until ready"} {
		p := start(t, dir, nil, "up")
		if !p.says("...  " + step + "\n") {
			t.Fatalf("never came to %s: %s", step, p.stderr.String())
		}
		p.signal(os.Interrupt)
		if got := p.ends(); got != 130 {
			t.Errorf("interrupted at %s: exit code %d, want 130\n%s", step, got, p.stderr.String())
		}
		if !strings.HasSuffix(p.stderr.String(), "offshoot: interrupted\n") {
			t.Errorf("the last words are %q", p.stderr.String())
		}
		if left := ours(t, dir); len(left) > 0 {
			t.Errorf("interrupted at %s, left: %q", step, left)
		}
	}
}
