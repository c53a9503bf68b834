package subset

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error {
	width := columns(w, unbounded)
	var b strings.Builder
	b.WriteString(prose([]string{r.headline()}, width) + "\n")
	var numbers strings.Builder
	table := aligned(&numbers)
	fmt.Fprintln(table, "table\trows\ttarget\tkept\tsampled\tforced\tbytes\t")
	by := []string{"forced by"}
	for _, t := range r.Tables {
		fmt.Fprintf(table, "%s.%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.Schema, t.Name, about(t.Source, t.Estimated), number(t.Target),
			number(t.Rows), number(t.Sampled), number(t.Forced), size(t.Bytes))
		by = append(by, t.forces())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	b.WriteString(beside(numbers.String(), by, width))
	if line := r.comparison(); line != "" {
		b.WriteString("\n" + prose([]string{line}, width))
	}
	if findings := r.findings(); len(findings) > 0 {
		b.WriteString("\n" + prose(findings, width))
	}
	b.WriteString(prose(remarks(r.LeftOut, r.Warnings), width))
	if r.Score != nil {
		b.WriteString("\n")
		if err := r.Score.WriteText(sized{&b, width}); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, tidy(b.String()))
	return err
}

// unbounded is a width that nothing is broken for.
const unbounded = 1 << 20

// sized is a writer that says how wide it is.
type sized struct {
	io.Writer
	width int
}

func (s sized) Columns() int { return s.width }

// noticeable is the position bias from which on people are told: tables of
// which rows were deleted here and there are never quite even.
const noticeable = 0.2

// findings is what is not as it should be, one line each.
func (r *Report) findings() []string {
	lines := r.Privacy.lines()
	if r.LargeObjects.Count > 0 {
		lines = append(lines, r.LargeObjects.String())
	}
	for _, k := range r.Keys {
		if line := k.dangles(); line != "" {
			lines = append(lines, line)
		}
	}
	for _, t := range r.Tables {
		if t.Position.beyond() && t.Position.Value >= noticeable {
			lines = append(lines, fmt.Sprintf("%s.%s: the kept rows lie unevenly over the table (distance %.2f of at most 1, chance explains %.2f)",
				t.Schema, t.Name, t.Position.Value, t.Position.Chance))
		}
	}
	return lines
}

// WriteMarkdown prints the report for a pull request.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", escapeMarkdown(r.headline()))
	b.WriteString("| table | rows | target | kept | sampled | forced | forced by |\n|---|---:|---:|---:|---:|---:|---|\n")
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", escapeMarkdown(t.Schema+"."+t.Name), about(t.Source, t.Estimated),
			number(t.Target), number(t.Rows), number(t.Sampled), number(t.Forced), escapeMarkdown(t.forces()))
	}
	if line := r.comparison(); line != "" {
		fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(line))
	}
	for _, line := range r.findings() {
		fmt.Fprintf(&b, "\n- %s", escapeMarkdown(line))
	}
	for _, o := range r.LeftOut {
		fmt.Fprintf(&b, "\n- left out: %s (%s)", escapeMarkdown(o.Schema+"."+o.Name), escapeMarkdown(o.Reason))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "\n- %s", escapeMarkdown(warning))
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
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func (r *Report) headline() string {
	return fmt.Sprintf("%s: kept %s of %s rows (target %s, %s above a table's target) in %.1f s, seed %d, %d foreign keys, %s dangling",
		r.Database, number(r.Rows), number(r.SourceRows), number(r.Target), number(r.Overflow), r.Seconds, r.Seed, len(r.Keys), number(r.Dangling()))
}

// forces names the key that forced most rows of a table.
func (t *TableReport) forces() string {
	if len(t.ForcedBy) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s (%s)", t.ForcedBy[0].Key, number(t.ForcedBy[0].Rows))
	if more := len(t.ForcedBy) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func remarks(leftOut []Omission, warnings []string) []string {
	var lines []string
	for _, o := range leftOut {
		lines = append(lines, fmt.Sprintf("left out: %s.%s (%s)", o.Schema, o.Name, o.Reason))
	}
	for _, warning := range warnings {
		lines = append(lines, "warning: "+warning)
	}
	return lines
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func aligned(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// tidy removes the blanks that alignment leaves at the ends of lines.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// number groups digits by three.
func number(n int64) string {
	if n < 0 {
		return "-" + number(-n)
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func about(n int64, estimated bool) string {
	if estimated {
		return "~" + number(n)
	}
	return number(n)
}

func size(bytes int64) string {
	const step = 1024
	if bytes < step {
		return fmt.Sprintf("%d B", bytes)
	}
	value, unit := float64(bytes)/step, 0
	for value >= step && unit < 3 {
		value, unit = value/step, unit+1
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGT"[unit])
}

// escapeMarkdown keeps names from becoming tables, links, mentions or HTML.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r':
			b.WriteByte(' ')
		case strings.ContainsRune("\\`*{}[]<>#|~!&@", r):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
