package queryplan

import (
	"fmt"
	"io"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// Answer is what is told of statements: plans, and where something is tried beside, those before and after.
type Answer struct {
	Version    int         `json:"version"`           // of this document, 1
	Server     int         `json:"server"`            // server_version_num of the source
	WhatIf     []string    `json:"what_if,omitempty"` // what was tried
	Statements []Statement `json:"statements"`
	Notes      []string    `json:"notes"`
}

// Statement is one, with its plans.
type Statement struct {
	Text    string   `json:"statement"`
	Plan    *Plan    `json:"plan"`
	After   *Plan    `json:"after,omitempty"` // with what was tried
	Changes *Changes `json:"changes,omitempty"`
	Tables  []Size   `json:"tables"` // that it reads or writes
}

// Size is how large a table is in the source.
type Size struct {
	Table string  `json:"table"`
	Rows  float64 `json:"rows"`
	Bytes int64   `json:"bytes"`
}

// Relations lists the tables that the plan reads or writes, in its order.
func (p *Plan) Relations() []string {
	var names []string
	seen := map[string]bool{"": true}
	p.Root.Walk(func(n *Node) {
		if !seen[n.Relation] {
			seen[n.Relation] = true
			names = append(names, n.Relation)
		}
	})
	return names
}

// WriteText prints plans for people.
func (a *Answer) WriteText(w io.Writer) error {
	return a.sheets(func(s document.Sheet) error { return s.WriteText(w) }, document.Columns(w, document.Unbounded), w)
}

// WriteMarkdown prints the same in Markdown.
func (a *Answer) WriteMarkdown(w io.Writer) error {
	return a.sheets(func(s document.Sheet) error { return s.WriteMarkdown(w) }, document.Unbounded, w)
}

// WriteJSON prints all of it.
func (a *Answer) WriteJSON(w io.Writer) error { return document.WriteJSON(w, a) }

func (a *Answer) sheets(write func(document.Sheet) error, width int, w io.Writer) error {
	for i, s := range a.Statements {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		sheet := s.sheet(len(a.Statements) > 1, width)
		if i == len(a.Statements)-1 {
			sheet.Notes = a.Notes
		}
		if err := write(sheet); err != nil {
			return err
		}
	}
	return nil
}

func (s *Statement) sheet(named bool, width int) document.Sheet {
	var d document.Sheet
	if named {
		d.Headlines = append(d.Headlines, plain(s.Text))
	}
	if s.After == nil {
		d.Headlines = append(d.Headlines, "production: cost "+s.Plan.String())
		d.Grids = []document.Grid{s.Plan.Grid("plan", width)}
	} else {
		d.Headlines = append(d.Headlines, s.Changes.lines()...)
		d.Grids = []document.Grid{s.Plan.Grid("plan before", width), s.After.Grid("plan after", width)}
		if s.Changes.Same {
			d.Grids = d.Grids[1:]
			d.Grids[0].Lines[0][2] = "plan"
		}
	}
	if len(s.Tables) > 0 {
		d.Grids = append(d.Grids, sizes(s.Tables))
	}
	return d
}

// String is the cost and the rows of a plan.
func (p *Plan) String() string {
	rows := document.Number(int64(p.Root.Rows)) + " rows"
	if p.Root.Rows == 1 {
		rows = "1 row"
	}
	return Cost(p.Root.Cost) + ", about " + rows
}

func (c *Changes) lines() []string {
	first := fmt.Sprintf("production: cost %s before, %s after", Cost(c.Before), Cost(c.After))
	switch f := c.Factor(); {
	case c.Same && c.Before == c.After:
		return []string{first + ": the same plan"}
	case c.Same:
		first += ": the plan has the same shape"
	case f >= 1.05:
		first += fmt.Sprintf(": %s times as much", times(f))
	case f > 0 && f <= 0.95:
		first += fmt.Sprintf(": %s times less", times(1/f))
	default:
		first += ": another plan"
	}
	lines := []string{first}
	for _, one := range c.List {
		lines = append(lines, plain(one.String()))
	}
	return lines
}

func times(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.1f", f)
	}
	return document.Number(int64(f + 0.5))
}

func sizes(tables []Size) document.Grid {
	g := document.Grid{}
	g.Add("table", "rows in production", "size")
	for _, t := range tables {
		rows := "never analyzed"
		if t.Rows >= 0 {
			rows = document.Number(int64(t.Rows))
		}
		g.Add(plain(t.Table), rows, document.Size(t.Bytes))
	}
	return g
}
