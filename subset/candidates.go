package subset

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// candidate is a row that may be sampled. Those with low hashes come first.
type candidate struct {
	row   row
	hash  int64
	plain bool // found without regard to its parents
}

const (
	surplus       = 3  // candidates for each row wanted
	fewCandidates = 50 // more, wherever they come from
	thinning      = 8  // rows read for each row taken from a sample of blocks: neighbours must not dominate
)

// candidates finds rows of a table that are not kept yet, lowest hash first.
func (w *walk) candidates(ctx context.Context, i int, goal int64) ([]candidate, error) {
	t := &w.plan.Tables[i]
	need := goal - w.tallies[i].rows() + fewCandidates
	if left := w.unkept(w.left[i]); t.strategy == whole && left != nil || int64(len(left)) >= need {
		return left, nil
	}
	switch t.strategy {
	case whole:
		return w.ask(ctx, i, w.heapQueries(t, func(h *catalog.Heap) (string, []any) { return rowsSQL(h), nil }))
	case scan:
		return w.ask(ctx, i, w.heapQueries(t, func(h *catalog.Heap) (string, []any) {
			return filteredSQL(h, t.rule.Where), []any{need * surplus}
		}))
	case drive:
		return w.driven(ctx, i, need)
	}
	return w.ask(ctx, i, w.sampleQueries(t, need*surplus, thinning, nil))
}

// unkept is what is left of candidates, in their order. It reuses the slice.
func (w *walk) unkept(candidates []candidate) []candidate {
	return slices.DeleteFunc(candidates, func(c candidate) bool { return w.kept.has(c.row) })
}

// question is one query for candidates. Its first parameter is the seed.
type question struct {
	sql   string
	args  []any
	heap  int  // of all answers; -1 when they say it themselves, first
	plain bool // asks without regard to parents
}

func (w *walk) heapQueries(t *TablePlan, ask func(*catalog.Heap) (string, []any)) []question {
	var queries []question
	for _, h := range t.table.Heaps {
		if h.Pages > 0 {
			sql, args := ask(h)
			queries = append(queries, question{sql, args, w.number[h.OID], true})
		}
	}
	return queries
}

// sampleQueries read some blocks of each heap, in proportion to its size, so
// that there are thin rows for each one wanted. With a key, only rows count
// whose parent by that key is among some kept ones.
func (w *walk) sampleQueries(t *TablePlan, want, thin int64, among *parents) []question {
	share := min(float64(want*thin)/float64(max(t.Rows, 1)), 1)
	if among != nil {
		share = min(share/max(among.share, 1e-9), 1)
	}
	var pages int64
	for _, h := range t.table.Heaps {
		pages += h.Pages
	}
	seed := float64(w.seed(t.table) >> 11)
	var queries []question
	for _, h := range t.table.Heaps {
		if h.Pages == 0 {
			continue
		}
		limit := int64(float64(want)*float64(h.Pages)/float64(pages)) + 1
		if among == nil {
			queries = append(queries, question{blocksSQL(h), []any{share * 100, seed, limit}, w.number[h.OID], true})
			continue
		}
		for _, p := range among.heaps {
			queries = append(queries, question{blocksAmongSQL(among.key, h, w.heaps[p.heap]), []any{share * 100, seed, limit, tids(p.rows)}, w.number[h.OID], false})
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
		rows, err := c.Query(ctx, queries[n].sql, append([]any{binaryResults, seed}, queries[n].args...)...)
		if err != nil {
			return err
		}
		found[n], err = w.scan(rows, queries[n])
		return err
	})
	if err != nil {
		return nil, err
	}
	return inOrder(slices.Concat(found...)), nil
}

// inOrder sorts candidates by their hashes, each once.
func inOrder(all []candidate) []candidate {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
	})
	last := 0
	for i := 1; i < len(all); i++ {
		if all[i].row == all[last].row {
			all[last].plain = all[last].plain || all[i].plain
			continue
		}
		last++
		all[last] = all[i]
	}
	return all[:min(last+1, len(all))]
}

// scan reads candidates: place and hash, and before them their heap unless all
// are of one.
func (w *walk) scan(rows pgx.Rows, q question) ([]candidate, error) {
	defer rows.Close()
	var found []candidate
	for rows.Next() {
		values, n := rows.RawValues(), q.heap
		if n < 0 {
			number, ok := w.number[binary.BigEndian.Uint32(values[0])]
			if !ok {
				return nil, errMoved
			}
			values, n = values[1:], number
		}
		c := candidate{row: makeRow(n, place(values[0])), hash: int64(binary.BigEndian.Uint64(values[1])), plain: q.plain}
		if !w.kept.has(c.row) {
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
