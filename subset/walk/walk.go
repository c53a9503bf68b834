package walk

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// walk chooses rows. Whatever it keeps, it keeps with all that it references,
// so that at every moment what is kept is complete.
//
//	rows of "all", roots and what belongs to them ─▶ each table, parents first: its target, or less where other
//	tables are expected to force rows of it ─▶ each table again, up to its
//	target ─▶ tables far below it, with what other tables left over
type walk struct {
	src  *snapshot.Snapshot
	plan *plan.Plan

	heaps  []*catalog.Heap
	number map[uint32]int // of a heap, by OID
	table  []int          // position in plan.Tables, by heap number
	keys   []heapKeys     // by heap number

	directories []*directory // by heap number, nil where rows are known by their places alone
	named       []*directory // by position in plan.keys, nil where the parent has to be looked up

	seen       *seen
	gaveUp     bool          // on a row in seen whose ancestors are not all in it
	ahead      []*asked      // by position in plan.Tables: candidates that are asked for before their turn
	askedFor   []int64       // by position in plan.Tables: candidates, when it was asked last
	left       [][]candidate // by position in plan.Tables: those that were not needed so far
	remembered int           // candidates in left
	tried      []bool        // by position in plan.Tables: it was offered rows up to its target
	kept       *snapshot.RowSet
	sampled    *snapshot.RowSet
	families   *snapshot.RowSet // rows whose children are all kept
	news       []snapshot.Row   // rows sampled since it was emptied, in family mode
	broken     bool             // a row was kept that was never looked at
	tallies    []Tally          // by position in plan.Tables
	keyTally   []Tie
	spent      int64 // of plan.Allowance

	observe Observe
}

// heapKeys are the keys of a heap's rows, as positions in plan.keys: those
// that lead to one parent at most, and those that may lead to several.
type heapKeys struct{ single, several []int }

// reason says why a row is kept: sampled, or the position in plan.keys of the
// key that forced it.
type reason int32

const sampled reason = -1

func newWalk(s *snapshot.Snapshot, p *plan.Plan, observe Observe) (*walk, error) {
	w := &walk{
		src: s, plan: p, observe: observe,
		number:   map[uint32]int{},
		seen:     &seen{},
		ahead:    make([]*asked, len(p.Tables)),
		askedFor: make([]int64, len(p.Tables)),
		left:     make([][]candidate, len(p.Tables)),
		tried:    make([]bool, len(p.Tables)),
		tallies:  make([]Tally, len(p.Tables)),
		keyTally: make([]Tie, len(p.ForeignKeys)),
	}
	for i := range p.Tables {
		w.tallies[i].By = map[int]int64{}
		for _, h := range p.Tables[i].Table.Heaps {
			w.number[h.OID] = len(w.heaps)
			w.heaps = append(w.heaps, h)
			w.table = append(w.table, i)
		}
	}
	if len(w.heaps) > snapshot.MostHeaps {
		return nil, fmt.Errorf("%d tables and partitions are more than %d", len(w.heaps), snapshot.MostHeaps)
	}
	w.kept, w.sampled, w.families = snapshot.NewRowSet(len(w.heaps)), snapshot.NewRowSet(len(w.heaps)), snapshot.NewRowSet(len(w.heaps))
	w.keys = make([]heapKeys, len(w.heaps))
	for i, k := range p.ForeignKeys {
		for _, h := range k.ChildHeaps {
			keys := &w.keys[w.number[h.OID]]
			if k.SingleParent() {
				keys.single = append(keys.single, i)
			} else {
				keys.several = append(keys.several, i)
			}
		}
	}
	w.openDirectories()
	return w, nil
}

func (w *walk) run(ctx context.Context) error {
	for i := range w.plan.Tables {
		if w.plan.Tables[i].How == plan.Every {
			if err := w.keepAll(ctx, i); err != nil {
				return w.in(i, err)
			}
		}
	}
	if err := w.keepRoots(ctx); err != nil {
		return err
	}
	first := func(t *plan.TablePlan) int64 {
		return int64(float64(t.Target)*t.Reserve + 0.5)
	}
	if err := w.pass(ctx, first, w.plan.Allowance); err != nil {
		return err
	}
	if err := w.pass(ctx, func(t *plan.TablePlan) int64 { return t.Target }, w.plan.Allowance-w.spent); err != nil {
		return err
	}
	for i := range w.left {
		w.setLeft(i, nil) // a starving table is to be offered others
	}
	left := w.plan.Target + w.plan.Allowance - w.kept.N
	if err := w.pass(ctx, func(t *plan.TablePlan) int64 { return int64(float64(t.Target) * plan.Starving) }, left); err != nil {
		return err
	}
	return w.finish(ctx)
}

