package walk

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
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

// lookedUp is questions about the parents of rows, on their way or answered.
type lookedUp struct {
	links []links
	err   error
	done  chan struct{}
}

// lookAhead asks for the parents of rows, and does not wait.
func (s *searcher) lookAhead(ctx context.Context, rows []snapshot.Row) *lookedUp {
	l := &lookedUp{links: s.linksByPlace(rows), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.err = s.src.Ask(ctx, questions(l.links))
	}()
	return l
}

// hear waits for what was asked ahead about a table, and remembers it.
func (s *searcher) hear(t *table) error {
	l := t.looking
	if l == nil {
		return nil
	}
	t.looking = nil
	<-l.done
	if l.err != nil {
		return l.err
	}
	for i := range l.links {
		l.links[i].record(s.memory, nil)
	}
	return nil
}

func questions(all []links) (questions []snapshot.Question) {
	for i := range all {
		questions = all[i].questions(questions)
	}
	return questions
}

// lookup finds the parents of rows, given by their places or by ids of which
// the keys are known, both sorted.
func (s *searcher) lookup(ctx context.Context, rows []snapshot.Row, keyed []int32) ([]int32, error) {
	all := append(s.linksByPlace(rows), s.linksByKey(keyed)...)
	if err := s.src.Ask(ctx, questions(all)); err != nil {
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

// linksByKey asks for each heap in one scan of it where that takes least, else
// for some thousand rows at once. ids are in order of their heaps.
func (s *searcher) linksByKey(ids []int32) []links {
	var all []links
	for len(ids) > 0 {
		h, n := s.heapOf(s.seen.rows[ids[0]]), 1
		for n < len(ids) && s.heapOf(s.seen.rows[ids[n]]) == h {
			n++
		}
		scan := n <= plan.MostHashed && s.access(h).ScansForKeys(h.Heap, h.rows(), int64(n))
		if scan {
			s.reads(h)
			all = append(all, links{schema: s.schema, heap: h, lane: h.number, scan: true})
		}
		for _, id := range ids[:n] {
			key, last := s.seen.keys[id], len(all)-1
			if lane := s.laneOf(h, key); !scan && (last < 0 || all[last].heap != h || all[last].scan ||
				all[last].lane != lane || len(all[last].ids) == lookupBatch) {
				all = append(all, links{schema: s.schema, heap: h, lane: lane})
				last++
			}
			all[last].ids, all[last].keys = append(all[last].ids, id), append(all[last].keys, key)
		}
		ids = ids[n:]
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
	scan   bool           // reads the whole heap

	// What most foreign keys lead to is one parent at most.
	children []child
	single   []reference // of each child, by foreign key
	// Others may lead to several.
	several []*several // by foreign key
}

// several is the answers by a foreign key that may lead to several parents.
type several struct{ links []link }

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

// questions appends what there is to ask about the rows.
func (l *links) questions(all []snapshot.Question) []snapshot.Question {
	if len(l.heap.single) > 0 || l.heap.directory != nil {
		all = append(all, l.singleQuestion())
	}
	for _, fk := range l.heap.several {
		all = append(all, l.severalQuestion(fk))
	}
	return all
}

func (l *links) singleQuestion() snapshot.Question {
	layout := l.schema.parentLayout(l.heap)
	q := snapshot.Question{Lane: l.lane}
	switch {
	case l.scan:
		q.SQL, q.Args = parentsAmongKeysSQL(layout), []any{l.keys}
	case l.ids != nil:
		q.SQL, q.Args = parentsByKeySQL(layout), []any{l.keys}
	default:
		q.SQL, q.Args = parentsSQL(layout), []any{snapshot.Places(l.rows)}
	}
	n := max(len(l.rows), len(l.ids))
	l.children, l.single = make([]child, 0, n), make([]reference, 0, n*len(layout.foreignKeys))
	a := layout.newAnswer()
	q.Row = func(values [][]byte) error {
		if err := layout.read(values, a); err != nil {
			return err
		}
		l.children, l.single = append(l.children, child{a.row, a.key}), append(l.single, a.parents...)
		return nil
	}
	return q
}

// severalQuestion asks by one foreign key. Its answers go to a place of their
// own: another one may be answered at the same time.
func (l *links) severalQuestion(fk *foreignKey) snapshot.Question {
	found := &several{}
	l.several = append(l.several, found)
	return snapshot.Question{
		Lane: l.lane, SQL: fk.ParentsSQL(l.heap.Heap, "ctid = ANY($1)"), Args: []any{snapshot.Places(l.rows)},
		Row: func(values [][]byte) error {
			one := link{
				child:  snapshot.MakeRow(l.heap.number, snapshot.Place(values[0])),
				parent: snapshot.Nowhere, foreignKey: fk,
			}
			if values[1] != nil {
				h := l.schema.byOID[binary.BigEndian.Uint32(values[1])]
				if h == nil {
					return errMoved
				}
				one.parent = snapshot.MakeRow(h.number, snapshot.Place(values[2]))
			}
			found.links = append(found.links, one)
			return nil
		},
	}
}

// record remembers the answers, and appends the parents to those given.
func (l *links) record(m *memory, parents []int32) []int32 {
	extra := map[snapshot.Row][]link{}
	for _, found := range l.several {
		for _, one := range found.links {
			extra[one.child] = append(extra[one.child], one)
		}
	}
	if l.children == nil { // nothing was asked about them
		for _, r := range l.rows {
			l.children = append(l.children, child{row: r})
		}
	}
	var edges []edge
	for i, child := range l.children {
		if l.ids == nil && (m.seen.known(child.row) || m.kept.Has(child.row)) {
			continue // since it was asked about
		}
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
	l.heap.table.tally.LookedUp += int64(len(l.rows) + len(l.ids))
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

// parentsAmongKeysSQL asks the same of a heap that is read as a whole. A sample
// of blocks, were it of all of them, is never found by an index.
func parentsAmongKeysSQL(l *layout) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.ctid%s
  FROM ONLY %s AS c TABLESAMPLE pg_catalog.system (100) REPEATABLE (0)
 WHERE c.%s OPERATOR(pg_catalog.=) ANY (SELECT pg_catalog.unnest($1::pg_catalog.int8[]))`,
			columns, l.heap.Name, catalog.Quote(l.heap.directory.column))
	})
}
