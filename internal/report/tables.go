package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// shownTables is how many of the biggest tables are listed.
const shownTables = 8

func (r Report) tables() string {
	if r.State == Failed || r.Loaded == nil || len(r.Loaded.Tables) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| table | rows |\n|---|---:|\n")
	shown := r.Loaded.Tables[:min(len(r.Loaded.Tables), shownTables)]
	for _, t := range shown {
		fmt.Fprintf(&b, "| %s | %s |\n", code(t.Name), document.Number(t.Rows))
	}
	if more := len(r.Loaded.Tables) - len(shown); more > 0 {
		fmt.Fprintf(&b, "| and %s | |\n", number(more, "smaller one", "smaller ones"))
	}
	return folded("Biggest tables", b.String())
}

// shownRehearsal is how many lines of a rehearsal are shown, the worst first.
const shownRehearsal = 80

func (r Report) rehearsal() string {
	if r.Rehearsal == nil || len(r.Rehearsal.Lines) == 0 {
		return ""
	}
	return folded("What the migrations would do to production", block(worst(r.Rehearsal.Lines)))
}

// worst are the first lines of many.
func worst(lines []string) []string {
	if more := len(lines) - shownRehearsal; more > 0 {
		return append(lines[:shownRehearsal:shownRehearsal], "and "+number(more, "more line", "more lines"))
	}
	return lines
}

func (r Report) checks() string {
	if r.Checks == nil || len(r.Checks.Lines) == 0 {
		return ""
	}
	return folded("What the code asks of the database, against main", block(worst(r.Checks.Lines)))
}

func (r Report) migration() string {
	if r.Migrated == nil || len(r.Migrated.Output) == 0 {
		return ""
	}
	return folded("Output of the migrations", block(tail(r.Migrated.Output, 40)))
}

func (r Report) changes() string {
	if len(r.Changes) == 0 {
		return ""
	}
	var b strings.Builder
	for _, c := range r.Changes {
		where := "project"
		if c.Service != "" {
			where = code(c.Service)
		}
		b.WriteString("- " + where + ": " + text(c.What))
		if c.Why != "" {
			b.WriteString(" (" + text(c.Why) + ")")
		}
		b.WriteString("\n")
	}
	if r.UsualChanges > 0 {
		b.WriteString("- and " + number(r.UsualChanges, "usual one", "usual ones") +
			", which `offshoot up --plan -v` lists\n")
	}
	return folded(number(len(r.Changes), "difference", "differences")+" from the compose file", b.String())
}

// barWidth is the longest bar, in characters.
const barWidth = 40

// timing draws when each step was at work, one below the other as they began.
func (r Report) timing() string {
	var whole time.Duration
	longest := 0
	for _, s := range r.Steps {
		whole = max(whole, s.After+s.Took)
		longest = max(longest, len(s.Name))
	}
	if whole <= 0 {
		return ""
	}
	steps := slices.Clone(r.Steps)
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.After, b.After) })
	var lines []string
	for _, s := range steps {
		from := min(int(s.After*barWidth/whole), barWidth-1)
		to := max(from+1, int((s.After+s.Took)*barWidth/whole))
		mark := "█"
		if s.Failed {
			mark = "▒"
		}
		bar := strings.Repeat(" ", from) + strings.Repeat(mark, to-from) + strings.Repeat(" ", max(0, barWidth+1-to))
		lines = append(lines, fmt.Sprintf("%-*s %s %9s", longest, s.Name, bar, took(s.Took)))
	}
	return folded("Time: "+took(whole), block(lines))
}

// failure names the step first: that is what one looks for.
func (r Report) failure(lines int) string {
	f := r.Failure
	if f == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("**" + text(f.Step) + "**")
	if f.Service != "" {
		b.WriteString(" in " + code(f.Service))
	}
	b.WriteString(": " + code(f.Error) + "\n")
	for _, h := range f.Hints {
		b.WriteString("\nHint: " + text(h) + "\n")
	}
	if f.Serving {
		b.WriteString("\nWhat was there before goes on serving.\n")
	}
	if len(f.Log) > 0 && lines > 0 {
		shown := tail(f.Log, lines)
		b.WriteString("\n" + folded("The last "+number(len(shown), "line", "lines")+" of its log", block(shown)))
	}
	return b.String()
}

// graph is drawn by the forge. Its text is ours, but names in it are not: a
// fence in one would end the block.
func (r Report) graph() string {
	if r.Graph == "" || quotes(r.Graph) >= 3 {
		return ""
	}
	return folded("Tables of the subset", "```mermaid\n"+strings.TrimSpace(r.Graph)+"\n```\n")
}

// tail is the end of a list, as a copy.
func tail(lines []string, most int) []string {
	return append([]string{}, lines[max(0, len(lines)-most):]...)
}

// redacted replaces secrets wherever a text comes from elsewhere.
func (r Report) redacted(redact func(string) string) Report {
	all := func(lines []string) []string {
		clean := make([]string, len(lines))
		for i, line := range lines {
			clean[i] = redact(line)
		}
		return clean
	}
	for _, text := range []*string{&r.Reason, &r.Reply, &r.Graph, &r.Certificates} {
		*text = redact(*text)
	}
	if m := r.Migrated; m != nil {
		r.Migrated = &Migrated{Took: m.Took, Output: all(m.Output)}
	}
	if h := r.Rehearsal; h != nil {
		r.Rehearsal = &Rehearsal{
			Headline: redact(h.Headline), Lines: all(h.Lines), Exceeded: all(h.Exceeded), UnderWay: h.UnderWay,
		}
	}
	if c := r.Checks; c != nil {
		r.Checks = &Checks{
			Headline: redact(c.Headline), Lines: all(c.Lines), Exceeded: all(c.Exceeded), UnderWay: c.UnderWay,
			Missing: c.Missing,
		}
	}
	if f := r.Failure; f != nil {
		clean := *f
		clean.Error, clean.Hints, clean.Log = redact(f.Error), all(f.Hints), all(f.Log)
		r.Failure = &clean
	}
	changes := make([]Change, len(r.Changes))
	for i, c := range r.Changes {
		changes[i] = Change{c.Service, redact(c.What), redact(c.Why)}
	}
	r.Changes = changes
	return r
}
