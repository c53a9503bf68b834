package subset

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	lookupBatch = 5_000 // rows of one query

	// mostRounds and mostExplored bound how far candidates are followed. What
	// is kept is always followed to the end.
	mostRounds   = 64
	mostExplored = 2_000_000
)

// expand looks up the parents of rows, and theirs, and so on until nothing
// new turns up: then every row's closure is known. With bounded, rows that
// reference endlessly deep are given up.
func (w *walk) expand(ctx context.Context, rows []row, bounded bool) error {
	frontier := w.unknown(rows)
	for round := 0; len(frontier) > 0; round++ {
		if bounded && (round >= mostRounds || len(w.edges) >= mostExplored) {
			w.gaveUp = true
			return nil
		}
		next, err := w.lookup(ctx, frontier)
		if err != nil {
			return err
		}
		frontier = w.unknown(next)
	}
	return nil
}

// unknown is the rows that are neither kept nor looked at, without repeats.
func (w *walk) unknown(rows []row) []row {
	var unknown []row
	for _, r := range rows {
		if _, ok := w.edges[r]; ok {
			continue
		}
		if _, ok := w.kept[r]; !ok {
			unknown = append(unknown, r)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// query is one lookup: rows of one heap by one key.
type query struct {
	heap, key int
	rows      []row
}

// lookup finds the parents of rows, which must be sorted.
func (w *walk) lookup(ctx context.Context, rows []row) ([]row, error) {
	var queries []query
	for len(rows) > 0 {
		heap := rows[0].heap()
		end, _ := slices.BinarySearchFunc(rows, heap+1, func(r row, h int) int { return cmp.Compare(r.heap(), h) })
		for batch := range slices.Chunk(rows[:end], lookupBatch) {
			for _, k := range w.keys[heap] {
				queries = append(queries, query{heap, k, batch})
			}
		}
		for _, r := range rows[:end] {
			w.edges[r] = nil
		}
		rows = rows[end:]
	}
	found := make([][]link, len(queries))
	var mu sync.Mutex
	err := w.src.each(ctx, len(queries), func(ctx context.Context, c *pgx.Conn, i int) error {
		links, err := w.parents(ctx, c, queries[i])
		mu.Lock()
		defer mu.Unlock()
		found[i] = links
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.connect(queries, found), nil
}

// link is one answer: a child and its parent.
type link struct{ child, parent row }

func (w *walk) parents(ctx context.Context, c *pgx.Conn, q query) ([]link, error) {
	rows, err := c.Query(ctx, parentsSQL(w.plan.keys[q.key], w.heaps[q.heap], "ctid = ANY($1)"), tids(q.rows))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	links := make([]link, 0, len(q.rows))
	for rows.Next() {
		var child, parent pgtype.TID
		var heap pgtype.Uint32
		if err := rows.Scan(&child, &heap, &parent); err != nil {
			return nil, err
		}
		l := link{child: makeRow(q.heap, child), parent: nowhere}
		if heap.Valid {
			n, ok := w.number[heap.Uint32]
			if !ok {
				return nil, errMoved
			}
			l.parent = makeRow(n, parent)
		}
		links = append(links, l)
	}
	return links, rows.Err()
}

// connect records answers in the order of the queries, so that the outcome
// does not depend on which came first, and returns the parents.
func (w *walk) connect(queries []query, found [][]link) []row {
	var parents []row
	for i, links := range found {
		slices.SortFunc(links, func(a, b link) int {
			return cmp.Or(cmp.Compare(a.child, b.child), cmp.Compare(a.parent, b.parent))
		})
		for _, l := range links {
			w.edges[l.child] = append(w.edges[l.child], edge{l.parent, queries[i].key})
			if l.parent != nowhere {
				parents = append(parents, l.parent)
			}
		}
	}
	return parents
}
