package walk

import (
	"cmp"
	"context"
	"fmt"
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

// look looks up what rows reference, as far as that is not known.
func (s *searcher) look(ctx context.Context, rows []snapshot.Row) error {
	_, err := s.lookup(ctx, s.unknown(rows), nil)
	return err
}

// expand looks up the parents of rows, and theirs, and so on until nothing new
// turns up: then every row's closure is known.
func (s *searcher) expand(ctx context.Context, rows []snapshot.Row) error {
	if err := s.look(ctx, rows); err != nil {
		return err
	}
	var ids []int32
	for _, r := range rows {
		if !s.kept.Has(r) {
			ids = append(ids, s.seen.id(r))
		}
	}
	return s.follow(ctx, ids, false)
}

// follow does the same for rows with ids. With bounded, rows that reference
// endlessly deep are given up.
func (s *searcher) follow(ctx context.Context, ids []int32, bounded bool) error {
	var been []bool
	for round := 0; ; round++ {
		ids, been = s.frontier(ids, been)
		rows, keyed := s.unseen(ids)
		if len(rows)+len(keyed) == 0 {
			return nil
		}
		if bounded && (round >= mostRounds || len(s.seen.rows) >= mostExplored) {
			s.gaveUp = true
			return nil
		}
		var err error
		if ids, err = s.lookup(ctx, rows, keyed); err != nil {
			return err
		}
	}
}

// lookup finds the parents of rows, given by their places or by ids of which
// the keys are known, both sorted.
func (s *searcher) lookup(ctx context.Context, rows []snapshot.Row, keyed []int32) ([]int32, error) {
	all := append(s.linksByPlace(rows), s.linksByKey(keyed)...)
	lane := func(i int) int { return all[i].lane }
	err := s.src.Spread(ctx, len(all), lane, func(ctx context.Context, c *pgx.Conn, i int) error {
		return all[i].ask(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	// Only now, so that the outcome does not depend on which answer came first.
	var parents []int32
	for i := range all {
		parents = all[i].record(s.memory, parents)
	}
	return parents, nil
}

func (s *searcher) linksByPlace(rows []snapshot.Row) []links {
	var all []links
	for _, of := range s.byHeap(rows) {
		for _, part := range s.src.Stretches(of.heap.Heap, of.rows, lookupBatch) {
			all = append(all, links{schema: s.schema, heap: of.heap, lane: part.Lane, rows: part.Rows})
		}
	}
	return all
}

func (s *searcher) linksByKey(ids []int32) []links {
	var all []links
	for _, id := range ids {
		h, key := s.heapOf(s.seen.rows[id]), s.seen.keys[id]
		lane := s.laneOf(h, key)
		last := len(all) - 1
		if last < 0 || all[last].heap != h || all[last].lane != lane || len(all[last].ids) == lookupBatch {
			all = append(all, links{schema: s.schema, heap: h, lane: lane})
			last++
		}
		all[last].ids, all[last].keys = append(all[last].ids, id), append(all[last].keys, key)
	}
	return all
}

// byHeap splits sorted rows.
func (s *schema) byHeap(rows []snapshot.Row) []placed {
	var split []placed
	for first := 0; first < len(rows); {
		n := first
		for n < len(rows) && rows[n].Heap() == rows[first].Heap() {
			n++
		}
		split = append(split, placed{s.heapOf(rows[first]), rows[first:n]})
		first = n
	}
	return split
}

// links asks for the parents that some rows of one heap have.
type links struct {
	schema *schema
	heap   *heap
	lane   int
	rows   []snapshot.Row // sorted; or
	ids    []int32        // of which the keys are known
	keys   []int64        // of those

	// What most foreign keys lead to is one parent at most.
	children []child
	single   []reference // of each child, by foreign key
	// Others may lead to several.
	several []link
}

// child is a row that was looked at.
type child struct {
	row snapshot.Row
	key int64 // 0 where rows of the heap have none
}

// link is one parent of one child by a foreign key that may lead to several.
type link struct {
	child, parent snapshot.Row
	foreignKey    *foreignKey
}

func (l *links) ask(ctx context.Context, c *pgx.Conn) error {
	if len(l.heap.single) > 0 || l.heap.directory != nil {
		if err := l.askSingle(ctx, c); err != nil {
			return err
		}
	}
	for _, fk := range l.heap.several {
		if err := l.askSeveral(ctx, c, fk); err != nil {
			return err
		}
	}
	return nil
}

func (l *links) askSingle(ctx context.Context, c *pgx.Conn) error {
	layout := l.schema.parentLayout(l.heap)
	sql, which := parentsSQL(layout), any(snapshot.TIDs(l.rows))
	if l.ids != nil {
		sql, which = parentsByKeySQL(layout), l.keys
	}
	rows, err := c.Query(ctx, sql, snapshot.BinaryResults, which)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := max(len(l.rows), len(l.ids))
	l.children, l.single = make([]child, 0, n), make([]reference, 0, n*len(layout.foreignKeys))
	for a := layout.newAnswer(); rows.Next(); {
		if err := layout.read(rows.RawValues(), a); err != nil {
			return err
		}
		l.children, l.single = append(l.children, child{a.row, a.key}), append(l.single, a.parents...)
	}
	return rows.Err()
}

func (l *links) askSeveral(ctx context.Context, c *pgx.Conn, fk *foreignKey) error {
	rows, err := c.Query(ctx, fk.ParentsSQL(l.heap.Heap, "ctid = ANY($1)"), snapshot.TIDs(l.rows))
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
		found := link{child: snapshot.MakeRow(l.heap.number, child), parent: snapshot.Nowhere, foreignKey: fk}
		if heap.Valid {
			h := l.schema.byOID[heap.Uint32]
			if h == nil {
				return errMoved
			}
			found.parent = snapshot.MakeRow(h.number, parent)
		}
		l.several = append(l.several, found)
	}
	return rows.Err()
}

// record remembers the answers, and appends the parents to those given.
func (l *links) record(m *memory, parents []int32) []int32 {
	extra := map[snapshot.Row][]link{}
	for _, one := range l.several {
		extra[one.child] = append(extra[one.child], one)
	}
	if l.children == nil { // nothing was asked about them
		for _, r := range l.rows {
			l.children = append(l.children, child{row: r})
		}
	}
	var edges []edge
	for i, child := range l.children {
		edges = edges[:0]
		for n, fk := range l.heap.single {
			edges = m.edge(edges, l.single[i*len(l.heap.single)+n], fk)
		}
		several := extra[child.row]
		slices.SortFunc(several, func(a, b link) int {
			return cmp.Or(cmp.Compare(a.foreignKey.position, b.foreignKey.position), cmp.Compare(a.parent, b.parent))
		})
		for _, one := range several {
			edges = m.edge(edges, reference{at: one.parent}, one.foreignKey)
		}
		m.learn(child.row, child.key, edges)
		for _, e := range edges {
			if m.seen.fresh(e) {
				parents = append(parents, e.to)
			}
		}
	}
	m.miss(l.ids)
	return parents
}

// miss records of rows that were asked for by their keys, and did not come,
// that they do not exist.
func (m *memory) miss(ids []int32) {
	for _, id := range ids {
		if m.seen.spans[id] == unseen {
			m.seen.rows[id] = snapshot.Nowhere
			m.seen.look(id, nil)
		}
	}
}

// parentsSQL asks for the parents of some rows of a heap ($1).
func parentsSQL(l *layout) string {
	return l.sql("", func(columns string) string {
		return fmt.Sprintf("SELECT ctid%s FROM ONLY %s WHERE ctid = ANY($1)", columns, l.heap.Name)
	})
}

// parentsByKeySQL asks for rows of a heap by their keys ($1), and for their
// parents.
func parentsByKeySQL(l *layout) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*
  FROM pg_catalog.unnest($1::pg_catalog.int8[]) AS n("offshoot: key")
 CROSS JOIN LATERAL (SELECT ctid%s FROM ONLY %s AS c WHERE %s LIMIT 1) AS c`,
			columns, l.heap.Name, isAsked(l.heap.directory.column))
	})
}
