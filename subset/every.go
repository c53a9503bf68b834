package subset

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// everyBatch is how many rows of a table that is kept whole are followed at
// once: there may be more of them than fit into memory.
const everyBatch = 50_000

// everyRow calls do with all rows of a heap, some at a time, in their order.
func (s *Source) everyRow(ctx context.Context, heap int, h *catalog.Heap, do func([]row) error) error {
	if _, err := s.leader.Exec(ctx, "DECLARE offshoot_rows NO SCROLL CURSOR FOR SELECT ctid FROM ONLY "+h.Name.String()); err != nil {
		return s.explain(s.leader, err)
	}
	for {
		rows, err := s.fetch(ctx, heap)
		if err != nil {
			return s.explain(s.leader, err)
		}
		if len(rows) == 0 {
			_, err := s.leader.Exec(ctx, "CLOSE offshoot_rows")
			return s.explain(s.leader, err)
		}
		if err := do(rows); err != nil {
			return err
		}
	}
}

func (s *Source) fetch(ctx context.Context, heap int) ([]row, error) {
	found, err := s.leader.Query(ctx, fmt.Sprintf("FETCH %d FROM offshoot_rows", everyBatch), binaryResults)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []row
	for found.Next() {
		rows = append(rows, makeRow(heap, place(found.RawValues()[0])))
	}
	return rows, found.Err()
}
