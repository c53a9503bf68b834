package main

import (
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

// showRehearsal says what the migration would do to production.
func showRehearsal(u *ui.UI, report *rehearse.Report) {
	u.Block(strings.Join(rehearsalLines(report), "\n"))
}

// rehearsalLines are those of the report for people.
func rehearsalLines(report *rehearse.Report) []string {
	var b strings.Builder
	_ = report.WriteText(document.OfWidth(&b, document.Unbounded)) // a builder takes everything
	return strings.Split(strings.TrimSpace(b.String()), "\n")
}
