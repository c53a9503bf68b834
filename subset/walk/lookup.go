package walk

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
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
func (w *walk) expand(ctx context.Context, rows []snapshot.Row, bounded bool) error {
	if _, err := w.lookup(ctx, w.unknown(rows), nil); err != nil {
		return err
	}
	var ids []int32
	for _, r := range rows {
		if !w.kept.Has(r) {
			ids = append(ids, w.seen.id(r))
		}
	}
	return w.follow(ctx, ids, bounded)
}

// follow does the same for rows with ids.
func (w *walk) follow(ctx context.Context, ids []int32, bounded bool) error {
	var been []bool
	for round := 0; ; round++ {
		ids, been = w.frontier(ids, been)
		rows, named := w.unseen(ids)
		if len(rows)+len(named) == 0 {
			return nil
		}
		if bounded && (round >= mostRounds || len(w.seen.rows) >= mostExplored) {
			w.gaveUp = true
			return nil
		}
		var err error
		if ids, err = w.lookup(ctx, rows, named); err != nil {
			return err
		}
	}
}

// frontier is the rows that were not looked at, among some and all that is to
// be kept with them as far as that is known: what was looked at for another
// table may not have been followed. It leaves out where it has been, by id.
func (w *walk) frontier(ids []int32, been []bool) (unseenIDs []int32, beenToo []bool) {
	been = append(been, make([]bool, len(w.seen.rows)-len(been))...)
	for queue := slices.Clone(ids); len(queue) > 0; {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if been[id] {
			continue
		}
		been[id] = true
		edges, known := w.seen.of(id)
		if !known {
			unseenIDs = append(unseenIDs, id)
		}
		for _, e := range edges {
			if w.seen.fresh(e) {
				queue = append(queue, e.to)
			}
		}
	}
	return unseenIDs, been
}

