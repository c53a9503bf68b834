package subset

import "github.com/offshoot-dev/offshoot/subset/plan"

// Reserves is the part of each table's target that is sampled first.
func Reserves(p *plan.Plan) map[string]float64 {
	reserves := map[string]float64{}
	for i := range p.Tables {
		reserves[p.Tables[i].Table.Name.Dotted()] = p.Tables[i].Reserve
	}
	return reserves
}
