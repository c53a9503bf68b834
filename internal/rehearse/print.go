package rehearse

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error { return r.sheet().WriteText(w) }

// WriteMarkdown prints the same in Markdown.
func (r *Report) WriteMarkdown(w io.Writer) error { return r.sheet().WriteMarkdown(w) }

// WriteJSON prints all that was seen.
func (r *Report) WriteJSON(w io.Writer) error { return document.WriteJSON(w, r) }

// WriteHTML prints it as a page of its own, with the picture and the plans.
func (r *Report) WriteHTML(w io.Writer) error {
	var picture strings.Builder
	if err := r.WriteSVG(&picture); err != nil {
		return err
	}
	return r.sheet().WriteHTML(w, "Rehearsal of the migration", picture.String(), r.Plans.trees())
}

// MarshalJSON adds what follows from the rest, so that programs need not draw the conclusions themselves.
func (r *Report) MarshalJSON() ([]byte, error) {
	type plain Report
	blocks := r.Blocks()
	if blocks == nil {
		blocks = []Block{}
	}
	return json.Marshal(struct {
		Headline string  `json:"headline"`
		Blocks   []Block `json:"blocks"`
		*plain
	}{r.Headline(), blocks, (*plain)(r)})
}

// For people the longest are shown, of so many at most; a program gets them all.
const (
	shownStatements = 60
	shownBlocks     = 20
	shownAdvice     = 10
)

// widest is how much of a statement is shown for people.
const widest = 100

func (r *Report) sheet() document.Sheet {
	s := document.Sheet{Headlines: []string{"rehearsal: " + r.Headline()}}
	if blocks := r.Blocks(); len(blocks) > 0 {
		s.Grids = append(s.Grids, r.blockGrid(blocks[:min(len(blocks), shownBlocks)]))
		s.Notes = append(s.Notes, more(len(blocks)-shownBlocks, "waits that are shorter")...)
	}
	if len(r.Probes) > 0 {
		s.Grids = append(s.Grids, r.probeGrid())
	}
	shown, hidden := r.shown()
	if g := r.statementGrid(shown); len(g.Lines) > 1 {
		s.Grids = append(s.Grids, g)
		s.Notes = append(s.Notes, more(hidden, "statements that took less")...)
	}
	if g := r.adviceGrid(); len(g.Lines) > 1 {
		s.Grids = append(s.Grids, g)
		s.Notes = append(s.Notes, r.untried()...)
	}
	if g := r.breakGrid(); len(g.Lines) > 1 {
		s.Grids = append(s.Grids, g)
		s.Notes = append(s.Notes, more(len(r.Code.Breaks)-shownBreaks, "statements that work no longer")...)
		s.Notes = append(s.Notes, r.ways()...)
	} else if text := r.Code.Headline(); text != "" {
		s.Notes = append(s.Notes, text)
	}
	if g := r.planGrid(); len(g.Lines) > 1 {
		s.Grids = append(s.Grids, g)
		s.Notes = append(s.Notes, more(len(r.Plans.Changed)-shownPlans, "plans that change")...)
	}
	if text := r.Plans.Headline(); text != "" {
		s.Notes = append(s.Notes, text)
	}
	if len(r.Sizes) > 0 {
		s.Grids = append(s.Grids, r.sizeGrid())
	}
	if r.Queue != nil {
		s.Notes = append(s.Notes, r.Queue.String())
	}
	if r.Twice != nil {
		s.Notes = append(s.Notes, r.Twice.String())
	}
	if r.Back != nil {
		s.Notes = append(s.Notes, r.Back.String())
	}
	for _, q := range r.Questions {
		s.Notes = append(s.Notes, q.String())
	}
	if r.Failed == "" {
		s.Notes = append(s.Notes, r.Audit.String())
	}
	for _, u := range r.Unknown {
		s.Notes = append(s.Notes, "not known: "+u)
	}
	return s
}

// String says whether all is explained.
func (a Audit) String() string {
	switch {
	case a.Impossible != "":
		return "audit: " + a.Impossible
	case len(a.Unexplained) > 0:
		return "audit: not explained by any statement: " + strings.Join(a.Unexplained, ", ")
	}
	return fmt.Sprintf("audit: complete; each of %d relations that the WAL says were locked exclusively, and of %d "+
		"new files, is explained by a statement above", a.Exclusive, a.Files)
}

