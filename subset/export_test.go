package subset

// Reserves is the part of each table's target that is sampled first.
func (p *Plan) Reserves() map[string]float64 {
	reserves := map[string]float64{}
	for i := range p.Tables {
		reserves[p.Tables[i].table.Name.Dotted()] = p.Tables[i].reserve
	}
	return reserves
}
