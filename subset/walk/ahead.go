package walk

import (
	"context"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

const (
	// mostAhead is how many tables are asked about before their turn comes. Each
	// holds its candidates in memory.
	mostAhead = 4

	// mostRowsAhead is how many rows of small tables are asked for beside that:
	// what is asked about these does not depend on what is kept.
	mostRowsAhead = 20_000

	// mostLookedAt is how many tables are looked at once enough are asked about.
	mostLookedAt = 100
)

// askAhead asks about tables whose turn will come in the pass, while the server
// would wait for the choice of rows of the table whose turn it is. What is asked
// depends on the order of the tables, never on how long anything takes.
func (s *searcher) askAhead(ctx context.Context, now *table, pass plan.Pass) {
	if s.plan.Mode == plan.ModeFamily {
		return // rows of one table bring sampled rows of others
	}
	a := ahead{searcher: s, now: now, pass: pass}
	for i, t := range s.tables[now.position:] {
		if i > mostLookedAt && a.tables >= mostAhead {
			return
		}
		a.about(ctx, t)
	}
}

// ahead is what is asked about before its turn.
type ahead struct {
	*searcher
	now  *table
	pass plan.Pass

	tables int   // of which candidates are asked for
	looks  int   // tables of which those that are left are looked up
	rows   int64 // of small tables
}

// about asks for candidates of a table or, where there are some left, for what
// these reference. The table whose turn it is comes first, whatever there is.
func (a *ahead) about(ctx context.Context, t *table) {
	small := t.How == plan.Whole && a.rows+t.Rows <= mostRowsAhead
	if small {
		a.rows += t.Rows
	}
	if t.ahead != nil {
		a.tables++
		return
	}
	if t.offered || !t.takesPart(a.pass) || t != a.now && !t.isDecided(a.now, a.pass) {
		return
	}
	need := t.need(a.pass.Goal(t.TablePlan))
	switch {
	case a.hasLeft(t, need) && t.recall.knows():
	case a.hasLeft(t, need):
		if rows := a.unknown(places(t.left)); t.looking == nil && len(rows) > 0 && a.looks < mostAhead {
			t.looking = a.lookAhead(ctx, rows)
		}
		if t.looking != nil {
			a.looks++
		}
	case a.tables < mostAhead || small:
		t.ahead = a.ask(ctx, t, a.questionsAbout(t, need))
		a.tables++
	}
	if t == a.now {
		a.tables, a.looks = 0, 0
	}
}

// takesPart reports whether the table will have a turn in the pass, unless
// other tables force rows of it before.
func (t *table) takesPart(pass plan.Pass) bool {
	return t.TakesTurns() && pass.Goal(t.TablePlan) > t.tally.Rows()
}

// isDecided reports whether the sampled rows by which candidates of the table
// are found are those they will be at its turn, when it is that of another.
func (t *table) isDecided(now *table, pass plan.Pass) bool {
	if t.How != plan.Drive {
		return true
	}
	for _, fk := range t.driving {
		for _, h := range fk.parentHeaps {
			if h.table.position >= now.position && h.table.takesPart(pass) {
				return false
			}
		}
	}
	return true
}

// waitAhead waits for answers that nobody fetched: what they were about was
// forced meanwhile, or something failed.
func (s *searcher) waitAhead() {
	for _, t := range s.tables {
		if t.ahead != nil {
			<-t.ahead.done
			t.ahead = nil
		}
		if t.looking != nil {
			<-t.looking.done
			t.looking = nil
		}
	}
}
