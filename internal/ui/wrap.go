package ui

import "strings"

// Wrap breaks a line between its words where it is wider than width. A word
// that is wider stays whole: it may be a link or a path that somebody copies.
// What follows the first line is indented by two more than that.
func Wrap(line string, width int) []string {
	if Width(line) <= width {
		return []string{line}
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	var lines []string
	current := ""
	for word := range strings.FieldsSeq(line) {
		switch {
		case current == "":
			current = indent + word
		case Width(current)+1+Width(word) > width:
			lines = append(lines, current)
			current = indent + "  " + word
		default:
			current += " " + word
		}
	}
	return append(lines, current)
}

// Sheet lays out answers under their questions: a column of names, and beside
// each what there is to say, in lines of at most width columns.
type Sheet struct {
	Width int
	names int // columns
	parts []sheetPart
}

type sheetPart struct {
	name  string
	lines []string
}

// Add adds a part; one without lines is left out.
func (s *Sheet) Add(name string, lines ...string) {
	if len(lines) > 0 {
		s.parts = append(s.parts, sheetPart{name, lines})
		s.names = max(s.names, Width(name))
	}
}

// String is the whole sheet, its text cleaned.
func (s *Sheet) String() string {
	var b strings.Builder
	for _, part := range s.parts {
		name := part.name
		for _, line := range part.lines {
			for _, piece := range Wrap(Clean(line), s.Width-s.names-2) {
				b.WriteString(strings.TrimRight(name+strings.Repeat(" ", s.names+2-Width(name))+piece, " ") + "\n")
				name = ""
			}
		}
	}
	return b.String()
}
