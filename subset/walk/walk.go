package walk

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Observe is told how many rows of a table are kept so far; done says that no
// more will come.
type Observe func(t *plan.TablePlan, rows int64, done bool)

// Run chooses the rows of a plan that was made of the snapshot. observe is
// called from one goroutine.
func Run(ctx context.Context, s *snapshot.Snapshot, p *plan.Plan, observe Observe) (*Result, error) {
	schema, err := newSchema(p)
	if err != nil {
		return nil, err
	}
	w := newWalk(s, schema, observe)
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	return newResult(w.memory), nil
}

// walk keeps rows: of tables that are kept whole, of roots, and then of each
// table in the passes of the plan.
type walk struct {
	*searcher
	families *snapshot.RowSet // rows whose children are all kept
	observe  Observe
}

func newWalk(src *snapshot.Snapshot, s *schema, observe Observe) *walk {
	return &walk{
		searcher: &searcher{memory: newMemory(s), src: src},
		families: snapshot.NewRowSet(len(s.heaps)), observe: observe,
	}
}

func (w *walk) run(ctx context.Context) error {
	if err := w.keepAll(ctx); err != nil {
		return fmt.Errorf("choose rows of tables that are kept whole: %w", err)
	}
	if err := w.keepRoots(ctx); err != nil {
		return err
	}
	var spent float64
	for _, pass := range w.plan.Passes() {
		var err error
		if spent, err = w.pass(ctx, pass, spent); err != nil {
			return err
		}
	}
	return w.finish(ctx)
}

// pass gives each table its turn.
func (w *walk) pass(ctx context.Context, pass plan.Pass, spent float64) (float64, error) {
	if pass.Others {
		for _, t := range w.tables {
			t.left, t.recall = nil, nil
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kept := func(table int) float64 { return float64(w.tables[table].tally.Rows()) }
	spent, err := pass.Turns(kept, spent, func(turn plan.Turn) (float64, error) {
		t := w.tables[turn.Table]
		w.askAhead(ctx, t, pass)
		spent, err := w.turn(ctx, t, turn)
		if err != nil {
			return 0, t.in(err)
		}
		return float64(spent), nil
	})
	if err != nil {
		stop()
	}
	w.waitAhead()
	return spent, err
}

// turn brings a table to its goal, and returns what it spent of the allowance.
func (w *walk) turn(ctx context.Context, t *table, turn plan.Turn) (int64, error) {
	if t.offeredInVain(int64(turn.Allowance)) {
		return 0, nil
	}
	sample := w.sample
	if w.plan.Mode == plan.ModeFamily {
		sample = w.sampleFamilies
	}
	spent, err := sample(ctx, t, turn.Goal, int64(max(turn.Allowance, 0)+1))
	if err == nil {
		w.tell(t, false)
	}
	return spent, err
}

// offeredInVain reports whether the table was offered all that it could have,
// and there is no new allowance to speak of.
func (t *table) offeredInVain(allowance int64) bool {
	const enough = 0.1 // of the rows it lacks
	lacks := t.Target - t.tally.Rows()
	return t.offered && float64(allowance) < enough*float64(lacks)
}

// sample brings a table to its goal, as far as the allowance permits, and
// returns what it spent of it.
func (w *walk) sample(ctx context.Context, t *table, goal, allowance int64) (spent int64, err error) {
	candidates, err := w.candidates(ctx, t, goal)
	if err != nil {
		return 0, err
	}
	defer w.forget()
	if err := w.hear(t); err != nil {
		return 0, err
	}
	if err := w.look(ctx, places(candidates)); err != nil {
		return 0, err
	}
	c := &chooser{memory: w.memory, table: t, goal: goal, candidates: candidates}
	c.takeFree()
	if c.missing() > 0 {
		short := c.shortlist(allowance)
		if err := w.follow(ctx, w.behind(short), true); err != nil {
			return 0, err
		}
		spent = newMarket(w.memory, t, short).run(goal, allowance)
	}
	c.takeWaiting()
	w.leave(t, candidates)
	t.offered = goal == t.Target
	return spent, nil
}

// finish sees to it that no table stays empty whose source is not: then one
// row is kept, whatever it brings along.
func (w *walk) finish(ctx context.Context) error {
	for _, t := range w.tables {
		if t.NeverEmpty() && t.tally.Rows() == 0 {
			if err := w.keepOne(ctx, t); err != nil {
				return t.in(err)
			}
		}
	}
	for _, t := range w.tables {
		w.tell(t, true) // only now: the last row of one table may force rows of any other
	}
	if w.broken {
		return errIncomplete
	}
	return nil
}

func (w *walk) keepOne(ctx context.Context, t *table) error {
	candidates, err := w.candidates(ctx, t, 1)
	if err != nil {
		return err
	}
	return w.keepEach(ctx, places(candidates[:min(1, len(candidates))]))
}

// keepAll keeps every row of the tables of which that is the plan, and all that
// they reference.
func (w *walk) keepAll(ctx context.Context) error {
	var heaps []snapshot.Numbered
	every := func(t *table) bool { return t.How == plan.Every }
	for _, t := range w.tables {
		for _, h := range t.heaps {
			if every(t) && h.Pages > 0 {
				heaps = append(heaps, snapshot.Numbered{Number: h.number, Heap: h.Heap})
			}
		}
	}
	err := w.src.EveryRow(ctx, heaps, func(rows []snapshot.Row) error { return w.keepEach(ctx, rows) })
	for _, t := range w.tables {
		if every(t) && err == nil {
			w.tell(t, false)
		}
	}
	return err
}

// keepEach keeps rows and all that they reference.
func (w *walk) keepEach(ctx context.Context, rows []snapshot.Row) error {
	defer w.forget()
	if err := w.expand(ctx, rows); err != nil {
		return err
	}
	for _, r := range rows {
		if !w.kept.Has(r) {
			w.keep(w.seen.id(r))
		}
	}
	return nil
}

func (w *walk) tell(t *table, done bool) { w.observe(t.TablePlan, t.tally.Rows(), done) }

func (t *table) in(err error) error {
	return fmt.Errorf("choose rows of %s.%s: %w", t.Schema, t.Name, err)
}

var errIncomplete = errors.New("a row was kept before its parents were known: this is a defect of offshoot")
