package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/offshoot-dev/offshoot/provision/sweep"
)

type sweepResult struct {
	DryRun bool `json:"dry_run"`
	sweep.Result
}

// answerSweep prints what went, or would go, and what was spared; and the same
// where the CI shows the summary of a job.
func (a jobs) answerSweep(o sweepOptions, result sweep.Result) error {
	if err := a.summarize(o, result); err != nil {
		return err
	}
	if a.json {
		a.result = sweepResult{DryRun: o.dryRun, Result: result}
		return nil
	}
	u := a.newUI()
	defer u.Close()
	rows := sweepRows(o, result)
	if len(rows) > 1 {
		if err := a.println(strings.TrimRight(a.table(rows), "\n")); err != nil {
			return err
		}
	}
	u.Info(sweepSummary(o, result))
	return nil
}

func sweepSummary(o sweepOptions, result sweep.Result) string {
	stays := fmt.Sprintf("%d stay", result.Plan.Kept+len(result.Spared))
	if result.Plan.Kept+len(result.Spared) == 1 {
		stays = "1 stays"
	}
	switch {
	case len(result.Plan.Remove) == 0:
		return "nothing to remove, " + stays
	case o.dryRun:
		return fmt.Sprintf("would remove %d, %s", len(result.Plan.Remove), stays)
	}
	return fmt.Sprintf("removed %d, %s", len(result.Removed), stays)
}

func sweepRows(o sweepOptions, result sweep.Result) [][]string {
	rows := [][]string{{"", "WHAT", "NAME", "WHY"}}
	if o.dryRun {
		for _, r := range result.Plan.Remove {
			rows = append(rows, []string{"would remove", string(r.Kind), r.ID, r.Text})
		}
		return rows
	}
	for _, r := range result.Removed {
		rows = append(rows, []string{"removed", string(r.Kind), r.ID, r.Text})
	}
	for _, s := range result.Spared {
		rows = append(rows, []string{"spared", string(s.Kind), s.ID, s.Why})
	}
	return rows
}

// summarize adds a table to the page of the job, where there is one.
func (a jobs) summarize(o sweepOptions, result sweep.Result) error {
	path := a.getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("summary of the job: %w", err)
	}
	_, err = file.WriteString(a.secrets.Redact(sweepMarkdown(o, result)))
	if err := file.Close(); err != nil {
		return fmt.Errorf("summary of the job: %w", err)
	}
	return err
}

// cell keeps a text in its place in a table of Markdown: no link, no code, no
// image, no tag.
var cell = strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`, "<", "&lt;", "[", `\[`, "`", "'", "!", `\!`, "@",
	"@\u200b")

func sweepMarkdown(o sweepOptions, result sweep.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### offshoot sweep: %s\n\n", sweepSummary(o, result))
	for i, row := range sweepRows(o, result) {
		if i == 1 {
			b.WriteString("|---|---|---|---|\n")
		}
		for _, text := range row {
			b.WriteString("| " + cell.Replace(text) + " ")
		}
		b.WriteString("|\n")
	}
	return b.String()
}
