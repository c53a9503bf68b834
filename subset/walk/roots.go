package walk

import (
	"context"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// keepRoots keeps the rows of every root and what belongs to them.
func (w *walk) keepRoots(ctx context.Context) error {
	for _, root := range w.plan.Roots {
		var rows []snapshot.Row
		for _, h := range root.In.Heaps {
			found, err := w.find(ctx, w.byOID[h.OID], h.Filtered(root.Where, "ctid"))
			if err != nil {
				return fmt.Errorf("root %s: %w", root.Table, err)
			}
			rows = append(rows, found...)
		}
		if len(rows) == 0 {
			err := fmt.Errorf("root %s: no row fulfils its condition", root.Table)
			return hint.Wrap(err, "check the condition against the source")
		}
		if err := w.keepFamily(ctx, rows, w.foreignKeys); err != nil {
			return fmt.Errorf("root %s: %w", root.Table, err)
		}
	}
	return nil
}

// find runs a query for rows of one heap.
func (s *searcher) find(ctx context.Context, h *heap, sql string, args ...any) ([]snapshot.Row, error) {
	var found []snapshot.Row
	err := s.src.Ask(ctx, []snapshot.Question{finding(h, &found, sql, args...)})
	return found, err
}

// finding is a question for rows of one heap.
func finding(h *heap, found *[]snapshot.Row, sql string, args ...any) snapshot.Question {
	return snapshot.Question{SQL: sql, Args: args, Row: func(values [][]byte) error {
		*found = append(*found, snapshot.MakeRow(h.number, snapshot.Place(values[0])))
		return nil
	}}
}

// keepFamily keeps rows and, by some foreign keys, their children, and theirs, to
// the end. Rows that are kept already bring theirs all the same;
// each brings them once.
func (w *walk) keepFamily(ctx context.Context, rows []snapshot.Row, by []*foreignKey) error {
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
		if rows, err = w.childrenOf(ctx, fresh, by); err != nil {
			return err
		}
	}
	return nil
}

// childrenOf finds every child of rows, which must be sorted, by some foreign keys.
func (s *searcher) childrenOf(ctx context.Context, rows []snapshot.Row, by []*foreignKey) ([]snapshot.Row, error) {
	var questions []snapshot.Question
	var found []*[]snapshot.Row // in the order of the questions
	for _, of := range s.byHeap(rows) {
		for _, fk := range by {
			if !slices.Contains(fk.parentHeaps, of.heap) || fk.child.Keep.None {
				continue
			}
			for _, child := range fk.childHeaps {
				sql := everyChildSQL(fk, child, of.heap)
				for batch := range slices.Chunk(of.rows, snapshot.MostPlaces) {
					found = append(found, new([]snapshot.Row))
					q := finding(child, found[len(found)-1], sql, snapshot.Places(batch))
					questions = append(questions, q)
				}
			}
		}
	}
	if err := s.src.Ask(ctx, questions); err != nil {
		return nil, err
	}
	var children []snapshot.Row
	for _, some := range found {
		children = append(children, *some...)
	}
	return children, nil
}

// everyChildSQL asks for all children in a heap that rows ($1) of another have
// by a foreign key.
func everyChildSQL(fk *foreignKey, h, parents *heap) string {
	return fmt.Sprintf("SELECT c.ctid FROM ONLY %s AS p JOIN %s ON %s WHERE p.ctid = ANY($1)",
		parents.Name, childrenIn(h, fk), fk.Join("p", "c"))
}
