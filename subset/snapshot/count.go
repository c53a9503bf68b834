package snapshot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

const sampledPages = 200 // blocks read of a larger heap without statistics

// Count says how many rows each heap holds: small ones are counted, of larger
// ones the density that ANALYZE saw is taken times today's blocks, as the
// planner does, or that of a few blocks where there are no statistics.
func (s *Snapshot) Count(ctx context.Context) (catalog.Counts, error) {
	counts := catalog.Counts{}
	var small []*catalog.Heap
	for _, t := range s.Database.Tables {
		if !t.Readable || t.RowSecurity {
			continue
		}
		for _, h := range t.Heaps {
			switch {
			case h.Pages == 0:
				counts[h.OID] = catalog.Count{Exact: true}
			case h.Pages <= catalog.CountedPages:
				small = append(small, h)
			case h.Rows > 0 && h.Was > 0:
				counts[h.OID] = catalog.Count{Rows: int64(h.Rows / float64(h.Was) * float64(h.Pages))}
			default:
				n, err := s.estimate(ctx, h)
				if err != nil {
					return nil, err
				}
				counts[h.OID] = catalog.Count{Rows: n}
			}
		}
	}
	for batch := range slices.Chunk(small, 100) {
		if err := s.countBatch(ctx, batch, counts); err != nil {
			return nil, err
		}
		if s.round() == 0 {
			continue
		}
		if err := s.letGoOfIndexes(ctx); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

func (s *Snapshot) countBatch(ctx context.Context, batch []*catalog.Heap, counts catalog.Counts) error {
	selects := make([]string, len(batch))
	for i, h := range batch {
		selects[i] = fmt.Sprintf("SELECT %d, pg_catalog.count(*) FROM ONLY %s", i, h.Name)
	}
	rows, err := s.Leader.Query(ctx, strings.Join(selects, " UNION ALL "))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		c := catalog.Count{Exact: true}
		if err := rows.Scan(&i, &c.Rows); err != nil {
			return err
		}
		counts[batch[i].OID] = c
	}
	return rows.Err()
}

func (s *Snapshot) estimate(ctx context.Context, h *catalog.Heap) (int64, error) {
	share := sampledPages / float64(h.Pages)
	sql := fmt.Sprintf("SELECT pg_catalog.count(*) FROM ONLY %s TABLESAMPLE pg_catalog.system ($1) REPEATABLE (0)",
		h.Name)
	var n int64
	err := s.Leader.QueryRow(ctx, sql, min(share*100, 100)).Scan(&n)
	return int64(float64(n) / min(share, 1)), err
}
