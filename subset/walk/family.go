package walk

import (
	"context"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// sampleFamilies brings a table to its goal a part at a time, each row with
// its family, until the table and those below it hold as many rows together as
// the curve gives them together.
func (w *walk) sampleFamilies(ctx context.Context, i int, goal, allowance int64) (int64, error) {
	const parts = 16
	if w.plan.InFamily(&w.plan.Tables[i]) && w.tallies[i].Rows() > 0 {
		return 0, nil // a row of it alone would tear a family
	}
	clan := w.plan.Clan(i)
	var spent int64
	all, err := w.candidates(ctx, i, goal)
	if err != nil {
		return 0, err
	}
	w.setLeft(i, all) // for all the parts
	for range parts {
		rows := w.tallies[i].Rows()
		if rows >= goal || w.rows(clan) >= w.targets(clan) {
			break
		}
		w.news = w.news[:0]
		part, err := w.sample(ctx, i, min(rows+(goal+parts-1)/parts, goal), allowance-spent)
		if err != nil {
			return spent, err
		}
		spent += part
		if err := w.keepFamily(ctx, append([]snapshot.Row(nil), w.news...), w.plan.IsFamily); err != nil {
			return spent, err
		}
		if w.tallies[i].Rows() == rows {
			break
		}
	}
	return spent, nil
}

func (w *walk) rows(tables []int) (n int64) {
	for _, i := range tables {
		n += w.tallies[i].Rows()
	}
	return n
}

func (w *walk) targets(tables []int) (n int64) {
	for _, i := range tables {
		n += w.plan.Tables[i].Target
	}
	return n
}
