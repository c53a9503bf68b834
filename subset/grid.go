package subset

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
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
	width := columns(w, unbounded)
	var b strings.Builder
	b.WriteString(prose(s.headlines(), width))
	for _, g := range s.grids() {
		b.WriteString("\n" + g.text(width))
	}
	if notes := s.notes(); len(notes) > 0 {
		b.WriteString("\n" + prose(notes, width))
	}
	_, err := io.WriteString(w, tidy(b.String()))
	return err
}

// below is how far what does not fit beside is indented.
const below = "    "

// prose breaks lines between words where they are wider than the terminal.
func prose(lines []string, terminal int) string {
	var b strings.Builder
	for _, line := range lines {
		if utf8.RuneCountInString(line) <= terminal {
			b.WriteString(line + "\n")
			continue
		}
		for i, part := range wrapped(line, terminal-len(below)) {
			b.WriteString(strings.Repeat(below, min(i, 1)) + part + "\n")
		}
	}
	return b.String()
}

// text lines up the columns. Those that do not fit beside the others are below
// them, in each line.
func (g *grid) text(terminal int) string {
	widths := g.widths()
	var b strings.Builder
	for _, line := range g.lines {
		at := 0
		for _, row := range split(widths, terminal) {
			b.WriteString(lined(line[at:at+row], widths[at:at+row], strings.Repeat(below, min(at, 1)), terminal))
			at += row
		}
	}
	return b.String()
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.lines[0]))
	for _, line := range g.lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// split says how many of the columns each row of them has.
func split(widths []int, terminal int) []int {
	rows, used := []int{0}, 0
	for _, width := range widths {
		if last := &rows[len(rows)-1]; *last == 0 || used+width <= terminal {
			*last++
		} else {
			rows, used = append(rows, 1), len(below)
		}
		used += width + 2
	}
	return rows
}

func lined(cells []string, widths []int, indent string, terminal int) string {
	if len(cells) == 1 {
		var b strings.Builder
		for _, part := range wrapped(cells[0], terminal-len(indent)) {
			b.WriteString(indent + part + "\n")
		}
		return b.String()
	}
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(cell + strings.Repeat(" ", widths[i]+2-utf8.RuneCountInString(cell)))
	}
	return indent + strings.TrimRight(b.String(), " ") + "\n"
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
