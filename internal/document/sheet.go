package document

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Sheet is a document of lines, tables and notes, in this order.
type Sheet struct {
	Headlines []string
	Grids     []Grid
	Notes     []string
}

// Grid is a table for people, with its heading as the first line.
type Grid struct{ Lines [][]string }

// Add appends a line of the table.
func (g *Grid) Add(cells ...string) { g.Lines = append(g.Lines, cells) }

// WriteText prints the sheet for people, as wide as w says it is.
func (s Sheet) WriteText(w io.Writer) error {
	width := Columns(w, Unbounded)
	var b strings.Builder
	b.WriteString(Prose(s.Headlines, width))
	for _, g := range s.Grids {
		b.WriteString("\n" + g.Text(width))
	}
	if len(s.Notes) > 0 {
		b.WriteString("\n" + Prose(s.Notes, width))
	}
	_, err := io.WriteString(w, Tidy(b.String()))
	return err
}

// indent is how far what does not fit beside is indented.
const indent = "    "

// Prose breaks lines between words where they are wider than the terminal.
func Prose(lines []string, terminal int) string {
	var b strings.Builder
	for _, line := range lines {
		if utf8.RuneCountInString(line) <= terminal {
			b.WriteString(line + "\n")
			continue
		}
		for i, part := range wrapped(line, terminal-len(indent)) {
			b.WriteString(strings.Repeat(indent, min(i, 1)) + part + "\n")
		}
	}
	return b.String()
}

// Text lines up the columns. Those that do not fit beside the others are below
// them, in each line.
func (g *Grid) Text(terminal int) string {
	widths := g.widths()
	var b strings.Builder
	for _, line := range g.Lines {
		at := 0
		for _, row := range split(widths, terminal) {
			b.WriteString(lined(line[at:at+row], widths[at:at+row], strings.Repeat(indent, min(at, 1)), terminal))
			at += row
		}
	}
	return b.String()
}

func (g *Grid) widths() []int {
	widths := make([]int, len(g.Lines[0]))
	for _, line := range g.Lines {
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
			rows, used = append(rows, 1), len(indent)
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

// WriteMarkdown prints the sheet for a pull request.
func (s Sheet) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	for _, line := range s.Headlines {
		fmt.Fprintf(&b, "- %s\n", EscapeMarkdown(line))
	}
	for _, g := range s.Grids {
		b.WriteString("\n")
		for i, line := range g.Lines {
			for _, cell := range line {
				fmt.Fprintf(&b, "| %s ", EscapeMarkdown(cell))
			}
			b.WriteString("|\n")
			if i == 0 {
				b.WriteString("|---|" + strings.Repeat("---:|", len(line)-1) + "\n")
			}
		}
	}
	for i, note := range s.Notes {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s\n", EscapeMarkdown(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