func (r *Report) blockGrid(blocks []Block) document.Grid {
	g := document.Grid{}
	g.Add("waits for", "who", "held here", "in production", "because of")
	for _, b := range blocks {
		who, there := "writes", "not known"
		if b.Reads {
			who = "reads, writes"
		}
		if b.Known {
			there = b.there()
		}
		g.Add(shortName(b.Table), who, took(b.Here), there, fmt.Sprintf("statement %d, %s", b.Statement,
			strings.TrimSuffix(b.Mode, "Lock")))
	}
	return g
}

// probeGrid is what others have measured.
func (r *Report) probeGrid() document.Grid {
	g := document.Grid{}
	g.Add("measured here", "reads waited", "writes waited")
	for _, p := range r.Probes {
		g.Add(shortName(p.Table), took(p.Reads), took(p.Writes))
	}
	return g
}

// statementGrid leaves out what only asked, or set something.
func (r *Report) statementGrid(shown []*Statement) document.Grid {
	g := document.Grid{}
	named := slices.ContainsFunc(r.Statements, func(s *Statement) bool { return s.Migration != "" })
	title := []string{""}
	if named {
		title = append(title, "migration")
	}
	g.Add(append(title, "statement", "took", "WAL", "work")...)
	for _, s := range shown {
		wal := ""
		if s.WAL > 0 {
			wal = document.Size(s.WAL)
		}
		first := []string{fmt.Sprint(s.Number)}
		if named {
			first = append(first, s.Migration)
		}
		g.Add(append(first, sqltext.Short(s.Shape, widest), took(s.Seconds), wal, strings.Join(s.worked(), ", "))...)
	}
	return g
}

// shown are the statements that people want to see: those that took longest, in their order.
func (r *Report) shown() (shown []*Statement, hidden int) {
	for _, s := range r.Statements {
		if s.worth() {
			shown = append(shown, s)
		}
	}
	if hidden = len(shown) - shownStatements; hidden <= 0 {
		return shown, 0
	}
	slices.SortStableFunc(shown, func(a, b *Statement) int { return cmp.Compare(b.Seconds, a.Seconds) })
	shown = shown[:shownStatements]
	slices.SortFunc(shown, func(a, b *Statement) int { return cmp.Compare(a.Number, b.Number) })
	return shown, hidden
}

// more says that there are more; nothing where there are not.
func more(n int, what string) []string {
	if n <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("and %s %s", document.Number(int64(n)), what)}
}

// worth tells whether a statement is one that people want to see.
func (s *Statement) worth() bool {
	if s.Code != "" || len(s.works()) > 0 {
		return true
	}
	for _, l := range s.Locks {
		if strength[l.Mode].rank >= strength["RowExclusiveLock"].rank {
			return true
		}
	}
	return false
}

// worked says what a statement did.
func (s *Statement) worked() []string {
	var all []string
	for _, table := range s.Rewrites {
		all = append(all, "rewrites "+shortName(table))
	}
	for _, scan := range s.Scans {
		if scan.Key != "" {
			all = append(all, "checks all of "+shortName(scan.Table)+" for "+scan.Key)
			continue
		}
		all = append(all, "reads all of "+shortName(scan.Table))
	}
	for _, b := range s.Builds {
		all = append(all, "builds "+b.Index)
	}
	for _, c := range s.Changes {
		if c.Rows > 0 || c.Counted {
			all = append(all, c.String())
		}
	}
	if s.Temporary > 0 {
		all = append(all, document.Size(s.Temporary)+" of temporary files")
	}
	if s.Code != "" {
		all = append(all, "fails: SQLSTATE "+s.Code)
	}
	return all
}

func plural(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return document.Number(n) + " rows"
}

func (r *Report) sizeGrid() document.Grid {
	g := document.Grid{}
	g.Add("table", "rows here", "in production", "size here", "in production")
	for _, s := range r.Sizes {
		there, bytes := "not known", "not known"
		if s.There > 0 || s.ThereSize > 0 {
			there, bytes = document.Number(int64(s.There)), document.Size(s.ThereSize)
		}
		here := "not analyzed"
		if s.Rows >= 0 {
			here = document.Number(s.Rows)
		}
		g.Add(shortName(s.Table), here, there, document.Size(s.Bytes), bytes)
	}
	return g
}