// pass brings every table to its goal, parents first, as far as the allowance
// permits. Tables share it by what they want; what one leaves is for the rest.
func (w *walk) pass(ctx context.Context, goal func(*plan.TablePlan) int64, allowance int64) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := w.turns(ctx, goal, allowance); err != nil {
		stop()
		w.waitAhead()
		return err
	}
	w.waitAhead()
	return nil
}

// turns gives each table its turn.
func (w *walk) turns(ctx context.Context, goal func(*plan.TablePlan) int64, allowance int64) error {
	wants := func(i int) int64 { return max(goal(&w.plan.Tables[i])-w.tallies[i].Rows(), 0) }
	for i := range w.plan.Tables {
		t := &w.plan.Tables[i]
		if wants(i) == 0 || !t.TakesTurns() {
			continue
		}
		w.askAhead(ctx, i, wants, goal)
		var ahead int64
		for n := i; n < len(w.plan.Tables); n++ {
			ahead += wants(n)
		}
		share := float64(wants(i)) / float64(ahead)
		if w.triedInVain(i, int64(float64(allowance)*share)) {
			continue
		}
		sample := w.sample
		if w.plan.Mode == plan.ModeFamily {
			sample = w.sampleFamilies
		}
		spent, err := sample(ctx, i, goal(t), int64(float64(max(allowance, 0))*share+1))
		if err != nil {
			return w.in(i, err)
		}
		allowance -= spent
		w.spent += spent
		w.tell(i, false)
	}
	return nil
}

// triedInVain reports whether the table was offered all that it could have,
// and there is no new allowance to speak of.
func (w *walk) triedInVain(i int, allowance int64) bool {
	const enough = 0.1 // of the rows it lacks
	lacks := w.plan.Tables[i].Target - w.tallies[i].Rows()
	return w.tried[i] && float64(allowance) < enough*float64(lacks)
}

// sample brings a table to its goal, as far as the allowance permits, and
// returns what it spent of it.
func (w *walk) sample(ctx context.Context, i int, goal, allowance int64) (int64, error) {
	candidates, err := w.candidates(ctx, i, goal)
	if err != nil {
		return 0, err
	}
	defer w.forget()
	if _, err := w.lookup(ctx, w.unknown(places(candidates)), nil); err != nil {
		return 0, err
	}
	waiting := w.takeFree(i, candidates, goal)
	var spent int64
	if missing := goal - w.tallies[i].Rows(); missing > 0 {
		short := w.shortlist(candidates, missing+missing/2+plan.FewCandidates, allowance)
		if err := w.follow(ctx, w.behind(short), true); err != nil {
			return 0, err
		}
		spent = newChoice(w, i, short).run(goal, allowance)
	}
	for _, id := range waiting {
		if w.tallies[i].Rows() < goal {
			w.keep(id)
		}
	}
	w.leave(i, candidates)
	w.tried[i] = goal == w.plan.Tables[i].Target
	return spent, nil
}

// behind is what candidates reference and is not kept.
func (w *walk) behind(candidates []candidate) []int32 {
	var ids []int32
	for _, c := range candidates {
		id, ok := w.seen.find(c.row)
		if !ok {
			continue
		}
		edges, _ := w.seen.of(id)
		for _, e := range edges {
			if w.seen.fresh(e) {
				ids = append(ids, e.to)
			}
		}
	}
	return ids
}

// leave remembers the candidates that were not needed, as long as they are few.
func (w *walk) leave(i int, candidates []candidate) {
	w.setLeft(i, nil)
	left := w.unkept(candidates)
	if w.remembered+len(left) <= mostRemembered {
		w.setLeft(i, left)
	}
}

func (w *walk) setLeft(i int, candidates []candidate) {
	w.remembered += len(candidates) - len(w.left[i])
	w.left[i] = candidates
}

