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
	key   *catalog.ForeignKey
	heaps []heapRows
	n     int64
	share float64 // of all rows of their table
}

type heapRows struct {
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
	missing := need
	for _, p := range w.drivers(t) {
		if missing <= 0 {
			break
		}
		children, want := int64(p.share*float64(t.Rows)), missing*surplus
		if p.key.Indexed && children <= want*tooMany {
			queries = append(queries, w.childQueries(p, want)...)
		} else {
			queries = append(queries, w.sampleQueries(t, min(want, children+1), 2, p)...)
		}
		missing -= children
	}
	found, err := w.ask(ctx, i, append(queries, w.strays(t, need)...))
	if err != nil || int64(len(found)) >= need {
		return found, err
	}
	// Sampled parents may have fewer children than others.
	more, err := w.ask(ctx, i, w.sampleQueries(t, (need-int64(len(found)))*surplus, thinning, nil))
	return inOrder(append(found, more...)), err
}

// drivers are the keys of a table with their sampled parents, fewest first.
func (w *walk) drivers(t *TablePlan) []*parents {
	var all []*parents
	for _, k := range t.driving {
		if p := w.sampledParents(k); p.n > 0 {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *parents) int { return cmp.Compare(a.share, b.share) })
	return all
}

func (w *walk) sampledParents(k *catalog.ForeignKey) *parents {
	p := &parents{key: k}
	var of int64
	for _, h := range k.ParentHeaps {
		n := w.number[h.OID]
		if rows := w.sampled.of(n); len(rows) > 0 {
			p.heaps = append(p.heaps, heapRows{n, rows})
			p.n += int64(len(rows))
		}
		of = w.plan.Tables[w.table[n]].Rows
	}
	p.share = min(float64(p.n)/float64(max(of, 1)), 1)
	return p
}

func (w *walk) childQueries(p *parents, want int64) []question {
	heap := -1
	if len(p.key.ChildHeaps) == 1 {
		heap = w.number[p.key.ChildHeaps[0].OID]
	}
	var queries []question
	for _, h := range p.heaps {
		for batch := range slices.Chunk(h.rows, lookupBatch) {
			// One parent with a great many children must not cost a scan of them.
			each := want*tooMany + 1_000
			queries = append(queries, question{childrenSQL(p.key, w.heaps[h.heap]), []any{tids(batch), want, each}, heap, false})
		}
	}
	return queries
}

// strays find rows that reference nothing, of which no parent knows.
func (w *walk) strays(t *TablePlan, need int64) []question {
	if !slices.ContainsFunc(t.driving, func(k *catalog.ForeignKey) bool { return mayReferenceNothing(k) }) {
		return nil
	}
	return w.sampleQueries(t, need, thinning, nil)
}
