package plan

import (
	"slices"

	"github.com/offshoot-dev/offshoot/subset/mask"
)

// DescribeMasks notes in the plan what is masked, and with which key.
func (p *Plan) DescribeMasks(m mask.Masking) {
	p.Privacy.Masked = p.Masks.Columns
	if len(p.Masks.Columns) > 0 {
		p.Privacy.Key = "given"
		if m.Fresh {
			p.Privacy.Key = "fresh"
		}
	}
}

// Leave notes that something is copied as it is.
func (p *Plan) Leave(what, why string) {
	p.Privacy.Unmasked = append(p.Privacy.Unmasked, what)
	p.Warnings = append(p.Warnings, why+": copied as it is")
}

// Copies reports whether rows of the table may be copied.
func (p *Plan) Copies(table string) bool {
	return slices.ContainsFunc(p.Tables, func(t TablePlan) bool { return t.Schema+"."+t.Name == table })
}
