package walk

import (
	"context"
	"slices"
)

// sampleFamilies brings a table to its goal a part at a time, each row with
// its family, until the table and those below it hold as many rows together as
// the curve gives them together.
func (w *walk) sampleFamilies(ctx context.Context, t *table, goal, allowance int64) (spent int64, err error) {
	const parts = 16
	if w.plan.InFamily(t.TablePlan) && t.tally.Rows() > 0 {
		return 0, nil // a row of it alone would tear a family
	}
	if t.left, err = w.candidates(ctx, t, goal); err != nil { // for all the parts
		return 0, err
	}
	family := w.plan.FamilyTables(t.position)
	outside := func(fk *foreignKey) bool { return !w.plan.IsFamily(fk.ForeignKey) }
	by := slices.DeleteFunc(slices.Clone(w.foreignKeys), outside)
	for range parts {
		rows := t.tally.Rows()
		if rows >= goal || w.areFull(family) {
			break
		}
		w.news = w.news[:0]
		part, err := w.sample(ctx, t, min(rows+(goal+parts-1)/parts, goal), allowance-spent)
		if err != nil {
			return spent, err
		}
		spent += part
		if err := w.keepFamily(ctx, slices.Clone(w.news), by); err != nil {
			return spent, err
		}
		if t.tally.Rows() == rows {
			break
		}
	}
	return spent, nil
}

// areFull reports whether tables, by their positions, hold as many rows
// together as their targets are.
func (w *walk) areFull(tables []int) bool {
	var rows, targets int64
	for _, i := range tables {
		rows += w.tables[i].tally.Rows()
		targets += w.tables[i].Target
	}
	return rows >= targets
}
