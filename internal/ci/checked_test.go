package ci_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
)

func TestRunner_SaysBesideTheCommitWhatTheCodeAsks(t *testing.T) {
	b := newBench(t)
	b.runner.Redact = strings.ToUpper
	of := func(commit string) forge.Status { return b.forge.StatusOf(commit, "offshoot/queries") }
	b.machine.checks = &report.Checks{Headline: "no main", Missing: true}
	b.handle(forge.Event{Kind: forge.Opened, Commit: newest})
	if s := of(newest); s != (forge.Status{}) || !strings.Contains(b.comment(), "| Queries | NO MAIN |") {
		t.Errorf("nothing was compared: %+v, %s", s, b.comment())
	}

	b.machine.checks = &report.Checks{Headline: "1 page worse", Lines: []string{"/a reads"}}
	told := 0
	b.machine.serving = func() {
		told++
		if s := of(older); s.State != forge.Pending || b.status(older) != forge.Success ||
			!strings.Contains(b.comment(), "| Queries | COMPARED |") {
			t.Errorf("while it goes on: %+v, %s", s, b.comment())
		}
	}
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = older })
	b.handle(forge.Event{Kind: forge.Pushed, Commit: older})
	if s := of(older); told != 1 || s.State != forge.Success || s.Text != "1 PAGE WORSE" {
		t.Errorf("told %d times, %+v", told, s)
	}
	for _, want := range []string{"| Queries | 1 PAGE WORSE |", "<details>", "/A READS"} {
		if !strings.Contains(b.comment(), want) {
			t.Errorf("no %q in %s", want, b.comment())
		}
	}

	b.machine.serving, b.machine.checks.Exceeded = nil, []string{"too many"}
	b.forge.Change(7, func(p *forge.Pull) { p.Commit = newest })
	b.handle(forge.Event{Kind: forge.Pushed, Commit: newest})
	if s := of(newest); s.State != forge.Failure || s.Text != "TOO MANY" || b.status(newest) != forge.Success {
		t.Errorf("beyond the limits: %+v", s)
	}
}
