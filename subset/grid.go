package subset

import (
	"fmt"
	"io"
	"strings"
)

// sheet is a document of lines, tables and notes.
type sheet interface {
	headlines() []string
	grids() []grid
	notes() []string
}

// grid is a table for people, with its heading as the first line.
type grid struct{ lines [][]string }

func (g *grid) add(cells ...string) { g.lines = append(g.lines, cells) }

func writeText(w io.Writer, s sheet) error {
	var b strings.Builder
	b.WriteString(strings.Join(s.headlines(), "\n") + "\n")
	for _, g := range s.grids() {
		b.WriteString("\n")
		table := aligned(&b)
		for _, line := range g.lines {
			fmt.Fprintln(table, strings.Join(line, "\t")+"\t")
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if notes := s.notes(); len(notes) > 0 {
		b.WriteString("\n" + strings.Join(notes, "\n") + "\n")
	}
	_, err := io.WriteString(w, tidy(b.String()))
	return err
}

func writeMarkdown(w io.Writer, s sheet) error {
	var b strings.Builder
	for _, line := range s.headlines() {
		fmt.Fprintf(&b, "- %s\n", escapeMarkdown(line))
	}
	for _, g := range s.grids() {
		b.WriteString("\n")
		for i, line := range g.lines {
			for _, cell := range line {
				fmt.Fprintf(&b, "| %s ", escapeMarkdown(cell))
			}
			b.WriteString("|\n")
			if i == 0 {
				b.WriteString("|---|" + strings.Repeat("---:|", len(line)-1) + "\n")
			}
		}
	}
	for i, note := range s.notes() {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s\n", escapeMarkdown(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
