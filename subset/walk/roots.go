package walk

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// keepRoots keeps the rows of every root and what belongs to them.
func (w *walk) keepRoots(ctx context.Context) error {
	for _, root := range w.plan.Roots {
		var rows []snapshot.Row
		for _, h := range root.In.Heaps {
			found, err := w.places(ctx, w.number[h.OID], h.Filtered(root.Where, "ctid"))
			if err != nil {
				return fmt.Errorf("root %s: %w", root.Table, err)
			}
			rows = append(rows, found...)
		}
		if len(rows) == 0 {
			return hint.Wrap(fmt.Errorf("root %s: no row fulfils its condition", root.Table), "check the condition against the source")
		}
		if err := w.keepFamily(ctx, rows, func(*catalog.ForeignKey) bool { return true }); err != nil {
			return fmt.Errorf("root %s: %w", root.Table, err)
		}
	}
	return nil
}

// places runs a query for rows of one heap.
func (w *walk) places(ctx context.Context, heap int, sql string, args ...any) ([]snapshot.Row, error) {
	var found []snapshot.Row
	err := w.src.Each(ctx, 1, func(ctx context.Context, c *pgx.Conn, _ int) error {
		rows, err := c.Query(ctx, sql, append([]any{snapshot.BinaryResults}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			found = append(found, snapshot.MakeRow(heap, snapshot.Place(rows.RawValues()[0])))
		}
		return rows.Err()
	})
	return found, err
}

// keepFamily keeps rows and, by the keys that count, their children, and
// theirs, to the end. Rows that are kept already bring theirs all the same;
// each brings them once.
func (w *walk) keepFamily(ctx context.Context, rows []snapshot.Row, counts func(*catalog.ForeignKey) bool) error {
	for len(rows) > 0 {
		var fresh []snapshot.Row
		for _, r := range rows {
			if w.families.Add(r) {
				fresh = append(fresh, r)
			}
		}
		for batch := range slices.Chunk(fresh, snapshot.EveryBatch) {
			if err := w.keepEach(ctx, batch); err != nil {
				return err
			}
		}
		slices.Sort(fresh)
		var err error
		if rows, err = w.childrenOf(ctx, fresh, counts); err != nil {
			return err
		}
	}
	return nil
}

// childrenOf finds every child of rows, which must be sorted.
func (w *walk) childrenOf(ctx context.Context, rows []snapshot.Row, counts func(*catalog.ForeignKey) bool) ([]snapshot.Row, error) {
	var children []snapshot.Row
	for _, of := range byHeap(rows) {
		for _, k := range w.plan.ForeignKeys {
			if !slices.Contains(k.ParentHeaps, w.heaps[of.heap]) || !counts(k) || w.ruleOf(k.Child).None {
				continue
			}
			for _, child := range k.ChildHeaps {
				for batch := range slices.Chunk(of.rows, snapshot.MostPlaces) {
					found, err := w.places(ctx, w.number[child.OID], everyChildSQL(k, child, w.heaps[of.heap]), snapshot.TIDs(batch))
					if err != nil {
						return nil, err
					}
					children = append(children, found...)
				}
			}
		}
	}
	return children, nil
}

func (w *walk) ruleOf(t *catalog.Table) plan.Rule {
	i := slices.IndexFunc(w.plan.Tables, func(p plan.TablePlan) bool { return p.Table == t })
	return w.plan.Tables[i].Keep
}

// byHeap splits sorted rows.
func byHeap(rows []snapshot.Row) []placed {
	var split []placed
	for len(rows) > 0 {
		heap := rows[0].Heap()
		n := slices.IndexFunc(rows, func(r snapshot.Row) bool { return r.Heap() != heap })
		if n < 0 {
			n = len(rows)
		}
		split = append(split, placed{heap, rows[:n]})
		rows = rows[n:]
	}
	return split
}
