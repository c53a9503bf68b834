package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rewriting is the tiny shop with a migration that rewrites its table, which the configuration does not allow.
func rewriting(t *testing.T) (dir string) {
	t.Helper()
	compose := strings.Replace(tinyCompose, "ALTER TABLE orders ADD COLUMN paid boolean",
		"SET lock_timeout = '200ms'; ALTER TABLE orders ADD c timestamptz DEFAULT clock_timestamp()", 1)
	dir = newCheckout(t, map[string]string{
		"compose.yaml": compose, "Dockerfile": tinyDockerfile, "archive.sql": tinyArchive,
	})
	configure(t, dir, "preview: {migrate: {service: tool}, keep_templates: 0}\nrehearse: {fail_on: [rewrite]}\n")
	return dir
}

const (
	rewrites = "statement 2 rewrites orders, builds orders_pkey"
	beyond   = "beyond the limits of rehearse in offshoot.yaml: " + rewrites
)

func TestCi_PostsTheLinkBeforeTheRehearsalEndsAndFailsBeyondItsLimits(t *testing.T) {
	t.Parallel()
	dir := rewriting(t)
	j := newJob(t, dir)
	if said := j.run(exitCheckFailed, j.event("opened")); !strings.Contains(said, beyond) {
		t.Errorf("it does not say why it fails: %s", said)
	}
	var statuses []string
	for _, s := range j.repository.Statuses() {
		statuses = append(statuses, s.Context+" "+s.State+" "+s.Text)
	}
	if len(statuses) < 3 {
		t.Fatalf("%q", statuses)
	}
	want := []string{
		"offshoot/preview success the preview is ready",
		"offshoot/rehearsal pending under way, on a clone of the database",
		"offshoot/rehearsal failure " + rewrites,
	}
	if diff := cmp.Diff(want, statuses[len(statuses)-3:]); diff != "" {
		t.Error(diff)
	}
	comment := j.comment()
	for _, want := range []string{"is ready", "| Rehearsal | ", "| Beyond the limits | statement 2 rewrites orders, "} {
		if !strings.Contains(comment, want) {
			t.Errorf("no %q in:\n%s", want, comment)
		}
	}
	if all := j.repository.Deployments(); len(all) != 1 || !strings.Contains(get(t, all[0].URL), "tiny shop") ||
		!strings.Contains(comment, all[0].URL) {
		t.Errorf("deployments %+v, comment %s", all, comment)
	}
}

func TestUp_ExitsBeyondTheLimitsOfTheRehearsalAndThePreviewStays(t *testing.T) {
	t.Parallel()
	dir := rewriting(t)
	p := offshoot(t, dir, exitCheckFailed, "up", "--archive", "archive.sql")
	if !strings.Contains(p.stderr.String(), beyond) {
		t.Errorf("it does not say why it fails: %s", p.stderr.String())
	}
	if body := get(t, strings.TrimSpace(p.stdout.String())); !strings.Contains(body, "tiny shop") {
		t.Errorf("%s answers %q", p.stdout.String(), body)
	}
}
