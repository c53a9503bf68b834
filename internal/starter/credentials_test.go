package starter

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestPipeline_TakesOnARoleAtAWSBeforeAnyKey(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"": "${{ vars.AWS_REGION }}", "eu-west-1": "eu-west-1",
		"${{ secrets.KEY }}": "${{ vars.AWS_REGION }}",
	} {
		w := parsed(t, Pipeline{Forge: "github", Remote: true, Region: region})
		if w.Permissions["id-token"] != "write" {
			t.Errorf("permissions %v", w.Permissions)
		}
		steps := w.Jobs["preview"].Steps
		role, up := steps[2], steps[3]
		if !regexp.MustCompile(`^aws-actions/configure-aws-credentials@[0-9a-f]{40}$`).MatchString(role.Uses) ||
			!strings.HasPrefix(role.If, "steps.ask.outputs.commit && ") {
			t.Errorf("step %+v", role)
		}
		if role.With["role-to-assume"] != "${{ vars.AWS_ROLE_ARN }}" || role.With["aws-region"] != want {
			t.Errorf("with %v", role.With)
		}
		for name := range up.Env {
			if strings.HasPrefix(name, "AWS_") { // an empty one would take the role's place
				t.Errorf("%s is set", name)
			}
		}
	}
	if text := first(t, Pipeline{Forge: "github"}); strings.Contains(text, "AWS") ||
		strings.Contains(text, "id-token") {
		t.Errorf("without machines: %s", text)
	}
}

// A job of a fork's pull request has no token for the role, and Dependabot's may
// have none. They have something to say all the same, and to succeed.
func TestPipeline_TakesOnNoRoleWhereGitHubGivesNoTokenForIt(t *testing.T) {
	t.Parallel()
	role := parsed(t, Pipeline{Forge: "github", Remote: true}).Jobs["preview"].Steps[2]
	const own = "github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == " +
		"github.repository"
	if !strings.Contains(role.If, own) || role.ContinueOnError != "${{ github.actor == 'dependabot[bot]' }}" {
		t.Errorf("step %+v", role)
	}
}

func TestPipeline_OfGitLabTakesOnARoleAtAWS(t *testing.T) {
	t.Parallel()
	text := first(t, Pipeline{Forge: "gitlab", Remote: true})
	var jobs map[string]struct {
		BeforeScript []string                        `yaml:"before_script"`
		Tokens       map[string]struct{ Aud string } `yaml:"id_tokens"`
	}
	if err := yaml.Load([]byte(text), &jobs); err != nil {
		t.Fatal(err)
	}
	job := jobs[".offshoot"]
	if job.Tokens["OFFSHOOT_ID_TOKEN"].Aud != "sts.amazonaws.com" {
		t.Errorf("tokens %v", job.Tokens)
	}
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	program := "#!/bin/sh\nprintf '%s|' \"$AWS_ROLE_ARN\" \"$AWS_ROLE_SESSION_NAME\" \"$OFFSHOOT_ID_TOKEN\"\n" +
		"[ -z \"$AWS_WEB_IDENTITY_TOKEN_FILE\" ] || stat -c %a \"$AWS_WEB_IDENTITY_TOKEN_FILE\"; cat " +
		"\"$AWS_WEB_IDENTITY_TOKEN_FILE\" 2>/dev/null; exit 0\n"
	if err := os.WriteFile(mine, []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	script := strings.Join(append(job.BeforeScript[1:], "offshoot ci"), "\n") // without installing anything
	env := []string{
		"OFFSHOOT_VERSION=v1.2.3", "OFFSHOOT_RELEASES=", "OFFSHOOT_BINARY=" + mine,
		"OFFSHOOT_ID_TOKEN=header.claims", "CI_JOB_ID=7",
	}
	for arn, want := range map[string]string{"arn:aws:iam::1:role/previews": "arn:aws:iam::1:role/previews|offshoot-7||600\nheader.claims", "": "|||"} {
		if said, err := bash(t, dir, script, append(env, "AWS_ROLE_ARN="+arn)...); err != nil || said != want {
			t.Errorf("%q: %v, said %s", arn, err, said)
		}
	}
	if text := first(t, Pipeline{Forge: "gitlab"}); strings.Contains(text, "AWS") ||
		strings.Contains(text, "id_tokens") {
		t.Errorf("without machines: %s", text)
	}
}
