package bench

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// grid is a table of words; all columns but the first are numbers, save those
// that words names.
type grid struct {
	header []string
	words  map[int]bool
	rows   [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// text aligns the columns with spaces.
func (g *grid) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	widths := g.widths()
	for _, row := range append([][]string{g.header}, g.rows...) {
		for i, cell := range row {
			if !g.left(i) {
				cell = fmt.Sprintf("%*s", widths[i], cell)
			}
			fmt.Fprintf(w, "%s\t", cell)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a strings.Builder takes everything
	var trimmed strings.Builder
	for line := range strings.Lines(b.String()) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.header))
	for _, row := range append([][]string{g.header}, g.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	return widths
}

func (g *grid) left(column int) bool { return column == 0 || g.words[column] }

// markdown is the same as a table of GitHub's Markdown.
func (g *grid) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(g.header)
	rule := make([]string, len(g.header))
	for i := range rule {
		rule[i] = "---:"
		if g.left(i) {
			rule[i] = "---"
		}
	}
	line(rule)
	for _, row := range g.rows {
		line(row)
	}
	return b.String()
}

// size prints bytes, and a dash for what was not measured.
func size(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return document.Size(bytes)
}

// millions prints a number of rows shortly.
func millions(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%.1f k", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f M", float64(n)/1_000_000)
}

// decimal prints what was measured, and a dash for what was not.
func decimal(f float64) string {
	if f == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", f)
}

func whole(n int64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}
