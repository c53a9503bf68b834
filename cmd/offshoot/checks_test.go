package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/checks"
)

// compared is a checkout whose branch asks for each order by itself, where main asks for one.
func compared(t *testing.T, configuration string) (dir string) {
	t.Helper()
	dir = newCheckout(t, map[string]string{
		"compose.yaml": recordedCompose, "Dockerfile": recordedDockerfile, "archive.sql": tinyArchive,
		"orders": recordedPage("1"),
	})
	configure(t, dir, configuration)
	commit(t, dir, "main")
	git(t, dir, "branch", "main")
	fill(t, dir, map[string]string{"orders": recordedPage("1 2 3 4 5 6 7")})
	commit(t, dir, "each order")
	return dir
}

func commit(t *testing.T, dir, message string) {
	t.Helper()
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", message)
}

const (
	checkedOnly = "preview: {keep_templates: 0}\nchecks: {pages: [/cgi-bin/orders], "
	repeated    = "/cgi-bin/orders asks one statement 7 times in place of 1"
)

// The first run makes main's recording, and the second finds it.
func TestCi_ComparesWithMainAfterTheLinkIsPosted(t *testing.T) {
	t.Parallel()
	dir := compared(t, checkedOnly+"fail_on: [repeats]}\n")
	j := newJob(t, dir)
	said := j.run(exitCheckFailed, j.event("opened"))
	for _, want := range []string{
		"record what main's code asks", "beyond the limits of checks in offshoot.yaml: " + repeated,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in: %s", want, said)
		}
	}
	comment := j.comment()
	for _, want := range []string{
		"is ready", "| Queries | 1 page worse |", "| Beyond the limits | " + repeated,
		"What the code asks of the database, against main", "SELECT id FROM orders WHERE id = $1",
	} {
		if !strings.Contains(comment, want) {
			t.Errorf("no %q in:\n%s", want, comment)
		}
	}
	if strings.Contains(comment+said, "canary") {
		t.Error("a value is told")
	}
	var statuses []string
	for _, s := range j.repository.Statuses() {
		statuses = append(statuses, s.Context+" "+s.State+" "+s.Text)
	}
	want := []string{
		"offshoot/preview success the preview is ready",
		"offshoot/queries pending main's code and this are compared",
		"offshoot/queries failure " + repeated,
	}
	if diff := cmp.Diff(want, statuses[max(0, len(statuses)-3):]); diff != "" {
		t.Error(diff)
	}

	kept, err := filepath.Glob(filepath.Join(dir, "cache", "offshoot", "recordings", "*.json.gz"))
	if err != nil || len(kept) != 1 || !strings.Contains(kept[0], git(t, dir, "rev-parse", "main")) {
		t.Errorf("kept %q, %v", kept, err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "cache", "offshoot", "checkouts")); len(left) > 0 {
		t.Errorf("left of main's files: %v", left)
	}
	p := start(t, dir, nil, "up", "--pr", "7", "--archive", "archive.sql", "--json")
	if code := p.ends(); code != exitCheckFailed ||
		strings.Contains(p.stderr.String(), "record what main's code asks") {
		t.Errorf("exit %d: %s", code, p.stderr.String())
	}
	var answer struct {
		Result struct{ Checks *checks.Report }
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &answer); err != nil || answer.Result.Checks == nil ||
		len(answer.Result.Checks.Compared.Worse) != 1 || answer.Result.Checks.Compared.Worse[0].String() != repeated {
		t.Errorf("%v: %s", err, p.stdout.String())
	}
	for _, c := range containers(t, "dev.offshoot.repository="+dir) {
		if strings.Contains(c.Names[0], "-record-") {
			t.Errorf("left of a recording: %s", c.Names[0])
		}
	}
}
