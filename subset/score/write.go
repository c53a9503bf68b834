package score

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// mostColumns is how many columns are written for people, those that lost
// most first. JSON has them all.
const mostColumns = 20

// WriteText prints the score for people.
func (s *Score) WriteText(w io.Writer) error { return s.sheet().WriteText(w) }

// WriteMarkdown prints the score for a pull request.
func (s *Score) WriteMarkdown(w io.Writer) error { return s.sheet().WriteMarkdown(w) }

// WriteJSON prints the score as one JSON document.
func (s *Score) WriteJSON(w io.Writer) error { return document.WriteJSON(w, s) }

func (s *Score) sheet() document.Sheet {
	return document.Sheet{Headlines: s.headlines(), Grids: s.grids(), Notes: s.notes()}
}

func (s *Score) headlines() []string {
	sum := &s.Summary
	lines := []string{
		fmt.Sprintf("%s holds %s of the %s rows of %s (target %s): "+
			"%s off target, %s above a table's target, %s dangling, %s of them not in the source",
			s.Subset, document.Number(sum.Rows), document.Number(sum.SourceRows), s.Database,
			document.Number(sum.Target), percent(sum.TargetError), document.Number(sum.Overflow),
			document.Number(sum.Dangling), document.Number(sum.Broken)),
		sum.Fanout.line("fan-out"), sum.Shape.line("shape of fan-out"), sum.PositionBias.line("position bias"),
	}
	if sum.CoverExpected > 0 {
		lines = append(lines,
			fmt.Sprintf("values: %s of those of columns with few are found, %s expected", percent(sum.Covered),
				percent(sum.CoverExpected)))
	}
	return lines
}

func (e *Extremes) line(what string) string {
	switch {
	case e.Measured == 0:
		return what + ": not measured"
	case e.Beyond == 0:
		return fmt.Sprintf("%s: median %.3f of %d, none beyond chance", what, e.Median, e.Measured)
	}
	return fmt.Sprintf("%s: median %.3f of %d, %d beyond chance, worst %.3f at %s", what, e.Median, e.Measured,
		e.Beyond, e.Worst, e.At)
}

func (s *Score) grids() []document.Grid {
	all := []document.Grid{s.tableGrid(), s.keyGrid(), s.columnGrid()}
	return slices.DeleteFunc(all, func(g document.Grid) bool { return len(g.Lines) < 2 })
}

func (s *Score) tableGrid() (g document.Grid) {
	g.Add("table", "rows", "target", "kept", "off target", "overflow", "position bias")
	for _, t := range s.Tables {
		g.Add(t.Schema+"."+t.Name, document.Number(t.Source), document.Number(t.Target), document.Number(t.Rows),
			signed(t.Error), document.Number(t.Overflow), t.Position.text())
	}
	return g
}

func (s *Score) keyGrid() (g document.Grid) {
	g.Add("foreign key", "fan-out", "shape", "mean: source", "subset", "implied", "childless: source", "subset",
		"implied", "dangling")
	for _, k := range s.Keys {
		g.Add(k.Name, k.Fanout.text(), k.Shape.text(), mean(k.Mean.Source), mean(k.Mean.Subset), mean(k.Mean.Implied),
			percent(k.Childless.Source), percent(k.Childless.Subset), percent(k.Childless.Implied),
			document.Number(k.Dangling))
	}
	return g
}

func (s *Score) columnGrid() (g document.Grid) {
	g.Add("column", "values", "found", "expected", "of rows", "NULL: source", "subset")
	columns := slices.Clone(s.Columns)
	slices.SortStableFunc(columns, func(a, b Column) int { return cmp.Compare(b.loss(), a.loss()) })
	for _, c := range columns[:min(len(columns), mostColumns)] {
		cells := []string{c.Table + "." + c.Column, "", "", "", "", "", ""}
		if v := c.Coverage; v != nil {
			cells[1], cells[2], cells[3], cells[4] = fmt.Sprint(v.Values), fmt.Sprint(v.Found),
				fmt.Sprintf("%.1f", v.Expected*float64(v.Values)), percent(v.Weighted)
		}
		if c.Nulls != nil {
			cells[5], cells[6] = percent(c.Nulls.Source), percent(c.Nulls.Subset)
		}
		g.Add(cells...)
	}
	return g
}

// loss orders columns for people: what part of their rows has a value that is
// gone, or a NULL too many or too few.
func (c *Column) loss() float64 {
	var loss float64
	if c.Coverage != nil {
		loss = 1 - c.Coverage.Weighted
	}
	if c.Nulls != nil {
		loss = max(loss, c.Nulls.Source-c.Nulls.Subset, c.Nulls.Subset-c.Nulls.Source)
	}
	return loss
}

func (s *Score) notes() []string {
	var notes []string
	for _, g := range s.grids() {
		if strings.Contains(fmt.Sprint(g.Lines), marked) {
			notes = append(notes, "* more than chance explains (exceeded by it once in a hundred times)")
			break
		}
	}
	for _, k := range s.Keys {
		if k.Dangling > 0 {
			notes = append(notes,
				fmt.Sprintf("dangling: %s: %s rows, %s in the source", k.Name, document.Number(k.Dangling),
					document.Number(k.Before)))
		}
	}
	for _, t := range s.Tables {
		if t.Foreign > 0 {
			notes = append(notes,
				fmt.Sprintf("not in the source: %s rows of %s.%s, by their key", document.Number(t.Foreign), t.Schema,
					t.Name))
		}
	}
	if more := len(s.Columns) - mostColumns; more > 0 {
		notes = append(notes, fmt.Sprintf("%d more columns are in the JSON document", more))
	}
	for _, name := range s.OnlySource {
		notes = append(notes, "only in the source: "+name)
	}
	for _, name := range s.OnlySubset {
		notes = append(notes, "only in the subset: "+name)
	}
	for _, o := range s.Unscored {
		notes = append(notes, fmt.Sprintf("not followed: %s (%s)", o.Name, o.Reason))
	}
	return notes
}

const marked = " *"

func (d *Distance) text() string {
	switch {
	case d == nil:
		return "-"
	case d.Beyond():
		return fmt.Sprintf("%.3f", d.Value) + marked
	}
	return fmt.Sprintf("%.3f", d.Value)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", share*100) }

func signed(share float64) string { return fmt.Sprintf("%+.1f %%", share*100) }

func mean(f float64) string { return fmt.Sprintf("%.2f", f) }
