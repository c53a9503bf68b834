package walk

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// asked is questions about candidates of one table, on their way or answered.
type asked struct {
	queries []question
	answers []found
	err     error
	done    chan struct{}
}

func (w *walk) begin(ctx context.Context, i int, need int64) *asked {
	return w.start(ctx, i, w.questionsAbout(i, need))
}

func (w *walk) start(ctx context.Context, i int, queries []question) *asked {
	a := &asked{queries: queries, answers: make([]found, len(queries)), done: make(chan struct{})}
	seed := int64(w.seed(w.plan.Tables[i].Table))
	go func() {
		defer close(a.done)
		a.err = w.src.Spread(ctx, len(queries), func(n int) int { return queries[n].lane }, func(ctx context.Context, c *pgx.Conn, n int) error {
			rows, err := c.Query(ctx, queries[n].sql, append([]any{snapshot.BinaryResults, seed}, queries[n].args...)...)
			if err != nil {
				return err
			}
			a.answers[n], err = w.scan(rows, &queries[n])
			return err
		})
	}()
	return a
}

// mostAhead is how many tables are asked about before their turn comes. Each
// holds its candidates in memory.
const mostAhead = 4

// askAhead asks about tables whose turn will come, while the server would wait
// for the choice of rows of table i. What is asked depends on the order of the
// tables, never on how long anything takes.
func (w *walk) askAhead(ctx context.Context, i int, wants func(int) int64, goal func(*plan.TablePlan) int64) {
	if w.plan.Mode == plan.ModeFamily {
		return // rows of one table bring sampled rows of others
	}
	n := 0
	for j := i + 1; j < len(w.plan.Tables) && n < mostAhead; j++ {
		t := &w.plan.Tables[j]
		if w.ahead[j] != nil {
			n++
			continue
		}
		if wants(j) == 0 || !t.TakesTurns() || !w.isDecided(t, i, wants) || w.tried[j] {
			continue
		}
		if need := w.need(j, goal(t)); !w.hasLeft(j, need) {
			w.ahead[j] = w.begin(ctx, j, need)
			n++
		}
	}
}

// isDecided reports whether the sampled rows by which candidates of a table
// are found are those they will be at its turn, when it is that of table i.
func (w *walk) isDecided(t *plan.TablePlan, i int, wants func(int) int64) bool {
	if t.How != plan.Drive {
		return true
	}
	for _, k := range t.Driving {
		for _, h := range k.ParentHeaps {
			if p := w.table[w.number[h.OID]]; p >= i && wants(p) > 0 && w.plan.Tables[p].TakesTurns() {
				return false
			}
		}
	}
	return true
}

// waitAhead waits for answers that nobody fetched: what they were about was
// forced meanwhile, or something failed.
func (w *walk) waitAhead() {
	for i, a := range w.ahead {
		if a != nil {
			<-a.done
			w.ahead[i] = nil
		}
	}
}
