package rehearse

import (
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// longestStep is how much of a step is shown for people: what is to be copied is better whole.
const longestStep = 300

// adviceGrid shows safer ways below what they take the place of.
func (r *Report) adviceGrid() document.Grid {
	g := document.Grid{}
	g.Add("safer", "each in a transaction of its own", "took here", "others wait")
	given := 0
	for _, a := range r.Advice {
		before := r.statement(a.Statement)
		if !before.matters() {
			continue
		}
		if given++; given > shownAdvice {
			break
		}
		g.Add(fmt.Sprintf("than %d", a.Statement), a.Why, took(before.Seconds), waiting(lockedBy(before)))
		for _, step := range a.Steps {
			text := sqltext.Short(step.SQL, longestStep)
			seconds, wait := took(step.Seconds), waiting(step.Reads, step.Writes)
			switch {
			case step.Times > 1:
				text = fmt.Sprintf("%s (%d times)", text, step.Times)
			case step.Repeat:
				text += " (again and again)"
			}
			if !a.Tried {
				seconds, wait = "", ""
			}
			g.Add("", text, seconds, wait)
		}
	}
	return g
}

// matters tells whether anybody would notice a statement in production, as far as that is known.
func (s *Statement) matters() bool {
	if s.Held != nil && s.Production != nil {
		return max(s.Production.Seconds, s.Held.Seconds) >= unnoticed
	}
	return true
}

// statement finds one by its number.
func (r *Report) statement(number int) *Statement {
	for _, s := range r.Statements {
		if s.Number == number {
			return s
		}
	}
	return &Statement{}
}

// waiting says who waits for how long; what nobody notices is nothing.
func waiting(reads, writes float64) string {
	switch {
	case reads >= unnoticed || reads > 0 && reads >= writes:
		return "reads, writes " + took(reads)
	case writes > 0:
		return "writes " + took(writes)
	}
	return "nobody"
}

// untried says of which advice the figures are not known.
func (r *Report) untried() []string {
	var said []string
	for _, a := range r.Advice {
		if !a.Tried && r.statement(a.Statement).matters() {
			said = append(said, fmt.Sprintf("what is safer than statement %d was not tried: %s", a.Statement,
				strings.TrimSpace(a.Failed)))
		}
	}
	return said
}
