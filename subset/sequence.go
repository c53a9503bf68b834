package subset

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// sequences is where each sequence goes on: where the source stands, or past
// the kept rows when the role may not ask the source. Then a sequence whose
// column keeps no row, or that no column owns, begins anew.
func (r *run) sequences(ctx context.Context) ([]SequenceValue, error) {
	var values []SequenceValue
	rows := r.walk.rowsByHeap()
	for _, s := range r.src.db.Sequences {
		owner := findTable(r.src.db, dotted(s.Owner))
		if owner != nil && slices.Contains(r.plan.excluded, owner.Name) {
			continue // pg_dump leaves it out along with its table
		}
		if s.Known {
			values = append(values, SequenceValue{Name: s.Name, Value: s.LastValue, Called: s.Called})
			continue
		}
		if owner == nil {
			continue
		}
		v, err := r.furthest(ctx, s, owner, rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dotted(s.Name), err)
		}
		if v != nil {
			values = append(values, SequenceValue{Name: s.Name, Value: *v, Called: true})
		}
	}
	return values, nil
}

// furthest is the last number of a sequence that kept rows use.
func (r *run) furthest(ctx context.Context, s *catalog.Sequence, owner *catalog.Table, rows [][]row) (*int64, error) {
	function, further := "max", func(a, b int64) bool { return a > b }
	if s.Increment < 0 {
		function, further = "min", func(a, b int64) bool { return a < b }
	}
	var furthest *int64
	for _, h := range owner.Heaps {
		n, planned := r.walk.number[h.OID]
		if !planned {
			continue
		}
		sql := fmt.Sprintf("SELECT pg_catalog.%s(%s)::bigint FROM ONLY %s WHERE ctid = ANY($1)", function, catalog.Quote(s.Column), h.Name)
		for batch := range slices.Chunk(rows[n], copyBatch) {
			err := r.src.each(ctx, 1, func(ctx context.Context, c *pgx.Conn, _ int) error {
				var v *int64
				if err := c.QueryRow(ctx, sql, tids(batch)).Scan(&v); err != nil {
					return err
				}
				if v != nil && (furthest == nil || further(*v, *furthest)) {
					furthest = v
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return furthest, nil
}
