package subset

import (
	"fmt"
	"io"
	"strings"
)

// WriteText prints the plan for people.
func (p *Plan) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.headline())
	table := aligned(&b)
	fmt.Fprintln(table, "table\trows\ttarget\texpected\tforced\tbytes\ttime\twhy\t")
	for i := range p.Tables {
		t := &p.Tables[i]
		fmt.Fprintf(table, "%s.%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.Schema, t.Name, about(t.Rows, t.Estimated), number(t.Target),
			number(t.Expected.Rows), number(t.Expected.Forced), size(t.Expected.Bytes), duration(t.Expected.Seconds), t.Reason)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\n", p.promise())
	writeNotes(&b, p.LeftOut, p.Warnings)
	for _, advice := range p.Advice {
		fmt.Fprintf(&b, "advice: %s\n", advice)
	}
	_, err := io.WriteString(w, tidy(b.String()))
	return err
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
