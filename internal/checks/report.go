package checks

import (
	"fmt"
	"io"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// A Report is what the checks of a pull request came to.
type Report struct {
	Version int    `json:"version"` // 1
	Main    string `json:"main,omitempty"`
	// Missing says why nothing was compared.
	Missing  string              `json:"missing,omitempty"`
	Compared *queries.Comparison `json:"compared,omitempty"`
	// Migrated is how main's code does on the migrated database; nil: that was not tried.
	Migrated *Migrated `json:"main_on_migrated,omitempty"`
	Unknown  []string  `json:"unknown,omitempty"` // what could not be told, and why
	Seconds  float64   `json:"seconds"`
}

// Migrated is what became of main's pages on the database that the pull request's migrations have left.
type Migrated struct {
	Pages  int       `json:"pages"`
	Broken []*Broken `json:"broken"`
}

// A Broken page worked before the migrations.
type Broken struct {
	Path      string `json:"path"`
	Status    int    `json:"status"`
	Exit      int    `json:"exit,omitempty"` // of the command that is run
	Code      string `json:"sqlstate,omitempty"`
	Service   string `json:"service,omitempty"`   // that does not start
	Statement string `json:"statement,omitempty"` // without values
	Because   string `json:"because_of,omitempty"`
}

// Start is the path of what is broken where a service does not start.
const Start = "start"

// Headline says it in a sentence; empty where there is nothing to say.
func (m *Migrated) Headline() string {
	if m == nil || len(m.Broken) == 0 {
		return ""
	}
	b := m.Broken[0]
	if b.Path == Start {
		return "main's code does not start on the migrated database: " + b.Service
	}
	text := fmt.Sprintf("main's code fails on the migrated database: %s answers %d", b.Path, b.Status)
	if b.Path == queries.Run {
		text = "main's code fails on the migrated database: the command that is run fails"
	}
	if b.Code != "" {
		text += " (SQLSTATE " + b.Code + ")"
	}
	if more := len(m.Broken) - 1; more > 0 {
		text += ", and " + plural(more, "more page")
	}
	return text
}

// Headline says it in a line, with what a rehearsal has found of the same statements: nothing of what has not changed.
func (r *Report) Headline(rehearsal *rehearse.Report) string {
	if r.Missing != "" {
		return "not compared with main: " + r.Missing
	}
	parts := []string{r.compatible(rehearsal)}
	if r.Compared != nil {
		if n := r.Compared.WorsePages(); n > 0 {
			parts = append(parts, plural(n, "page")+" worse")
		} else {
			parts = append(parts, "no page worse")
		}
	}
	if rehearsal != nil && rehearsal.Plans != nil {
		worse := 0
		for _, c := range rehearsal.Plans.Changed {
			if c.Worse {
				worse++
			}
		}
		if worse > 0 {
			parts = append(parts, plural(worse, "plan")+" worse")
		}
	}
	return strings.Join(nonEmpty(parts), " · ")
}

// compatible says whether main's code goes on to work, where that was asked.
func (r *Report) compatible(rehearsal *rehearse.Report) string {
	asked := rehearsal != nil && rehearsal.Code != nil && rehearsal.Code.Asked > 0
	switch {
	case asked && len(rehearsal.Code.Breaks) > 0:
		return plural(len(rehearsal.Code.Breaks), "statement") + " of main's code broken"
	case r.Migrated != nil && len(r.Migrated.Broken) > 0:
		return plural(len(r.Migrated.Broken), "page") + " of main's code broken"
	case asked || r.Migrated != nil:
		return "compatible with main's code"
	}
	return ""
}

// Noteworthy tells whether there is more to show than the line.
func (r *Report) Noteworthy() bool {
	c := r.Compared
	return c != nil && len(c.Worse)+len(c.Better)+len(c.New)+len(c.Vanished)+len(c.OnlyNew)+len(c.OnlyOld) > 0 ||
		r.Migrated != nil && len(r.Migrated.Broken) > 0 || len(r.Unknown) > 0
}

const widest = 100

func (b *Broken) where() string {
	if b.Service != "" {
		return b.Path + " of " + b.Service
	}
	return b.Path
}

func (b *Broken) how() string {
	switch {
	case b.Path == Start:
		return "fails"
	case b.Exit != 0:
		return fmt.Sprintf("exit %d", b.Exit)
	}
	return fmt.Sprint(b.Status)
}

func (r *Report) sheet() document.Sheet {
	var s document.Sheet
	if r.Missing != "" {
		return document.Sheet{Headlines: []string{"queries: not compared with main: " + r.Missing}}
	}
	if r.Compared != nil {
		s = r.Compared.Sheet()
	}
	if m := r.Migrated; m != nil && len(m.Broken) > 0 {
		s.Headlines = append(s.Headlines, m.Headline())
		g := document.Grid{}
		g.Add("main's page", "status", "SQLSTATE", "statement", "because of")
		for _, b := range m.Broken {
			g.Add(b.where(), b.how(), b.Code, sqltext.Short(b.Statement, widest), b.Because)
		}
		s.Grids = append(s.Grids, g)
	}
	for _, text := range r.Unknown {
		s.Notes = append(s.Notes, "not known: "+text)
	}
	return s
}

// WriteText prints it for people.
func (r *Report) WriteText(w io.Writer) error { return r.sheet().WriteText(w) }

// WriteMarkdown prints the same in Markdown.
func (r *Report) WriteMarkdown(w io.Writer) error { return r.sheet().WriteMarkdown(w) }

// WriteJSON prints all of it.
func (r *Report) WriteJSON(w io.Writer) error { return document.WriteJSON(w, r) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return document.Number(int64(n)) + " " + what + "s"
}

func nonEmpty(parts []string) []string {
	var some []string
	for _, part := range parts {
		if part != "" {
			some = append(some, part)
		}
	}
	return some
}
