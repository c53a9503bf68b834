package mask

import (
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// emptied are the transformers that leave nothing of a value to tell, or that the server alone can follow.
var emptied = []string{"scrub", "null", "constant", "json", "hstore", "xml", "bytes", "sql", "template"}

// Statistics masks values of a column that stand alone, such as those that the server keeps as statistics, as Writer
// masks them in rows. It gives none where that takes more than the value, or where little is left of it.
func (p *Plan) Statistics(t *catalog.Table, column string, values []string) (masked []string, ok bool) {
	if p == nil || p.tables[t][column] == nil {
		return nil, false
	}
	c := p.tables[t][column]
	r := c.rule
	if slices.Contains(emptied, r.As) || r.By != "" || r.Country != "" || len(r.Date) > 0 {
		return nil, false
	}
	defer func() {
		if recover() != nil { // Go would print a value
			masked, ok = nil, false
		}
	}()
	apply := c.apply(p.key)
	for _, value := range values {
		one, kept := apply(&row{}, value)
		if !kept {
			return nil, false
		}
		masked = append(masked, one)
	}
	return masked, true
}
