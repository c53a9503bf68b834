package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// Duration is short and steady in width: 0.4s, 12.3s, 2m05s, 1h02m.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0.0s"
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	d = d.Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// Plural is a count and its noun: 1 row, 2 rows.
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return document.Number(n) + " " + noun + "s"
}

// Table lays rows out in columns two spaces apart. Columns named in right are
// aligned to the right. Cells are cleaned; trailing spaces are not written.
func Table(rows [][]string, right ...int) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(Clean(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(tableLine(row, widths, right) + "\n")
	}
	return b.String()
}

// FitTable is Table for a terminal of so many columns. Where the table is wider,
// the last cell of each row goes below it, broken between words: it holds what
// is longest, and a link stays whole.
func FitTable(rows [][]string, width int) string {
	whole := Table(rows)
	widest := 0
	for line := range strings.Lines(whole) {
		widest = max(widest, Width(strings.TrimRight(line, "\n")))
	}
	if widest <= width {
		return whole
	}
	var heads [][]string
	for _, row := range rows {
		heads = append(heads, row[:max(0, len(row)-1)])
	}
	lines := strings.SplitAfter(Table(heads), "\n")
	var b strings.Builder
	for i, row := range rows {
		b.WriteString(lines[i])
		if len(row) == 0 || row[len(row)-1] == "" {
			continue
		}
		for _, piece := range Wrap("  "+Clean(row[len(row)-1]), width) {
			b.WriteString(piece + "\n")
		}
	}
	return b.String()
}

func tableLine(row []string, widths, right []int) string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cell = Clean(cell)
		pad := strings.Repeat(" ", widths[i]-Width(cell))
		cells[i] = cell + pad
		for _, r := range right {
			if r == i {
				cells[i] = pad + cell
			}
		}
	}
	return strings.TrimRight(strings.Join(cells, "  "), " ")
}
