package plan

import (
	"fmt"
	"io"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// WriteText prints the plan for people.
func (p *Plan) WriteText(w io.Writer) error {
	width := document.Columns(w, document.Unbounded)
	lines := append([]string{p.promise(), p.source()}, Remarks(p.LeftOut, p.Warnings)...)
	for _, advice := range p.Advice {
		lines = append(lines, "advice: "+advice)
	}
	var b strings.Builder
	b.WriteString(document.Prose([]string{p.headline()}, width) + "\n" + p.table(document.Columns(w, 120)) + "\n" +
		document.Prose(lines, width))
	_, err := io.WriteString(w, document.Tidy(b.String()))
	return err
}

// table lines up the numbers, and goes on below with reasons that are longer
// than the terminal is wide.
func (p *Plan) table(terminal int) string {
	var numbers strings.Builder
	table := document.Aligned(&numbers)
	fmt.Fprintln(table, "table\trows\ttarget\texpected\tforced\tbytes\ttime\t")
	whys := []string{"why"}
	for i := range p.Tables {
		t := &p.Tables[i]
		fmt.Fprintf(table, "%s.%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.Schema, t.Name, document.About(t.Rows, t.Estimated),
			document.Number(t.Target),
			document.Number(t.Expected.Rows), document.Number(t.Expected.Forced), document.Size(t.Expected.Bytes),
			document.Duration(t.Expected.Seconds))
		whys = append(whys, t.Reason)
	}
	_ = table.Flush() // into a builder, which never fails
	return document.Beside(numbers.String(), whys, terminal)
}

// WriteJSON prints the plan as one JSON document.
func (p *Plan) WriteJSON(w io.Writer) error { return document.WriteJSON(w, p) }

// WriteMarkdown prints the plan for a pull request.
func (p *Plan) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", document.EscapeMarkdown(p.headline()))
	b.WriteString("| table | rows | target | expected | forced | bytes | time | why |\n" +
		"|---|---:|---:|---:|---:|---:|---:|---|\n")
	for i := range p.Tables {
		t := &p.Tables[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", document.EscapeMarkdown(t.Schema+"."+t.Name),
			document.About(t.Rows, t.Estimated), document.Number(t.Target),
			document.Number(t.Expected.Rows), document.Number(t.Expected.Forced), document.Size(t.Expected.Bytes),
			document.Duration(t.Expected.Seconds), document.EscapeMarkdown(t.Reason))
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n", document.EscapeMarkdown(p.promise()), document.EscapeMarkdown(p.source()))
	for _, o := range p.LeftOut {
		fmt.Fprintf(&b, "\n- left out: %s (%s)", document.EscapeMarkdown(o.Schema+"."+o.Name),
			document.EscapeMarkdown(o.Reason))
	}
	for _, warning := range append(p.Warnings[:len(p.Warnings):len(p.Warnings)], p.Advice...) {
		fmt.Fprintf(&b, "\n- %s", document.EscapeMarkdown(warning))
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func (p *Plan) headline() string {
	return fmt.Sprintf("%s: about %s of %s rows, %s, in about %s; target %s, seed %d, curve %s", p.Database,
		document.Number(p.Expected.Rows), document.Number(p.SourceRows),
		document.Size(p.Expected.Bytes), document.Duration(p.Expected.Seconds), document.Number(p.Target), p.Seed,
		p.Curve)
}

func (p *Plan) promise() string {
	return fmt.Sprintf("up to %s rows may be kept above these targets, where other rows need them",
		document.Number(p.Allowance))
}

// source says how far and how fast the source is, by which it is decided how
// rows are read.
func (p *Plan) source() string { return "source: " + describe(p.Pace) }

// Remarks are lines about what is left out, and warnings.
func Remarks(leftOut []catalog.Omission, warnings []string) []string {
	var lines []string
	for _, o := range leftOut {
		lines = append(lines, fmt.Sprintf("left out: %s.%s (%s)", o.Schema, o.Name, o.Reason))
	}
	for _, warning := range warnings {
		lines = append(lines, "warning: "+warning)
	}
	return lines
}
