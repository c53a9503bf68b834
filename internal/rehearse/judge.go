package rehearse

import (
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// Running are the statements that production's code sends, as far as the facts of the source tell.
func Running(known *facts.Facts) []compat.Statement {
	var all []compat.Statement
	if !known.Known() {
		return nil
	}
	for _, s := range known.Statements {
		if compat.Askable(s.Shape) {
			all = append(all, compat.Statement{Text: s.Shape, Calls: s.Calls})
		}
	}
	return all
}

// Judge notes which of the code's statements no longer work, and because of which of the migration's.
func (r *Report) Judge(code *compat.Report) {
	for _, b := range code.Breaks {
		b.By = r.breaker(b)
	}
	r.Code = code
}

// breaker is the number of the statement that a break is because of: the last that names what it speaks of, or else
// the only one that changes the schema; 0 where there is none.
func (r *Report) breaker(b *compat.Break) int {
	only := 0
	for _, s := range slices.Backward(r.Statements) {
		if !changesSchema(s) {
			continue
		}
		if b.Named(s.Shape) {
			return s.Number
		}
		if only == 0 {
			only = s.Number
		} else {
			only = -1
		}
	}
	return max(only, 0)
}

// Broke names what a statement no longer works because of, by its shape; empty where that is not known.
func (r *Report) Broke(shape string) string {
	if r == nil || r.Code == nil {
		return ""
	}
	for _, b := range r.Code.Breaks {
		if b.Shape == shape {
			return r.by(b.By)
		}
	}
	return ""
}

// Migrates tells whether the migration has changed anything of the schema.
func (r *Report) Migrates() bool { return r != nil && slices.ContainsFunc(r.Statements, changesSchema) }

func changesSchema(s *Statement) bool {
	for _, word := range []string{"ALTER", "DROP", "CREATE", "DO"} {
		if sqltext.Has(s.Verb, word) {
			return s.Code == ""
		}
	}
	return false
}

// breaks tells whether code that runs now no longer works.
func (r *Report) breaks() bool { return r.Code != nil && len(r.Code.Breaks) > 0 }

// shownBreaks is how many people are shown.
const shownBreaks = 20

// breakGrid is empty but for its title where nothing breaks.
func (r *Report) breakGrid() document.Grid {
	g := document.Grid{}
	g.Add("works no longer", "calls", "why", "because of")
	if !r.breaks() {
		return g
	}
	for _, b := range r.Code.Breaks[:min(len(r.Code.Breaks), shownBreaks)] {
		share := ""
		if b.Share > 0 {
			share = fmt.Sprintf("%.1f %%", b.Share*100)
		}
		g.Add(sqltext.Short(b.Shape, widest), share, b.Message, r.by(b.By))
	}
	return g
}

// ways are how to come to the same schema in steps, once each.
func (r *Report) ways() []string {
	var all []string
	for _, b := range r.Code.Breaks {
		if text := "instead: " + b.Way; b.Way != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
