package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Where nothing is there, no source, no engine, no repository, each command says what to do next.
func TestCommands_SayWhatToDoWhereNothingIsThere(t *testing.T) {
	dir := t.TempDir()
	tried := 0
	each((&app{}).root(), func(c *cobra.Command) {
		switch c.Name() {
		case "offshoot", "help", "version", "completion", "bash", "zsh", "fish", "powershell", "init", "doctor":
			return // these have something to say in any folder
		}
		if !c.Runnable() {
			return
		}
		tried++
		args := strings.Fields(c.CommandPath())[1:]
		cmd := exec.Command(programPath(t), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DOCKER_HOST=unix:///nonexistent.sock", "OFFSHOOT_ARCHIVE=", "GITHUB_ACTIONS=",
			"GITLAB_CI=", "GITEA_ACTIONS=", "AWS_EC2_METADATA_DISABLED=true")
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), "\nhint: ") {
			t.Errorf("%s: %v, and no hint:\n%s", c.CommandPath(), err, output)
		}
	})
	if tried < 20 {
		t.Errorf("only %d commands", tried)
	}
}
