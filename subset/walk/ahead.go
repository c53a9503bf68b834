package walk

import (
	"context"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// mostAhead is how many tables are asked about before their turn comes. Each
// holds its candidates in memory.
const mostAhead = 4

// askAhead asks about tables whose turn will come in the pass, while the server
// would wait for the choice of rows of the table whose turn it is. What is asked
// depends on the order of the tables, never on how long anything takes.
func (s *searcher) askAhead(ctx context.Context, now *table, pass plan.Pass) {
	if s.plan.Mode == plan.ModeFamily {
		return // rows of one table bring sampled rows of others
	}
	n := 0
	for _, t := range s.tables[now.position+1:] {
		if n == mostAhead {
			return
		}
		if t.ahead != nil {
			n++
			continue
		}
		if t.offered || !t.takesPart(pass) || !t.isDecided(now, pass) {
			continue
		}
		if need := t.need(pass.Goal(t.TablePlan)); !s.hasLeft(t, need) {
			t.ahead = s.ask(ctx, t, s.questionsAbout(t, need))
			n++
		}
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
	}
}
