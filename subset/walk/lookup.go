package walk

import (
	"context"

	"github.com/jackc/pgx/v5"

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
