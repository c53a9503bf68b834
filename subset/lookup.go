package subset

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/catalog"
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
		if bounded && (round >= mostRounds || len(w.seen.rows) >= mostExplored) {
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

// unknown is the rows that are neither kept nor looked at, sorted and without
// repeats.
func (w *walk) unknown(rows []row) []row {
	var unknown []row
	for _, r := range rows {
		if !w.seen.known(r) && !w.kept.has(r) {
			unknown = append(unknown, r)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// lookup finds the parents of rows, which must be sorted.
func (w *walk) lookup(ctx context.Context, rows []row) ([]row, error) {
	var queries []links
	for len(rows) > 0 {
		heap := rows[0].heap()
		end, _ := slices.BinarySearchFunc(rows, heap+1, func(r row, h int) int { return cmp.Compare(r.heap(), h) })
		for _, part := range w.src.stretches(w.heaps[heap], rows[:end], lookupBatch) {
			queries = append(queries, links{w: w, heap: heap, lane: part.lane, rows: part.rows})
		}
		rows = rows[end:]
	}
	err := w.src.spread(ctx, len(queries), func(i int) int { return queries[i].lane }, func(ctx context.Context, c *pgx.Conn, i int) error {
		return queries[i].ask(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	var parents []row
	for i := range queries {
		parents = queries[i].record(parents)
	}
	return parents, nil
}

// links asks for the parents that some rows of one heap have.
type links struct {
	w    *walk
	heap int
	lane int
	rows []row // sorted

	// What most keys lead to is one parent at most: one for each row and key.
	children, single []row
	// Others may lead to several.
	several []link
}

// link is one parent of one child by a key that may lead to several.
type link struct {
	child, parent row
	key           int
}

// nothingThere is the parent of a row that references nothing by a key.
const nothingThere = ^row(0)

func (l *links) ask(ctx context.Context, c *pgx.Conn) error {
	keys := &l.w.keys[l.heap]
	if len(keys.single) > 0 {
		if err := l.askSingle(ctx, c, keys.single); err != nil {
			return err
		}
	}
	for _, k := range keys.several {
		if err := l.askSeveral(ctx, c, k); err != nil {
			return err
		}
	}
	return nil
}

// binary asks for results in binary format: they are read by hand, because
// there are hundreds of thousands.
var binaryResults = pgx.QueryResultFormats{pgx.BinaryFormatCode}

func (l *links) askSingle(ctx context.Context, c *pgx.Conn, keys []int) error {
	sql := parentSQL(l.w.heaps[l.heap], l.w.foreignKeys(keys))
	rows, err := c.Query(ctx, sql, binaryResults, tids(l.rows))
	if err != nil {
		return err
	}
	defer rows.Close()
	l.children, l.single = make([]row, 0, len(l.rows)), make([]row, 0, len(l.rows)*len(keys))
	for rows.Next() {
		values := rows.RawValues()
		l.children = append(l.children, makeRow(l.heap, place(values[0])))
		if l.single, err = l.w.parents(keys, values[1:], l.single); err != nil {
			return err
		}
	}
	return rows.Err()
}

// parents reads what linked says of some keys, and appends the parents.
func (w *walk) parents(keys []int, values [][]byte, to []row) ([]row, error) {
	for _, k := range keys {
		parent, n, err := w.parent(w.plan.keys[k], values)
		if err != nil {
			return nil, err
		}
		to, values = append(to, parent), values[n:]
	}
	return to, nil
}

// parent reads what linked says of one key, and how many values that took.
func (w *walk) parent(k *catalog.ForeignKey, values [][]byte) (parent row, n int, err error) {
	heap, at, n := uint32(0), values[0], 1
	if len(k.ParentHeaps) == 1 {
		heap = k.ParentHeaps[0].OID
	} else {
		at, n = values[1], 2
		if at != nil {
			heap = binary.BigEndian.Uint32(values[0])
		}
	}
	references := true
	if mayReferenceNothing(k) {
		references = values[n][0] != 0
		n++
	}
	switch {
	case at != nil:
		number, ok := w.number[heap]
		if !ok {
			return 0, n, errMoved
		}
		return makeRow(number, place(at)), n, nil
	case references:
		return nowhere, n, nil
	}
	return nothingThere, n, nil
}

// place reads a tid in binary format: four bytes of block, two of item.
func place(tid []byte) pgtype.TID {
	return pgtype.TID{BlockNumber: binary.BigEndian.Uint32(tid), OffsetNumber: binary.BigEndian.Uint16(tid[4:]), Valid: true}
}

func (l *links) askSeveral(ctx context.Context, c *pgx.Conn, key int) error {
	rows, err := c.Query(ctx, parentsSQL(l.w.plan.keys[key], l.w.heaps[l.heap], "ctid = ANY($1)"), tids(l.rows))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var child, parent pgtype.TID
		var heap pgtype.Uint32
		if err := rows.Scan(&child, &heap, &parent); err != nil {
			return err
		}
		found := link{child: makeRow(l.heap, child), parent: nowhere, key: key}
		if heap.Valid {
			n, ok := l.w.number[heap.Uint32]
			if !ok {
				return errMoved
			}
			found.parent = makeRow(n, parent)
		}
		l.several = append(l.several, found)
	}
	return rows.Err()
}

// record remembers the answers, so that the outcome does not depend on which
// came first, and appends the parents to those given.
func (l *links) record(parents []row) []row {
	keys := l.w.keys[l.heap].single
	extra := map[row][]link{}
	for _, one := range l.several {
		extra[one.child] = append(extra[one.child], one)
	}
	if len(keys) == 0 {
		l.children = l.rows
	}
	var edges []edge
	for i, child := range l.children {
		edges = edges[:0]
		for n, k := range keys {
			edges, parents = l.w.lead(edges, parents, l.single[i*len(keys)+n], k)
		}
		several := extra[child]
		slices.SortFunc(several, func(a, b link) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.parent, b.parent)) })
		for _, one := range several {
			edges, parents = l.w.lead(edges, parents, one.parent, one.key)
		}
		l.w.seen.look(l.w.seen.id(child), edges)
	}
	return parents
}

// lead appends the edge to a parent, and the parent itself when it is not kept.
func (w *walk) lead(edges []edge, parents []row, parent row, key int) ([]edge, []row) {
	switch {
	case parent == nothingThere:
		return edges, parents
	case parent == nowhere:
		return append(edges, edge{toNowhere, int32(key)}), parents
	case w.kept.has(parent):
		return append(edges, edge{toKept, int32(key)}), parents
	}
	return append(edges, edge{w.seen.id(parent), int32(key)}), append(parents, parent)
}
