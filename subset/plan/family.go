package plan

import (
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Mode says what gives way where the curve and the number of children that
// rows have cannot both hold.
type Mode string

// The modes. The zero Mode is ModeCurve.
const (
	ModeCurve  Mode = "curve"  // every table follows the curve; a row may lose some of its children
	ModeFamily Mode = "family" // a sampled row keeps all its children; fewer families, and the curve gives way
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

// IsFamily reports whether children by the key belong to the family of their
// parent.
func (p *Plan) IsFamily(k *catalog.ForeignKey) bool {
	if k.Child == k.Parent {
		return false
	}
	child, parent := p.tableOf(k.Child), p.tableOf(k.Parent)
	return child.Rows <= largestFamily*parent.Rows && child.How != Nothing
}

func (p *Plan) tableOf(t *catalog.Table) *TablePlan {
	for i := range p.Tables {
		if p.Tables[i].Table == t {
			return &p.Tables[i]
		}
	}
	return &TablePlan{}
}

// FamilyTables are a table with those whose rows are part of its families.
func (p *Plan) FamilyTables(of int) []int {
	position := map[*catalog.Table]int{}
	for i := range p.Tables {
		position[p.Tables[i].Table] = i
	}
	family, member := []int{of}, map[int]bool{of: true}
	for n := 0; n < len(family); n++ {
		for _, k := range p.ForeignKeys {
			child := position[k.Child]
			if k.Parent == p.Tables[family[n]].Table && !member[child] && p.IsFamily(k) {
				member[child] = true
				family = append(family, child)
			}
		}
	}
	return family
}

// InFamily reports whether rows of the table come with those of another.
func (p *Plan) InFamily(t *TablePlan) bool {
	for _, k := range p.ForeignKeys {
		if k.Child == t.Table && p.IsFamily(k) {
			return true
		}
	}
	return false
}