// unknown is the rows that are neither kept nor looked at, sorted and without
// repeats.
func (w *walk) unknown(rows []snapshot.Row) []snapshot.Row {
	var unknown []snapshot.Row
	for _, r := range rows {
		if !w.seen.known(r) && !w.kept.Has(r) {
			unknown = append(unknown, r)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// unseen is where rows lie that are not kept, sorted, and the ids of those of
// which only the name is known, by heap and name.
func (w *walk) unseen(ids []int32) (rows []snapshot.Row, named []int32) {
	for _, id := range ids {
		switch {
		case w.seen.kept[id]:
		case isElsewhere(w.seen.rows[id]):
			named = append(named, id)
		default:
			rows = append(rows, w.seen.rows[id])
		}
	}
	slices.Sort(rows)
	slices.SortFunc(named, func(a, b int32) int {
		return cmp.Or(cmp.Compare(w.seen.rows[a], w.seen.rows[b]), cmp.Compare(w.seen.names[a], w.seen.names[b]))
	})
	return rows, named
}

// lookup finds the parents of rows, given by their places or by ids of which
// the names are known, both sorted.
func (w *walk) lookup(ctx context.Context, rows []snapshot.Row, named []int32) ([]int32, error) {
	queries := append(w.linksByPlace(rows), w.linksByName(named)...)
	err := w.src.Spread(ctx, len(queries), func(i int) int { return queries[i].lane }, func(ctx context.Context, c *pgx.Conn, i int) error {
		return queries[i].ask(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	var parents []int32
	for i := range queries {
		parents = queries[i].record(parents)
	}
	return parents, nil
}

func (w *walk) linksByPlace(rows []snapshot.Row) []links {
	var queries []links
	for _, of := range byHeap(rows) {
		for _, part := range w.src.Stretches(w.heaps[of.heap], of.rows, lookupBatch) {
			queries = append(queries, links{w: w, heap: of.heap, lane: part.Lane, rows: part.Rows})
		}
	}
	return queries
}

func (w *walk) linksByName(ids []int32) []links {
	var queries []links
	for len(ids) > 0 {
		heap := w.seen.rows[ids[0]].Heap()
		lane, n := w.laneOf(ids[0]), 1
		for n < min(lookupBatch, len(ids)) && w.seen.rows[ids[n]].Heap() == heap && w.laneOf(ids[n]) == lane {
			n++
		}
		queries = append(queries, links{w: w, heap: heap, lane: lane, ids: ids[:n]})
		ids = ids[n:]
	}
	return queries
}

// laneOf is the connection for a row of which only the name is known: keys
// that are counted up lie in their heap in that order.
func (w *walk) laneOf(id int32) int { return w.laneOfName(w.seen.rows[id].Heap(), w.seen.names[id]) }

func (w *walk) laneOfName(heap int, name int64) int {
	lanes, rows := int64(len(w.src.Workers)), w.plan.Tables[w.table[heap]].Rows
	part := float64(name) / float64(max(rows, 1))
	return int(min(max(part, 0), 1)*float64(lanes-1) + 0.5)
}

// links asks for the parents that some rows of one heap have.
type links struct {
	w    *walk
	heap int
	lane int
	rows []snapshot.Row // sorted; or
	ids  []int32        // of which the names are known

	// What most keys lead to is one parent at most: one for each row and key.
	children []snapshot.Row
	names    []int64
	single   []reference
	// Others may lead to several.
	several []link
}

// reference is what a row references by a key that leads to one row at most: its
// place, nowhere or one of the two below, and its name where it has one.
type reference struct {
	at   snapshot.Row
	name int64
}

const (
	nothingThere = ^snapshot.Row(0)     // the row references nothing
	knownByName  = ^snapshot.Row(0) - 1 // the name says which
)

// link is one parent of one child by a key that may lead to several.
type link struct {
	child, parent snapshot.Row
	key           int
}

func (l *links) ask(ctx context.Context, c *pgx.Conn) error {
	keys := &l.w.keys[l.heap]
	if len(keys.single) > 0 || l.w.directories[l.heap] != nil {
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

func (l *links) askSingle(ctx context.Context, c *pgx.Conn, keys []int) error {
	tell := l.w.telling(l.heap, keys)
	sql, which := parentSQL(l.w.heaps[l.heap], tell), any(snapshot.TIDs(l.rows))
	if l.ids != nil {
		sql, which = namedSQL(l.w.heaps[l.heap], tell), l.keysOf()
	}
	rows, err := c.Query(ctx, sql, snapshot.BinaryResults, which)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := max(len(l.rows), len(l.ids))
	l.children, l.names, l.single = make([]snapshot.Row, 0, n), make([]int64, 0, n), make([]reference, 0, n*len(keys))
	for rows.Next() {
		values := rows.RawValues()
		own, told := l.w.ownName(l.heap, values[1:])
		l.children, l.names = append(l.children, snapshot.MakeRow(l.heap, snapshot.Place(values[0]))), append(l.names, own)
		if l.single, err = l.w.parents(keys, told, l.single); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l *links) keysOf() []int64 {
	keys := make([]int64, len(l.ids))
	for i, id := range l.ids {
		keys[i] = l.w.seen.names[id]
	}
	return keys
}

// ownName reads the name of a row, where rows of the heap have names.
func (w *walk) ownName(heap int, values [][]byte) (own int64, more [][]byte) {
	if w.directories[heap] == nil {
		return 0, values
	}
	return integer(values[0]), values[1:]
}

// parents reads what linked says of some keys, and appends the parents.
func (w *walk) parents(keys []int, values [][]byte, to []reference) ([]reference, error) {
	for _, k := range keys {
		p, n, err := w.parent(k, values)
		if err != nil {
			return nil, err
		}
		to, values = append(to, p), values[n:]
	}
	return to, nil
}

// parent reads what linked says of one key, and how many values that took.
func (w *walk) parent(key int, values [][]byte) (p reference, n int, err error) {
	if w.named[key] != nil {
		if values[0] == nil {
			return reference{at: nothingThere}, 1, nil
		}
		return reference{at: knownByName, name: integer(values[0])}, 1, nil
	}
	k := w.plan.ForeignKeys[key]
	heap, at, n := uint32(0), values[0], 1
	if len(k.ParentHeaps) == 1 {
		heap = k.ParentHeaps[0].OID
		if w.directories[w.number[heap]] != nil {
			n = 2
			if at != nil {
				p.name = integer(values[1])
			}
		}
	} else {
		at, n = values[1], 2
		if at != nil {
			heap = binary.BigEndian.Uint32(values[0])
		}
	}
	references := true
	if k.Optional() {
		references = values[n][0] != 0
		n++
	}
	switch {
	case at != nil:
		number, ok := w.number[heap]
		if !ok {
			return p, n, errMoved
		}
		p.at = snapshot.MakeRow(number, snapshot.Place(at))
	case references:
		p.at = snapshot.Nowhere
	default:
		p.at = nothingThere
	}
	return p, n, nil
}

func (l *links) askSeveral(ctx context.Context, c *pgx.Conn, key int) error {
	rows, err := c.Query(ctx, l.w.plan.ForeignKeys[key].ParentsSQL(l.w.heaps[l.heap], "ctid = ANY($1)"), snapshot.TIDs(l.rows))
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
		found := link{child: snapshot.MakeRow(l.heap, child), parent: snapshot.Nowhere, key: key}
		if heap.Valid {
			n, ok := l.w.number[heap.Uint32]
			if !ok {
				return errMoved
			}
			found.parent = snapshot.MakeRow(n, parent)
		}
		l.several = append(l.several, found)
	}
	return rows.Err()
}

// record remembers the answers, so that the outcome does not depend on which
// came first, and appends the parents to those given.
func (l *links) record(parents []int32) []int32 {
	w, keys := l.w, l.w.keys[l.heap].single
	extra := map[snapshot.Row][]link{}
	for _, one := range l.several {
		extra[one.child] = append(extra[one.child], one)
	}
	if l.children == nil { // nothing was asked about them
		l.children, l.names = l.rows, make([]int64, len(l.rows))
	}
	var edges []edge
	for i, child := range l.children {
		edges = edges[:0]
		for n, k := range keys {
			edges = w.lead(edges, l.single[i*len(keys)+n], k)
		}
		several := extra[child]
		slices.SortFunc(several, func(a, b link) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.parent, b.parent)) })
		for _, one := range several {
			edges = w.lead(edges, reference{at: one.parent}, one.key)
		}
		w.seen.look(w.meet(child, l.names[i]), edges)
		for _, e := range edges {
			if w.seen.fresh(e) {
				parents = append(parents, e.to)
			}
		}
	}
	for _, id := range l.ids {
		if w.seen.spans[id] == unseen { // no row came for it
			w.seen.rows[id] = snapshot.Nowhere
			w.seen.look(id, nil)
		}
	}
	return parents
}

// lead appends the edge to a parent.
func (w *walk) lead(edges []edge, p reference, key int) []edge {
	switch {
	case p.at == nothingThere:
		return edges
	case p.at == knownByName:
		return w.refer(edges, p.name, key)
	case p.at == snapshot.Nowhere:
		return append(edges, edge{toNowhere, int32(key)})
	case w.kept.Has(p.at):
		return append(edges, edge{toKept, int32(key)})
	}
	return append(edges, edge{w.meet(p.at, p.name), int32(key)})
}
