package document

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// Unbounded is a width that nothing is broken for.
const Unbounded = 1 << 20

// wide is a writer that says how wide it is.
type wide struct {
	io.Writer
	width int
}

// Columns is how wide it is.
func (s wide) Columns() int { return s.width }

// OfWidth is w, of so many columns.
func OfWidth(w io.Writer, columns int) io.Writer { return wide{w, columns} }

// Aligned lines up cells that end with tabs.
func Aligned(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// Tidy removes the blanks that alignment leaves at the ends of lines.
func Tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// EscapeMarkdown keeps names from becoming tables, links, mentions or HTML.
func EscapeMarkdown(s string) string {
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

// WriteJSON prints v as one JSON document.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Columns is how wide w is, where it says so, as a terminal does.
func Columns(w io.Writer, otherwise int) int {
	if wide, ok := w.(interface{ Columns() int }); ok && wide.Columns() > 0 {
		return wide.Columns()
	}
	return otherwise
}

// Beside puts a text at the end of each line of a table, and goes on below it.
// Where the table leaves no room for it, all of it is below.
func Beside(table string, texts []string, terminal int) string {
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
