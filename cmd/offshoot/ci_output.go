package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
)

// mask makes a secret of what was made in this job: offshoot prints it no more,
// and neither does the log of GitHub or Gitea Actions.
func (a jobs) mask(values ...string) {
	for _, value := range values {
		if value == "" {
			continue
		}
		if a.getenv("GITHUB_ACTIONS") == "true" {
			// Straight to the log: it is the one line that has to name it.
			fmt.Fprintln(a.stderr, "::add-mask::"+workflowData(value))
		}
		a.secrets.Add(value)
	}
}

// workflowData escapes a value of a workflow command.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func workflowData(value string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(value)
}

// jobOutputs hands the link on to later steps, and writes the job's summary.
func (a jobs) jobOutputs(p *ciPreviews, out ci.Outcome) error {
	if out.Action.Number == 0 || p.cfg == nil || p.options.dryRun {
		return nil
	}
	url := ""
	if len(out.Links) > 0 {
		url = out.Links[0].URL
	}
	lines := "preview=" + p.marker(out.Action.Number) + "\nurl=" + strings.ReplaceAll(url, "\n", "") + "\n"
	err := appendTo(a.getenv("GITHUB_OUTPUT"), lines)
	if p.wrote == nil {
		return err
	}
	summary := *p.wrote
	summary.Preview, summary.Commit, summary.State = p.name(out.Action.Number), out.Action.Commit, report.Ready
	return errors.Join(err, appendTo(a.getenv("GITHUB_STEP_SUMMARY"), report.Markdown(summary, a.secrets.Redact)))
}

// appendTo adds to a file that the CI system made; without one it does nothing.
func appendTo(path, text string) error {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

func pullNumber(p provision.Preview) string { return strconv.Itoa(p.PullRequest) }
