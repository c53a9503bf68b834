package walk

import (
	"cmp"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
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
		if t.Search(p.key, p.n, p.share, want).ByIndex {
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
		queries = append(queries, w.sampleQueries(t, need, plan.Thinning)...)
	}
	return queries
}

// drivers are the keys of a table with their sampled parents, best first.
func (w *walk) drivers(t *plan.TablePlan, want int64) []*parents {
	var all []*parents
	for _, k := range t.Driving {
		if p := w.sampledParents(k); p.n > 0 {
			p.weight = t.Weight(k, p.n, p.share, want)
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *parents) int { return cmp.Compare(a.weight, b.weight) })
	return all
}

func (w *walk) sampledParents(k *catalog.ForeignKey) *parents {
	p := &parents{key: k, position: slices.Index(w.plan.ForeignKeys, k)}
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

func (w *walk) childQueries(t *plan.TablePlan, p *parents, want int64) []question {
	// One parent with a great many children must not cost a scan of them.
	each := 10*want + 1_000
	if d := w.named[p.position]; d != nil {
		return w.childQueriesByName(t, p.key, d, want, each)
	}
	return w.questions(p, func(q *question, parent *catalog.Heap) []any {
		q.given = p.position
		others := slices.DeleteFunc(slices.Clone(q.keys), func(k int) bool { return k == p.position })
		q.sql = childrenSQL(p.key, q.heap, parent, w.telling(q.number, others))
		return []any{min(2*t.Portion(q.heap, want)+plan.FewCandidates, want), each}
	})
}

// childQueriesByName ask for the children by the names of the parents: these
// need not be read again, and what comes says itself whose child it is.
func (w *walk) childQueriesByName(t *plan.TablePlan, k *catalog.ForeignKey, d *directory, want, each int64) []question {
	var queries []question
	for _, child := range k.ChildHeaps {
		if child.Pages == 0 {
			continue
		}
		for _, part := range w.batches(d) {
			q := w.newQuestion(child)
			q.plain, q.lane = false, part.lane
			q.sql = childrenByNameSQL(k, child, w.telling(q.number, q.keys))
			q.args = []any{min(2*t.Portion(child, want)+plan.FewCandidates, want), each, part.names}
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
func (w *walk) amongQueries(t *plan.TablePlan, p *parents, want int64) []question {
	share := min(float64(want)*plan.ThinAmong/max(float64(t.Rows)*p.share, 1), 1)
	return w.questions(p, func(q *question, parent *catalog.Heap) []any {
		q.sql = blocksAmongSQL(p.key, q.heap, parent, w.telling(q.number, q.keys))
		return []any{share * 100, w.blockSeed(t.Table), t.Portion(q.heap, want)}
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
