package report

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// Most is the longest comment that every forge takes, in characters; GitHub's
// limit is the lowest.
const Most = 65_536

// room is left for the marker that is put before the text.
const room = 512

// Markdown writes a report. Redact replaces secrets; it may be nil.
func Markdown(r Report, redact func(string) string) string {
	if redact != nil {
		r = r.redacted(redact)
	}
	for _, lines := range []int{len(r.log()), 60, 20, 0} {
		if written := r.write(lines); len([]rune(written)) <= Most-room {
			return written
		}
	}
	// Still too long: something else is huge, and none of it worth more than
	// the links.
	short := Report{
		Preview: r.Preview, State: r.State, Reason: r.Reason, Links: r.Links, Commit: r.Commit,
		Machine: r.Machine, Expires: r.Expires, Never: r.Never, RunURL: r.RunURL,
	}
	written := []rune(short.write(0) + "\nThe rest is too long for a comment; it is in the job's log.\n")
	return string(written[:min(len(written), Most-room)])
}

func (r Report) log() []string {
	if r.Failure == nil {
		return nil
	}
	return r.Failure.Log
}

// write puts the parts together, with so many lines of the log at most.
func (r Report) write(lines int) string {
	var parts []string
	for _, part := range []string{
		r.title(), r.says(), r.facts(), r.failure(lines), r.rehearsal(), r.checks(), r.tables(), r.migration(),
		r.changes(), r.timing(), r.graph(), r.footer(),
	} {
		if part != "" {
			parts = append(parts, strings.TrimSpace(part)+"\n")
		}
	}
	return strings.Join(parts, "\n")
}

func (r Report) title() string {
	sign := map[State]string{Building: "🔨", Ready: "🌱", Failed: "❌", Removed: "🍂", Absent: "🍂", Waiting: "✋"}[r.State]
	words := map[State]string{
		Building: "is being made", Ready: "is ready", Failed: "could not be made", Removed: "is removed",
		Absent: "does not exist", Waiting: "waits for a maintainer",
	}[r.State]
	if r.State == Building && len(r.Links) > 0 {
		words = "is being updated"
	}
	if r.State == Failed && r.Failure != nil && r.Failure.Serving {
		words = "could not be updated"
	}
	return fmt.Sprintf("### %s Preview %s %s\n", sign, text(r.Preview), words)
}

func (r Report) says() string {
	var b strings.Builder
	if r.Reply != "" {
		b.WriteString("> " + text(r.Reply) + "\n\n")
	}
	if r.Reason != "" {
		b.WriteString(text(r.Reason) + "\n\n")
	}
	if r.Approve != "" {
		b.WriteString("```text\n/preview approve " + oneLine(r.Approve) + "\n```\n\n")
	}
	b.WriteString(r.Loaded.stale())
	for i, l := range r.Links {
		if i == 0 {
			fmt.Fprintf(&b, "**%s**", link("Open "+text(l.Service), l.URL))
			continue
		}
		b.WriteString(" · " + link(text(l.Service), l.URL))
	}
	if len(r.Links) > 0 {
		b.WriteString("\n" + r.runnerOnly())
	}
	return b.String()
}

// runnerOnly says it where the links lead every reader to the reader's own
// computer.
func (r Report) runnerOnly() string {
	at, err := url.Parse(r.Links[0].URL)
	if err != nil || !strings.HasSuffix(at.Hostname(), ".localhost") {
		return ""
	}
	port := cmp.Or(at.Port(), "80")
	return "\nNames below `localhost` lead to the computer that they are opened on, so the link works on the " +
		"runner alone. Elsewhere it works while " +
		code("ssh -N -L "+port+":127.0.0.1:"+port+" RUNNER") +
		" runs; `preview.domain` in `offshoot.yaml` makes links that work for everybody.\n"
}

// facts is the table of what is where.
func (r Report) facts() string {
	rows := [][2]string{}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, [2]string{name, value})
		}
	}
	if r.Commit != "" {
		add("Commit", code(r.Commit[:min(len(r.Commit), 10)]))
	}
	add("Machine", text(r.Machine))
	add("Expires", r.expires())
	add("Sign in", text(r.SignIn))
	add("Certificate", text(r.Certificates))
	add("Data", r.data())
	if m := r.Migrated; m != nil {
		add("Migrations", "applied in "+took(m.Took))
	}
	if h := r.Rehearsal; h != nil {
		add("Rehearsal", text(h.Headline))
		if len(h.Exceeded) > 0 {
			add("Beyond the limits", text(strings.Join(h.Exceeded, "; ")))
		}
	}
	if c := r.Checks; c != nil {
		add("Queries", text(c.Headline))
		if len(c.Exceeded) > 0 {
			add("Beyond the limits", text(strings.Join(c.Exceeded, "; ")))
		}
	}
	if len(rows) == 0 {
		return ""
	}
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
		if i == 0 {
			b.WriteString("|---|---|\n") // the first is the head of the table: there must be one
		}
	}
	return b.String()
}

func (r Report) expires() string {
	switch {
	case r.Never:
		return "never"
	case r.Expires.IsZero():
		return ""
	}
	return r.Expires.UTC().Format(document.Minute)
}

func (r Report) data() string {
	l := r.Loaded
	if l == nil {
		if r.Kept {
			return "kept as it was before this update"
		}
		return ""
	}
	size := document.Size(l.Bytes) + " in " + took(l.Took) + l.made()
	if len(l.Tables) == 0 {
		return size
	}
	var rows int64
	for _, t := range l.Tables {
		rows += t.Rows
	}
	return fmt.Sprintf("%s rows in %d tables, %s", document.Number(rows), len(l.Tables), size)
}

// made says of when the archive is.
func (l *Loaded) made() string {
	if l.Made.IsZero() {
		return ""
	}
	return ", of " + l.Made.UTC().Format(document.Minute)
}

// stale says that a newer archive was to be expected.
func (l *Loaded) stale() string {
	if l == nil || !l.Stale {
		return ""
	}
	return "⚠️ The archive is " + document.Age(l.Age) + " old: look at the job that makes one every night.\n\n"
}

// footer says how to have another one.
func (r Report) footer() string {
	commands := map[State]string{
		Ready:   "`/preview reset` · `/preview extend 24h` · `/preview down`",
		Failed:  "`/preview up` · `/preview down`",
		Removed: "`/preview up`",
		Absent:  "`/preview up`",
	}[r.State]
	var parts []string
	if r.RunURL != "" {
		parts = append(parts, link("log of the job", r.RunURL))
	}
	if commands != "" {
		parts = append(parts, "comment "+commands)
	}
	if len(parts) == 0 {
		return ""
	}
	return "<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}

// folded is a part that opens with a click. The empty lines let Markdown be
// read inside of HTML.
func folded(summary, content string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + content + "\n</details>\n"
}

// took is a duration with as much detail as matters.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 100*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %d s", d/time.Minute, int(math.Round((d%time.Minute).Seconds()))%60)
}

// number is a count of things.
func number(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", document.Number(int64(n)), more)
}
