package subset

import (
	"context"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Mode says what gives way where the curve and the number of children that
// rows have cannot both hold.
type Mode string

// The modes. The zero Mode is ModeCurve.
const (
	ModeCurve  Mode = "curve"  // every table follows the curve; a row may lose some of its children
	ModeFamily Mode = "family" // a sampled row keeps all its children; there are fewer families, and the curve gives way
)

// ParseMode reads the name of a mode.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(text); m {
	case "", ModeCurve:
		return ModeCurve, nil
	case ModeFamily:
		return m, nil
	}
	return "", hint.Usage(fmt.Errorf("unknown mode %q", text), "choose %s or %s", ModeCurve, ModeFamily)
}

// largestFamily is the mean number of children up to which they are part of a
// family: an order and its lines are one, a tenant and its orders are not.
const largestFamily = 20

// isFamily reports whether children by the key belong to the family of their
// parent.
func (p *Plan) isFamily(k *catalog.ForeignKey) bool {
	if k.Child == k.Parent {
		return false
	}
	child, parent := p.tableOf(k.Child), p.tableOf(k.Parent)
	return child.Rows <= largestFamily*parent.Rows && child.strategy != nothing
}

func (p *Plan) tableOf(t *catalog.Table) *TablePlan {
	for i := range p.Tables {
		if p.Tables[i].table == t {
			return &p.Tables[i]
		}
	}
	return &TablePlan{}
}

// clan is a table with those whose rows are part of its families.
func (p *Plan) clan(of int) []int {
	position := map[*catalog.Table]int{}
	for i := range p.Tables {
		position[p.Tables[i].table] = i
	}
	clan, member := []int{of}, map[int]bool{of: true}
	for n := 0; n < len(clan); n++ {
		for _, k := range p.keys {
			child := position[k.Child]
			if k.Parent == p.Tables[clan[n]].table && !member[child] && p.isFamily(k) {
				member[child] = true
				clan = append(clan, child)
			}
		}
	}
	return clan
}

// inFamily reports whether rows of the table come with those of another.
func (p *Plan) inFamily(t *TablePlan) bool {
	for _, k := range p.keys {
		if k.Child == t.table && p.isFamily(k) {
			return true
		}
	}
	return false
}

// sampleFamilies brings a table to its goal a part at a time, each row with
// its family, until the table and those below it hold as many rows together as
// the curve gives them together.
func (w *walk) sampleFamilies(ctx context.Context, i int, goal, allowance int64) (int64, error) {
	const parts = 16
	if w.plan.inFamily(&w.plan.Tables[i]) && w.tallies[i].rows() > 0 {
		return 0, nil // a row of it alone would tear a family
	}
	clan := w.plan.clan(i)
	var spent int64
	all, err := w.candidates(ctx, i, goal)
	if err != nil {
		return 0, err
	}
	w.setLeft(i, all) // for all the parts
	for range parts {
		rows := w.tallies[i].rows()
		if rows >= goal || w.rows(clan) >= w.targets(clan) {
			break
		}
		w.news = w.news[:0]
		part, err := w.sample(ctx, i, min(rows+(goal+parts-1)/parts, goal), allowance-spent)
		if err != nil {
			return spent, err
		}
		spent += part
		if err := w.keepFamily(ctx, append([]snapshot.Row(nil), w.news...), w.plan.isFamily); err != nil {
			return spent, err
		}
		if w.tallies[i].rows() == rows {
			break
		}
	}
	return spent, nil
}

func (w *walk) rows(tables []int) (n int64) {
	for _, i := range tables {
		n += w.tallies[i].rows()
	}
	return n
}

func (w *walk) targets(tables []int) (n int64) {
	for _, i := range tables {
		n += w.plan.Tables[i].Target
	}
	return n
}
