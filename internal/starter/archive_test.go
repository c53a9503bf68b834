package starter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// nightly is the workflow that makes archives.
func nightly(t *testing.T, p Pipeline) string {
	t.Helper()
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files[1].Content
}

// makes is the script of that workflow.
func makes(t *testing.T, p Pipeline) string {
	t.Helper()
	var w struct {
		Jobs map[string]struct{ Steps []struct{ Run string } }
	}
	if err := yaml.Load([]byte(nightly(t, p)), &w); err != nil {
		t.Fatal(err)
	}
	steps := w.Jobs["archive"].Steps
	return steps[len(steps)-1].Run
}

// endsWith is an offshoot that is asked for the archive, and ends with that code.
const endsWith = `#!/bin/sh
test "$*" = "subset --to s3://b/f/ --keep 7 --check --score --report $9" || exit 99
echo made it >&2
[ %s = 0 ] || [ %s = 3 ] && echo '# report' >"$9"
exit %s
`

// What the job of every night says where people look, with an offshoot that ends so.
func TestArchive_TellsOfARunThatFailed(t *testing.T) {
	t.Parallel()
	for _, forge := range []string{"github", "gitea"} {
		script := "set -eo pipefail\n" + makes(t, Pipeline{Forge: forge})
		for code, want := range map[string][2]string{
			"0":  {"made it", "# report\n"},
			"1":  {"::error title=offshoot::there is no new archive, and previews load the last one: made it", "### ❌ No new archive"},
			"3":  {"::error title=offshoot::", "# report\n"},
			"12": {"::error title=offshoot::", "one.\n\n    made it\n"},
		} {
			dir := t.TempDir()
			program := fmt.Sprintf(endsWith, code, code, code)
			if err := os.WriteFile(filepath.Join(dir, "offshoot"), []byte(program), 0o755); err != nil {
				t.Fatal(err)
			}
			summary := filepath.Join(dir, "summary")
			said, err := bash(t, dir, script, "PATH="+dir+":"+os.Getenv("PATH"), "TMPDIR="+dir,
				"OFFSHOOT_ARCHIVE=s3://b/f/", "GITHUB_STEP_SUMMARY="+summary)
			shown, _ := os.ReadFile(summary)
			if (err == nil) != (code == "0") || !strings.Contains(said, want[0]) ||
				!strings.Contains(string(shown), want[1]) || code == "0" && strings.Contains(said, "::error") {
				t.Errorf("%s, exit %s: %v, said %s\nsummary %s", forge, code, err, said, shown)
			}
		}
		said, err := bash(t, t.TempDir(), script, "OFFSHOOT_ARCHIVE=")
		if err != nil || !strings.Contains(said, "nothing") {
			t.Errorf("%s without a bucket: %v, %s", forge, err, said)
		}
	}
}

// The two jobs of GitLab's schedules do not do each other's work, and without a
// bucket there is only the sweep.
func TestArchive_OfGitLabHasAScheduleOfItsOwn(t *testing.T) {
	t.Parallel()
	var jobs map[string]struct {
		Rules  []struct{ If string }
		Script []string
	}
	if err := yaml.Load([]byte(first(t, Pipeline{Forge: "gitlab"})), &jobs); err != nil {
		t.Fatal(err)
	}
	const own = `$CI_PIPELINE_SOURCE == "schedule" && $OFFSHOOT_JOB == "archive" && $OFFSHOOT_ARCHIVE`
	if rules := jobs["preview-archive"].Rules; len(rules) != 1 || rules[0].If != own {
		t.Errorf("archive by %v", rules)
	}
	if rules := jobs["preview-sweep"].Rules; len(rules) != 1 || !strings.HasSuffix(rules[0].If, `$OFFSHOOT_JOB != "archive"`) {
		t.Errorf("sweep by %v", rules)
	}
	if script := jobs["preview-archive"].Script; len(script) != 1 ||
		!strings.HasPrefix(script[0], `offshoot subset --to "$OFFSHOOT_ARCHIVE" --keep 7 --check --score`) {
		t.Errorf("runs %q", script)
	}
}
