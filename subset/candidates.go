package subset

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// candidate is a row that may be sampled. Those with low hashes come first.
type candidate struct {
	row  row
	hash int64
}

const (
	surplus       = 3  // candidates for each row wanted, from each key
	fewCandidates = 50 // more, wherever they come from
	thinning      = 10 // rows read for each row taken from a sample of blocks: neighbours must not dominate
)

// candidates finds rows of a table that are not kept yet.
func (w *walk) candidates(ctx context.Context, i int, goal int64) ([]candidate, error) {
	t := &w.plan.Tables[i]
	need := goal - w.tallies[i].rows() + fewCandidates
	want := need * surplus
	switch t.strategy {
	case whole:
		return w.wholeTable(ctx, i)
	case scan:
		return w.ask(ctx, i, w.heapQueries(t, func(h *catalog.Heap) (string, []any) {
			return filteredSQL(h, t.rule.Where), []any{want}
		}))
	case drive:
		queries := w.sampleQueries(t, need)
		for _, k := range t.driving {
			queries = append(queries, w.childQueries(k, want)...)
		}
		return w.ask(ctx, i, queries)
	}
	return w.ask(ctx, i, w.sampleQueries(t, need))
}

func (w *walk) everyRow(ctx context.Context, i int) ([]candidate, error) {
	return w.ask(ctx, i, w.heapQueries(&w.plan.Tables[i], func(h *catalog.Heap) (string, []any) {
		return rowsSQL(h), nil
	}))
}

// wholeTable is everyRow of a table that is sampled several times.
func (w *walk) wholeTable(ctx context.Context, i int) ([]candidate, error) {
	if w.all[i] == nil {
		all, err := w.everyRow(ctx, i)
		if err != nil {
			return nil, err
		}
		if w.remembered += len(all); w.remembered > mostRemembered {
			return all, nil
		}
		w.all[i] = all
	}
	w.all[i] = slices.DeleteFunc(w.all[i], func(c candidate) bool {
		_, kept := w.kept[c.row]
		return kept
	})
	return w.all[i], nil
}

// question is one query for candidates. Its first parameter is the seed.
type question struct {
	sql  string
	args []any
}

func (w *walk) heapQueries(t *TablePlan, ask func(*catalog.Heap) (string, []any)) []question {
	var queries []question
	for _, h := range t.table.Heaps {
		if h.Pages > 0 {
			sql, args := ask(h)
			queries = append(queries, question{sql, args})
		}
	}
	return queries
}

// sampleQueries read some blocks of each heap, in proportion to its size.
func (w *walk) sampleQueries(t *TablePlan, want int64) []question {
	share := min(float64(want)*thinning/float64(max(t.Rows, 1)), 1)
	var pages int64
	for _, h := range t.table.Heaps {
		pages += h.Pages
	}
	return w.heapQueries(t, func(h *catalog.Heap) (string, []any) {
		limit := int64(float64(want)*float64(h.Pages)/float64(pages)) + 1
		return blocksSQL(h), []any{share * 100, float64(w.seed(t.table) >> 11), limit}
	})
}

// childQueries ask for children of the sampled parents of a key. Forced
// parents bring none: they are there for other reasons.
func (w *walk) childQueries(k *catalog.ForeignKey, want int64) []question {
	byHeap := map[int][]row{}
	heaps := map[int]bool{}
	for _, h := range k.ParentHeaps {
		heaps[w.number[h.OID]] = true
	}
	for r, why := range w.kept {
		if why == sampled && heaps[r.heap()] {
			byHeap[r.heap()] = append(byHeap[r.heap()], r)
		}
	}
	var queries []question
	for _, h := range k.ParentHeaps {
		rows := byHeap[w.number[h.OID]]
		slices.Sort(rows)
		for batch := range slices.Chunk(rows, lookupBatch) {
			queries = append(queries, question{childrenSQL(k, h), []any{tids(batch), want}})
		}
	}
	return queries
}

// ask runs the queries and returns what is not kept yet, once each, lowest
// hash first.
func (w *walk) ask(ctx context.Context, i int, queries []question) ([]candidate, error) {
	found := make([][]candidate, len(queries))
	seed := int64(w.seed(w.plan.Tables[i].table))
	err := w.src.each(ctx, len(queries), func(ctx context.Context, c *pgx.Conn, n int) error {
		rows, err := c.Query(ctx, queries[n].sql, append([]any{seed}, queries[n].args...)...)
		if err != nil {
			return err
		}
		found[n], err = w.scan(rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
	})
	return slices.Compact(all), nil
}

func (w *walk) scan(rows pgx.Rows) ([]candidate, error) {
	defer rows.Close()
	var found []candidate
	for rows.Next() {
		var heap uint32
		var at pgtype.TID
		var c candidate
		if err := rows.Scan(&heap, &at, &c.hash); err != nil {
			return nil, err
		}
		n, ok := w.number[heap]
		if !ok {
			return nil, errMoved
		}
		c.row = makeRow(n, at)
		if _, kept := w.kept[c.row]; !kept {
			found = append(found, c)
		}
	}
	return found, rows.Err()
}

// seed is another one for each table: equal keys of two tables must not be
// chosen together.
func (w *walk) seed(t *catalog.Table) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Name.String())) // never fails
	return h.Sum64() ^ w.plan.Seed
}
