package subset

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// walk chooses rows. Whatever it keeps, it keeps with all that it references,
// so that at every moment what is kept is complete.
//
//	rows of "all" ─▶ each table, parents first: half of its target where others
//	reference it, the rest is room for what they force ─▶ each table again, up
//	to its target
type walk struct {
	src  *Source
	plan *Plan

	heaps  []*catalog.Heap
	number map[uint32]int // of a heap, by OID
	table  []int          // position in plan.Tables, by heap number
	keys   [][]int        // positions in plan.keys, by heap number

	edges    map[row][]edge // of rows looked at but not kept
	explored []row          // the keys of edges
	kept     map[row]reason
	tallies  []tally // by position in plan.Tables
	keyTally []keyTally
	spent    int64 // of plan.Allowance

	observe func(Event)
}

// edge leads from a child to its parent, or nowhere.
type edge struct {
	parent row
	key    int // position in plan.keys
}

// reason says why a row is kept: sampled, or the position in plan.keys of the
// key that forced it.
type reason int32

const sampled reason = -1

type tally struct {
	sampled, forced int64
	by              map[reason]int64 // forced rows, by key
}

func (t *tally) rows() int64 { return t.sampled + t.forced }

type keyTally struct{ rows, dangling int64 }

func newWalk(s *Source, p *Plan, observe func(Event)) (*walk, error) {
	w := &walk{
		src: s, plan: p, observe: observe,
		number:   map[uint32]int{},
		edges:    map[row][]edge{},
		kept:     map[row]reason{},
		tallies:  make([]tally, len(p.Tables)),
		keyTally: make([]keyTally, len(p.keys)),
	}
	for i := range p.Tables {
		w.tallies[i].by = map[reason]int64{}
		for _, h := range p.Tables[i].table.Heaps {
			w.number[h.OID] = len(w.heaps)
			w.heaps = append(w.heaps, h)
			w.table = append(w.table, i)
		}
	}
	if len(w.heaps) > mostHeaps {
		return nil, fmt.Errorf("%d tables and partitions are more than %d", len(w.heaps), mostHeaps)
	}
	w.keys = make([][]int, len(w.heaps))
	for i, k := range p.keys {
		for _, h := range k.ChildHeaps {
			n := w.number[h.OID]
			w.keys[n] = append(w.keys[n], i)
		}
	}
	return w, nil
}

// reserve is the part of a table's target that is sampled before the tables
// that reference it are: the rest is room for the rows they force.
const reserve = 0.5

func (w *walk) run(ctx context.Context) error {
	for i := range w.plan.Tables {
		if w.plan.Tables[i].strategy == every {
			if err := w.keepAll(ctx, i); err != nil {
				return w.in(i, err)
			}
		}
	}
	for _, full := range []bool{false, true} {
		if err := w.pass(ctx, full); err != nil {
			return err
		}
	}
	return nil
}

// pass samples every table, parents first.
func (w *walk) pass(ctx context.Context, full bool) error {
	ahead := int64(0) // targets of the tables still to come
	for i := range w.plan.Tables {
		ahead += w.plan.Tables[i].Target
	}
	for i := range w.plan.Tables {
		t := &w.plan.Tables[i]
		goal := t.Target
		if t.referenced && !full {
			goal = int64(float64(goal)*reserve + 0.5)
		}
		share := float64(t.Target) / float64(max(ahead, 1))
		ahead -= t.Target
		if err := w.sample(ctx, i, goal, share, full); err != nil {
			return w.in(i, err)
		}
		w.observe(Event{Step: StepWalk, Table: t.Schema + "." + t.Name, Rows: w.tallies[i].rows(), Total: t.Target, Done: full})
	}
	return nil
}

// sample brings a table to its goal, as far as the allowance permits. In the
// last pass a table never stays empty while its source is not.
func (w *walk) sample(ctx context.Context, i int, goal int64, share float64, last bool) error {
	t := &w.plan.Tables[i]
	if t.strategy == nothing || t.strategy == every || w.tallies[i].rows() >= goal {
		return nil
	}
	candidates, err := w.candidates(ctx, i, goal)
	if err != nil {
		return err
	}
	rows := make([]row, len(candidates))
	for n, c := range candidates {
		rows[n] = c.row
	}
	if err := w.expand(ctx, rows, true); err != nil {
		return err
	}
	left := float64(w.plan.Allowance - w.spent)
	w.spent += newChoice(w, i, candidates).run(goal, int64(left*share+1))
	if last && w.tallies[i].rows() == 0 && len(candidates) > 0 {
		if err := w.expand(ctx, rows[:1], false); err != nil {
			return err
		}
		w.keep(rows[0])
	}
	w.forget()
	return nil
}

// keepAll keeps every row of a table and all that it references.
func (w *walk) keepAll(ctx context.Context, i int) error {
	candidates, err := w.everyRow(ctx, i)
	if err != nil {
		return err
	}
	rows := make([]row, len(candidates))
	for n, c := range candidates {
		rows[n] = c.row
	}
	if err := w.expand(ctx, rows, false); err != nil {
		return err
	}
	for _, r := range rows {
		w.keep(r)
	}
	w.forget()
	return nil
}

// keep marks a row as sampled, and all that it references as forced, and
// returns those. The row and what it references must have been looked at.
func (w *walk) keep(r row) []row {
	if _, ok := w.kept[r]; ok {
		return nil
	}
	w.mark(r, sampled)
	queue := []row{r}
	for n := 0; n < len(queue); n++ {
		for _, e := range w.edges[queue[n]] {
			w.keyTally[e.key].rows++
			if e.parent == nowhere {
				w.keyTally[e.key].dangling++
				continue
			}
			if _, ok := w.kept[e.parent]; !ok {
				w.mark(e.parent, reason(e.key))
				queue = append(queue, e.parent)
			}
		}
		delete(w.edges, queue[n])
	}
	return queue[1:]
}

func (w *walk) mark(r row, why reason) {
	w.kept[r] = why
	t := &w.tallies[w.tableOf(r)]
	if why == sampled {
		t.sampled++
		return
	}
	t.forced++
	t.by[why]++
}

func (w *walk) tableOf(r row) int { return w.table[r.heap()] }

// room is how many rows a table may still take before it overflows.
func (w *walk) room(table int) int64 {
	return max(w.plan.Tables[table].Target-w.tallies[table].rows(), 0)
}

// forget drops what was looked at and not kept.
func (w *walk) forget() {
	for _, r := range w.explored {
		delete(w.edges, r)
	}
	w.explored = w.explored[:0]
}

func (w *walk) in(i int, err error) error {
	t := &w.plan.Tables[i]
	return fmt.Errorf("choose rows of %s.%s: %w", t.Schema, t.Name, err)
}

var errMoved = errors.New("a row lies in a table that the catalog does not know")
