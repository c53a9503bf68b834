package snapshot

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// EveryBatch is how many rows of a table that is kept whole are followed at
// once: there may be more of them than fit into memory.
const EveryBatch = 50_000

// EveryRow calls do with all rows of a heap, some at a time, in their order.
func (s *Snapshot) EveryRow(ctx context.Context, heap int, h *catalog.Heap, do func([]Row) error) error {
	if _, err := s.Leader.Exec(ctx,
		"DECLARE offshoot_rows NO SCROLL CURSOR FOR SELECT ctid FROM ONLY "+h.Name.String()); err != nil {
		return s.Explain(s.Leader, err)
	}
	for {
		rows, err := s.fetch(ctx, heap)
		if err != nil {
			return s.Explain(s.Leader, err)
		}
		if len(rows) == 0 {
			_, err := s.Leader.Exec(ctx, "CLOSE offshoot_rows")
			return s.Explain(s.Leader, err)
		}
		if err := do(rows); err != nil {
			return err
		}
	}
}

func (s *Snapshot) fetch(ctx context.Context, heap int) ([]Row, error) {
	found, err := s.Leader.Query(ctx, fmt.Sprintf("FETCH %d FROM offshoot_rows", EveryBatch), BinaryResults)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []Row
	for found.Next() {
		rows = append(rows, MakeRow(heap, Place(found.RawValues()[0])))
	}
	return rows, found.Err()
}
