package subset

import (
	"cmp"
	"context"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// parents are the sampled rows of a table that bring children by a key.
// Forced rows bring none: they are there for other reasons.
type parents struct {
	key      *catalog.ForeignKey
	position int // of the key in plan.keys
	heaps    []placed
	n        int64
	share    float64 // of all rows of their table
}

type placed struct {
	heap int
	rows []row
}

// tooMany children for each candidate wanted are not worth reading: a sample
// of blocks finds as many whose parents are kept for less.
const tooMany = 6

// driven finds children of sampled parents. Rows that cost nothing have all
// their parents kept, so the key with the fewest children has all of them;
// others are asked for what that one cannot give.
func (w *walk) driven(ctx context.Context, i int, need int64) ([]candidate, error) {
	t := &w.plan.Tables[i]
	var queries []question
	missing, plain, strays := need, true, false
	for _, p := range w.drivers(t) {
		if missing <= 0 {
			break
		}
		children, want := int64(p.share*float64(t.Rows)), w.want(t, missing)
		asked := w.amongQueries(t, p, min(want, children+1))
		if p.key.Indexed && children <= want*tooMany {
			asked = w.childQueries(t, p, want)
		}
		strays = strays || mayReferenceNothing(p.key)
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
	found, err := w.ask(ctx, i, queries)
	if err != nil || int64(len(found)) >= need {
		return found, err
	}
	// Sampled parents may have fewer children than others.
	more, err := w.ask(ctx, i, w.sampleQueries(t, w.want(t, need-int64(len(found))), thinning))
	return inOrder(append(found, more...)), err
}

// drivers are the keys of a table with their sampled parents, best first.
func (w *walk) drivers(t *TablePlan) []*parents {
	var all []*parents
	for _, k := range t.driving {
		if p := w.sampledParents(k); p.n > 0 {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *parents) int { return cmp.Compare(a.weight(), b.weight()) })
	return all
}

// weight is smaller for the key to ask first.
func (p *parents) weight() float64 { return weight(p.key, p.share) }

// weight puts keys that every row has before others, then those with a small
// share of kept parents: the children of those are all there is that is free.
func weight(k *catalog.ForeignKey, share float64) float64 {
	if mayReferenceNothing(k) {
		return 1 + share
	}
	return share
}

func (w *walk) sampledParents(k *catalog.ForeignKey) *parents {
	p := &parents{key: k, position: slices.Index(w.plan.keys, k)}
	var of int64
	for _, h := range k.ParentHeaps {
		n := w.number[h.OID]
		if rows := w.sampled.of(n); len(rows) > 0 {
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
	each := want*tooMany + 1_000
	return w.questions(p, func(q *question, parent *catalog.Heap) []any {
		q.given = p.position
		others := slices.DeleteFunc(slices.Clone(q.keys), func(k int) bool { return k == p.position })
		q.sql = childrenSQL(p.key, q.heap, parent, w.foreignKeys(others))
		return []any{min(2*t.portion(q.heap, want)+fewCandidates, want), each}
	})
}

// amongQueries read blocks of a table and take the children of the parents.
func (w *walk) amongQueries(t *TablePlan, p *parents, want int64) []question {
	const thin = 2
	share := min(float64(want*thin)/max(float64(t.Rows)*p.share, 1), 1)
	return w.questions(p, func(q *question, parent *catalog.Heap) []any {
		q.sql = blocksAmongSQL(p.key, q.heap, parent, w.foreignKeys(q.keys))
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
			for batch := range slices.Chunk(h.rows, p.batch(q.given)) {
				q.args = append(slices.Clone(args), tids(batch))
				queries = append(queries, q)
			}
		}
	}
	return queries
}

// batch is how many parents one query is about. One that reads blocks is
// about all: it would read them again for each.
func (p *parents) batch(given int) int {
	if given == noKey {
		return int(max(p.n, 1))
	}
	return lookupBatch
}
