package subset

import (
	"cmp"
	"math"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// parents are the sampled rows of a table that bring children by a key.
// Forced rows bring none: they are there for other reasons.
type parents struct {
	key      *catalog.ForeignKey
	position int // of the key in plan.keys
	heaps    []placed
	n        int64
	share    float64 // of all rows of their table
	weight   float64 // smaller for the key to ask first
}

type placed struct {
	heap int
	rows []snapshot.Row
}

const (
	// indexCost is what it costs to find a row by an index, where reading one
	// among its neighbours costs 1: its block has to be found and mapped.
	indexCost = 40

	// emptyCost is what it costs to learn from an index that there is none.
	emptyCost = 12

	// thinAmong rows whose parents are kept are read for each one taken.
	thinAmong = 1.6
)

// search is what it takes to find children of parents by a key.
type search struct {
	byIndex bool
	cost    float64
}

// search says how children of so many parents, a share of theirs, are found for
// least: by the index of the key, in which each heap is asked about each parent,
// or in a sample of blocks, in which only some rows are of kept parents.
func (t *TablePlan) search(k *catalog.ForeignKey, parents int64, share float64, want int64) search {
	children := share * float64(t.Rows)
	read := min(float64(t.Rows), float64(want)*thinAmong/max(share, 1e-9))
	if !k.Indexed {
		return search{cost: read}
	}
	steps := float64(parents) * float64(len(k.ChildHeaps))
	found := steps * (1 - math.Exp(-children/max(steps, 1))) // steps that lead to a child
	near := clustering(k)
	byIndex := (steps-found)*emptyCost + found*indexCost + (children-found)*(near+(1-near)*indexCost)
	return search{byIndex <= read, min(byIndex, read)}
}

// clustering is how much the children of one parent lie together, from 0 to 1: the
// square of the correlation, by which the planner weighs the same.
func clustering(k *catalog.ForeignKey) float64 {
	var sum, pages float64
	for _, h := range k.ChildHeaps {
		c := h.Statistics[k.ChildColumns[0]].Correlation
		sum += c * c * float64(h.Pages)
		pages += float64(h.Pages)
	}
	return sum / max(pages, 1)
}

// driven finds children of sampled parents. Rows that cost nothing have all
// their parents kept, so the children by the first key have them among them;
// others are asked for what that one cannot give.
func (w *walk) driven(i int, need int64) []question {
	t := &w.plan.Tables[i]
	var queries []question
	missing, plain, strays := need, true, false
	for _, p := range w.drivers(t, w.want(t, need)) {
		if missing <= 0 {
			break
		}
		children, want := int64(p.share*float64(t.Rows)), w.want(t, missing)
		asked := w.amongQueries(t, p, min(want, children+1))
		if t.search(p.key, p.n, p.share, want).byIndex {
			asked = w.childQueries(t, p, want)
		}
		strays = strays || p.key.Optional()
		for n := range asked {
			asked[n].plain = plain && !strays // but for this one key, which all of them have
		}
		queries, plain = append(queries, asked...), false
		missing -= children
	}
	if strays || len(queries) == 0 {
		// Rows that reference nothing, of which no parent knows.
		queries = append(queries, w.sampleQueries(t, need, thinning)...)
	}
	return queries
}

// drivers are the keys of a table with their sampled parents, best first.
func (w *walk) drivers(t *TablePlan, want int64) []*parents {
	var all []*parents
	for _, k := range t.driving {
		if p := w.sampledParents(k); p.n > 0 {
			p.weight = t.weight(k, p.n, p.share, want)
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *parents) int { return cmp.Compare(a.weight, b.weight) })
	return all
}

// weight is smaller for the key to ask first. Rows whose parents are all kept
// are among the children by each key that every row has: they are found for least
// where that costs least, and where those are not more than can be asked for.
func (t *TablePlan) weight(k *catalog.ForeignKey, parents int64, share float64, want int64) float64 {
	const last = 1e18
	missed := max(share*float64(t.Rows)/float64(max(want, 1)), 1)
	weight := t.search(k, parents, share, want).cost * missed
	if k.Optional() {
		weight += last
	}
	return weight
}

func (w *walk) sampledParents(k *catalog.ForeignKey) *parents {
	p := &parents{key: k, position: slices.Index(w.plan.keys, k)}
	var of int64
	for _, h := range k.ParentHeaps {
		n := w.number[h.OID]
		if rows := w.sampled.Of(n); len(rows) > 0 {
			p.heaps = append(p.heaps, placed{n, rows})
			p.n += int64(len(rows))
		}
		of = w.plan.Tables[w.table[n]].Rows
	}
	p.share = min(float64(p.n)/float64(max(of, 1)), 1)
	return p
}

func (w *walk) childQueries(t *TablePlan, p *parents, want int64) []question {
	// One parent with a great many children must not cost a scan of them.
	each := 10*want + 1_000
	if d := w.named[p.position]; d != nil {
		return w.childQueriesByName(t, p.key, d, want, each)
	}
	return w.questions(p, func(q *question, parent *catalog.Heap) []any {
		q.given = p.position
		others := slices.DeleteFunc(slices.Clone(q.keys), func(k int) bool { return k == p.position })
		q.sql = childrenSQL(p.key, q.heap, parent, w.telling(q.number, others))
		return []any{min(2*t.portion(q.heap, want)+fewCandidates, want), each}
	})
}

// childQueriesByName ask for the children by the names of the parents: these
// need not be read again, and what comes says itself whose child it is.
func (w *walk) childQueriesByName(t *TablePlan, k *catalog.ForeignKey, d *directory, want, each int64) []question {
	var queries []question
	for _, child := range k.ChildHeaps {
		if child.Pages == 0 {
			continue
		}
		for _, part := range w.batches(d) {
			q := w.newQuestion(child)
			q.plain, q.lane = false, part.lane
			q.sql = childrenByNameSQL(k, child, w.telling(q.number, q.keys))
			q.args = []any{min(2*t.portion(child, want)+fewCandidates, want), each, part.names}
			queries = append(queries, q)
		}
	}
	return queries
}

// batch is some names for one connection.
type batch struct {
	lane  int
	names []int64
}

// batches splits the names of sampled rows by the connections they are for.
func (w *walk) batches(d *directory) []batch {
	var all []batch
	for names := d.sampled.Iterator(); names.HasNext(); {
		name := int64(names.Next())
		lane := w.laneOfName(d.heap, name)
		if last := len(all) - 1; last < 0 || all[last].lane != lane || len(all[last].names) == lookupBatch {
			all = append(all, batch{lane: lane})
		}
		last := &all[len(all)-1]
		last.names = append(last.names, name)
	}
	return all
}

// amongQueries read blocks of a table and take the children of the parents.
func (w *walk) amongQueries(t *TablePlan, p *parents, want int64) []question {
	share := min(float64(want)*thinAmong/max(float64(t.Rows)*p.share, 1), 1)
	return w.questions(p, func(q *question, parent *catalog.Heap) []any {
		q.sql = blocksAmongSQL(p.key, q.heap, parent, w.telling(q.number, q.keys))
		return []any{share * 100, w.blockSeed(t.table), t.portion(q.heap, want)}
	})
}

// questions asks each heap of children for those of each heap of parents, of
// some thousand at once. phrase gives the query and its arguments, before the
// last one, which is the parents.
func (w *walk) questions(p *parents, phrase func(q *question, parent *catalog.Heap) []any) []question {
	var queries []question
	for _, h := range p.heaps {
		for _, child := range p.key.ChildHeaps {
			if child.Pages == 0 {
				continue
			}
			q := w.newQuestion(child)
			q.plain, q.of = false, h.heap
			args := phrase(&q, w.heaps[h.heap])
			if q.given == noKey { // it reads blocks: it would read them again for each batch
				q.args = append(args, snapshot.TIDs(h.rows))
				queries = append(queries, q)
				continue
			}
			for _, part := range w.src.Stretches(w.heaps[h.heap], h.rows, lookupBatch) {
				q.lane, q.args = part.Lane, append(slices.Clone(args), snapshot.TIDs(part.Rows))
				queries = append(queries, q)
			}
		}
	}
	return queries
}
