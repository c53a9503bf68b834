package rehearse

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// Measures of the picture, in its own units.
const (
	pictureWidth  = 1000.0
	namesWidth    = 220.0
	rowHeight     = 26.0
	axisHeight    = 30.0
	mostRows      = 30
	mostBars      = 600
	longestName   = 30
	narrowestBar  = 1.5
	legendSpacing = 210.0
)

// kinds of locks by who waits, worst first, and their colours.
var kinds = []struct{ colour, who string }{
	{"#cf222e", "reads and writes wait"}, {"#d4a72c", "writes wait"}, {"#8c959f", "nobody waits"},
}

// A bar is a lock in the picture.
type bar struct {
	table    string
	from, to float64 // seconds
	kind     int     // of kinds
	text     string
}

// WriteSVG draws the locks of each table over time. There is no script in it, and all names are escaped.
func (r *Report) WriteSVG(w io.Writer) error {
	bars, tables, hidden := r.bars()
	end := 0.0
	for _, b := range bars {
		end = math.Max(end, b.to)
	}
	height := axisHeight*2 + rowHeight*float64(max(len(tables), 1))
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%[1]g" height="%[2]g" `+
		`font-family="system-ui,sans-serif" font-size="13" role="img">`+"\n<title>Locks of each table over time</title>\n"+
		`<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n", pictureWidth, height)
	for i, k := range kinds {
		at := namesWidth + float64(i)*legendSpacing
		fmt.Fprintf(&s, `<rect x="%g" y="8" width="14" height="14" fill="%s"/><text x="%g" y="20">%s</text>`+"\n", at,
			k.colour, at+20, k.who)
	}
	for i, table := range tables {
		y := axisHeight + rowHeight*float64(i)
		fmt.Fprintf(&s, `<line x1="0" y1="%g" x2="%g" y2="%[1]g" stroke="#d0d7de"/><text x="4" y="%[3]g">%[4]s</text>`+"\n", y,
			pictureWidth, y+17, html.EscapeString(shortened(shortName(table))))
	}
	for _, b := range bars {
		b.draw(&s, slices.Index(tables, b.table), end)
	}
	axis(&s, end, height, hidden)
	s.WriteString("</svg>\n")
	_, err := io.WriteString(w, s.String())
	return err
}

// bars are the locks, weaker ones first so that none is hidden by one, and the tables, the first locked first.
func (r *Report) bars() (bars []bar, tables []string, hidden int) {
	for _, s := range r.Statements {
		for _, l := range s.Locks {
			if !slices.Contains(tables, l.Table) && len(tables) < mostRows {
				tables = append(tables, l.Table)
			}
			if !slices.Contains(tables, l.Table) || len(bars) >= mostBars {
				hidden++
				continue
			}
			b := bar{table: l.Table, from: s.At + l.Waited, kind: 2}
			b.to = b.from + l.Held
			switch {
			case l.Reads:
				b.kind = 0
			case l.Writes:
				b.kind = 1
			}
			b.text = fmt.Sprintf("statement %d, %s, %s: %s", s.Number, strings.TrimSuffix(l.Mode, "Lock"), took(l.Held),
				s.Verb)
			bars = append(bars, b)
		}
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return b.kind - a.kind })
	return bars, tables, hidden
}

func (b bar) draw(s *strings.Builder, row int, end float64) {
	x, right := across(b.from, end), across(b.to, end)
	y := axisHeight + rowHeight*float64(row)
	fmt.Fprintf(s, `<rect x="%.2f" y="%g" width="%.2f" height="%g" fill="%s"><title>%s</title></rect>`+"\n", x, y+4,
		math.Max(right-x, narrowestBar), rowHeight-8, kinds[b.kind].colour, html.EscapeString(b.text))
}

// across is where a moment is.
func across(at, end float64) float64 {
	return namesWidth + (pictureWidth-namesWidth-20)*math.Max(0, at)/math.Max(end, 0.001)
}

func axis(s *strings.Builder, end, height float64, hidden int) {
	for i := range 5 {
		at := end * float64(i) / 4
		fmt.Fprintf(s, `<text x="%.2f" y="%g" text-anchor="middle" fill="#57606a">%s</text>`+"\n", across(at, end),
			height-10, took(at))
	}
	if hidden > 0 {
		fmt.Fprintf(s, `<text x="4" y="%g" fill="#57606a">%d more locks</text>`+"\n", height-10, hidden)
	}
}

func shortened(name string) string {
	if runes := []rune(name); len(runes) > longestName {
		return string(runes[:longestName-1]) + "…"
	}
	return name
}
