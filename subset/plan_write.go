package subset

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText prints the plan for people.
func (p *Plan) WriteText(w io.Writer) error {
	width := columns(w, unbounded)
	lines := append([]string{p.promise()}, remarks(p.LeftOut, p.Warnings)...)
	for _, advice := range p.Advice {
		lines = append(lines, "advice: "+advice)
	}
	var b strings.Builder
	b.WriteString(prose([]string{p.headline()}, width) + "\n" + p.table(columns(w, 120)) + "\n" + prose(lines, width))
	_, err := io.WriteString(w, tidy(b.String()))
	return err
}

// columns is how wide w is, where it says so, as a terminal does.
func columns(w io.Writer, otherwise int) int {
	if wide, ok := w.(interface{ Columns() int }); ok && wide.Columns() > 0 {
		return wide.Columns()
	}
	return otherwise
}

// table lines up the numbers, and goes on below with reasons that are longer
// than the terminal is wide.
func (p *Plan) table(terminal int) string {
	var numbers strings.Builder
	table := aligned(&numbers)
	fmt.Fprintln(table, "table\trows\ttarget\texpected\tforced\tbytes\ttime\t")
	whys := []string{"why"}
	for i := range p.Tables {
		t := &p.Tables[i]
		fmt.Fprintf(table, "%s.%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.Schema, t.Name, about(t.Rows, t.Estimated), number(t.Target),
			number(t.Expected.Rows), number(t.Expected.Forced), size(t.Expected.Bytes), duration(t.Expected.Seconds))
		whys = append(whys, t.Reason)
	}
	_ = table.Flush() // into a builder, which never fails
	return beside(numbers.String(), whys, terminal)
}

// beside puts a text at the end of each line of a table, and goes on below it.
// Where the table leaves no room for it, all of it is below.
func beside(table string, texts []string, terminal int) string {
	const least = 40
	var b strings.Builder
	lines := strings.Split(table, "\n")
	indent := utf8.RuneCountInString(lines[0])
	if terminal-indent < least && terminal < 120 {
		for i, text := range texts {
			fmt.Fprintln(&b, lines[i])
			for _, part := range wrapped(text, terminal-4) {
				fmt.Fprintln(&b, strings.TrimRight("    "+part, " "))
			}
		}
		return strings.ReplaceAll(b.String(), "\n\n", "\n")
	}
	for i, text := range texts {
		parts := wrapped(text, max(terminal-indent, least))
		fmt.Fprintf(&b, "%s%s\n", lines[i], parts[0])
		for _, part := range parts[1:] {
			fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", indent), part)
		}
	}
	return b.String()
}

// wrapped breaks a text between words, into one line at least.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}

// WriteJSON prints the plan as one JSON document.
func (p *Plan) WriteJSON(w io.Writer) error { return writeJSON(w, p) }

// WriteMarkdown prints the plan for a pull request.
func (p *Plan) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", escapeMarkdown(p.headline()))
	b.WriteString("| table | rows | target | expected | forced | bytes | time | why |\n|---|---:|---:|---:|---:|---:|---:|---|\n")
	for i := range p.Tables {
		t := &p.Tables[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", escapeMarkdown(t.Schema+"."+t.Name), about(t.Rows, t.Estimated), number(t.Target),
			number(t.Expected.Rows), number(t.Expected.Forced), size(t.Expected.Bytes), duration(t.Expected.Seconds), escapeMarkdown(t.Reason))
	}
	fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(p.promise()))
	for _, o := range p.LeftOut {
		fmt.Fprintf(&b, "\n- left out: %s (%s)", escapeMarkdown(o.Schema+"."+o.Name), escapeMarkdown(o.Reason))
	}
	for _, warning := range append(p.Warnings[:len(p.Warnings):len(p.Warnings)], p.Advice...) {
		fmt.Fprintf(&b, "\n- %s", escapeMarkdown(warning))
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func (p *Plan) headline() string {
	return fmt.Sprintf("%s: about %s of %s rows, %s, in about %s; target %s, seed %d, curve %s", p.Database, number(p.Expected.Rows), number(p.SourceRows),
		size(p.Expected.Bytes), duration(p.Expected.Seconds), number(p.Target), p.Seed, p.Curve)
}

func (p *Plan) promise() string {
	return fmt.Sprintf("up to %s rows may be kept above these targets, where other rows need them", number(p.Allowance))
}

// duration is as exact as a forecast can be.
func duration(seconds float64) string {
	const minute, hour = 60, 3600
	switch {
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 2*minute:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 2*hour:
		return fmt.Sprintf("%.0f min", seconds/minute)
	}
	return fmt.Sprintf("%.0f h", seconds/hour)
}