// finish sees to it that no table stays empty whose source is not: then one
// row is kept, whatever it brings along.
func (w *walk) finish(ctx context.Context) error {
	for i := range w.plan.Tables {
		t := &w.plan.Tables[i]
		if t.Target > 0 && w.tallies[i].Rows() == 0 && t.How != plan.Nothing {
			candidates, err := w.candidates(ctx, i, 1)
			if err != nil {
				return w.in(i, err)
			}
			if err := w.keepEach(ctx, places(candidates[:min(1, len(candidates))])); err != nil {
				return w.in(i, err)
			}
		}
	}
	for i := range w.plan.Tables {
		w.tell(i, true) // only now: the last row of one table may force rows of any other
	}
	if w.broken {
		return errIncomplete
	}
	return nil
}

func (w *walk) tell(i int, done bool) {
	t := &w.plan.Tables[i]
	w.observe(t, w.tallies[i].Rows(), done)
}

// keepAll keeps every row of a table and all that it references.
func (w *walk) keepAll(ctx context.Context, i int) error {
	for _, h := range w.plan.Tables[i].Table.Heaps {
		if h.Pages == 0 {
			continue
		}
		if err := w.src.EveryRow(ctx, w.number[h.OID], h, func(rows []snapshot.Row) error { return w.keepEach(ctx, rows) }); err != nil {
			return err
		}
		w.tell(i, false)
	}
	return nil
}

func (w *walk) keepEach(ctx context.Context, rows []snapshot.Row) error {
	defer w.forget()
	if err := w.expand(ctx, rows, false); err != nil {
		return err
	}
	for _, r := range rows {
		if !w.kept.Has(r) {
			w.keep(w.seen.id(r))
		}
	}
	return nil
}

func places(candidates []candidate) []snapshot.Row {
	rows := make([]snapshot.Row, len(candidates))
	for i, c := range candidates {
		rows[i] = c.row
	}
	return rows
}

// keep marks a row as sampled, and all that it references as forced, and
// returns those. The row and what it references must have been looked at.
func (w *walk) keep(id int32) []int32 {
	if w.seen.kept[id] {
		return nil
	}
	w.mark(id, sampled)
	queue := []int32{id}
	for n := 0; n < len(queue); n++ {
		edges, ok := w.seen.of(queue[n])
		w.broken = w.broken || !ok
		for _, e := range edges {
			w.keyTally[e.key].Rows++
			if w.seen.dangles(e) {
				w.keyTally[e.key].Dangling++
			}
			if w.seen.fresh(e) {
				w.mark(e.to, reason(e.key))
				queue = append(queue, e.to)
			}
		}
	}
	return queue[1:]
}

func (w *walk) mark(id int32, why reason) {
	r := w.seen.rows[id]
	w.seen.kept[id] = true
	w.kept.Add(r)
	w.keepName(id, why)
	t := &w.tallies[w.tableOf(r)]
	if why == sampled {
		w.sampled.Add(r)
		if w.plan.Mode == plan.ModeFamily {
			w.news = append(w.news, r)
		}
		t.Sampled++
		return
	}
	t.Forced++
	t.By[int(why)]++
}

func (w *walk) tableOf(r snapshot.Row) int { return w.table[r.Heap()] }

// room is how many rows a table may still take before it overflows.
func (w *walk) room(table int) int64 {
	return max(w.plan.Tables[table].Target-w.tallies[table].Rows(), 0)
}

// mostRemembered is how many rows that were looked at are remembered for the
// next table, which may reference the same ones.
const mostRemembered = 40_000

// forget drops what was looked at and not kept, when it is much.
func (w *walk) forget() {
	if w.gaveUp || len(w.seen.rows) > mostRemembered {
		w.seen.forget()
		for _, d := range w.directories {
			if d != nil {
				d.ids.forget()
			}
		}
		w.gaveUp = false
	}
}

func (w *walk) in(i int, err error) error {
	t := &w.plan.Tables[i]
	return fmt.Errorf("choose rows of %s.%s: %w", t.Schema, t.Name, err)
}

var (
	errMoved      = errors.New("a row lies in a table that the catalog does not know")
	errIncomplete = errors.New("a row was kept before its parents were known: this is a defect of offshoot")
)
