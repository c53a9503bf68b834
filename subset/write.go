package subset

import (
	"fmt"
	"io"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error {
	width := document.Columns(w, document.Unbounded)
	var b strings.Builder
	b.WriteString(document.Prose([]string{r.headline()}, width) + "\n")
	var numbers strings.Builder
	table := document.Aligned(&numbers)
	fmt.Fprintln(table, "table\trows\ttarget\tkept\tsampled\tforced\tbytes\t")
	by := []string{"forced by"}
	for _, t := range r.Tables {
		fmt.Fprintf(table, "%s.%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.Schema, t.Name,
			document.About(t.Source, t.Estimated), document.Number(t.Target),
			document.Number(t.Rows), document.Number(t.Sampled), document.Number(t.Forced), document.Size(t.Bytes))
		by = append(by, t.forces())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	b.WriteString(document.Beside(numbers.String(), by, width))
	if line := r.comparison(); line != "" {
		b.WriteString("\n" + document.Prose([]string{line}, width))
	}
	if findings := r.findings(); len(findings) > 0 {
		b.WriteString("\n" + document.Prose(findings, width))
	}
	b.WriteString(document.Prose(plan.Remarks(r.LeftOut, r.Warnings), width))
	if r.Score != nil {
		b.WriteString("\n")
		if err := r.Score.WriteText(document.OfWidth(&b, width)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, document.Tidy(b.String()))
	return err
}

// noticeable is the position bias from which on people are told: tables of
// which rows were deleted here and there are never quite even.
const noticeable = 0.2

// findings is what is not as it should be, one line each.
func (r *Report) findings() []string {
	lines := r.Privacy.Lines()
	if r.LargeObjects.Count > 0 {
		lines = append(lines, r.LargeObjects.String())
	}
	for _, k := range r.Keys {
		if line := k.dangles(); line != "" {
			lines = append(lines, line)
		}
	}
	for _, t := range r.Tables {
		if t.Position.Beyond() && t.Position.Value >= noticeable {
			lines = append(lines,
				fmt.Sprintf("%s.%s: the kept rows lie unevenly over the table (distance %.2f of at most 1, chance "+
					"explains %.2f)",
					t.Schema, t.Name, t.Position.Value, t.Position.Chance))
		}
	}
	return lines
}

// WriteMarkdown prints the report for a pull request.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", document.EscapeMarkdown(r.headline()))
	b.WriteString("| table | rows | target | kept | sampled | forced | forced by |\n" +
		"|---|---:|---:|---:|---:|---:|---|\n")
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", document.EscapeMarkdown(t.Schema+"."+t.Name),
			document.About(t.Source, t.Estimated),
			document.Number(t.Target), document.Number(t.Rows), document.Number(t.Sampled), document.Number(t.Forced),
			document.EscapeMarkdown(t.forces()))
	}
	if line := r.comparison(); line != "" {
		fmt.Fprintf(&b, "\n%s\n", document.EscapeMarkdown(line))
	}
	for _, line := range r.findings() {
		fmt.Fprintf(&b, "\n- %s", document.EscapeMarkdown(line))
	}
	for _, o := range r.LeftOut {
		fmt.Fprintf(&b, "\n- left out: %s (%s)", document.EscapeMarkdown(o.Schema+"."+o.Name),
			document.EscapeMarkdown(o.Reason))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "\n- %s", document.EscapeMarkdown(warning))
	}
	text := strings.TrimRight(b.String(), "\n") + "\n"
	if _, err := io.WriteString(w, text); err != nil || r.Score == nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return r.Score.WriteMarkdown(w)
}

// WriteJSON prints the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error { return document.WriteJSON(w, r) }

func (r *Report) headline() string {
	return fmt.Sprintf("%s: kept %s of %s rows (target %s, %s above a table's target) in %.1f s, seed %d, %d "+
		"foreign keys, %s dangling",
		r.Database, document.Number(r.Rows), document.Number(r.SourceRows), document.Number(r.Target),
		document.Number(r.Overflow), r.Seconds, r.Seed, len(r.Keys), document.Number(r.Dangling()))
}

// forces names the key that forced most rows of a table.
func (t *TableReport) forces() string {
	if len(t.ForcedBy) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s (%s)", t.ForcedBy[0].Key, document.Number(t.ForcedBy[0].Rows))
	if more := len(t.ForcedBy) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
