package plan

import "math"

// What things take, measured with a local PostgreSQL 15 on two cores of a
// machine of 2024 with the data in memory. A network, a cold disk or a busy
// server take longer: these are for telling seconds from minutes.
const (
	fixedSeconds  = 0.4    // connections, the catalog, pg_dump's schema
	tableSeconds  = 0.004  // its definition, indexes and keys
	readSeconds   = 1.5e-6 // a candidate among its neighbours: read, hashed, sent, sorted
	findSeconds   = 15e-6  // one that is found by an index
	lookupSeconds = 6e-6   // one parent of one candidate, where the key itself does not name it
	copySeconds   = 4e-6   // a kept row, read and written
	byteSeconds   = 10e-9  // one of its bytes
	pageSeconds   = 15e-6  // a block of a scan
)

// seconds is how long finding and copying the rows of a table will take,
// roughly.
func seconds(t *TablePlan, ties []*tie) float64 {
	var pages, candidates, found float64
	for _, h := range t.Table.Heaps {
		pages += float64(h.Pages)
	}
	rows, wanted := float64(t.Expected.Rows), float64(t.Target)
	scanned := 0.0
	switch t.How {
	case Every:
		candidates, scanned = rows, pages
	case Whole:
		candidates, scanned = float64(t.Rows), pages
	case Scan:
		candidates, scanned = wanted*Surplus, 3*pages
	case Drive:
		candidates, found = wanted*Thinning, wanted
		if len(t.Driving) > 1 {
			found *= Surplus
		}
		if !t.Driving[0].Indexed {
			scanned = 3 * pages
		}
	case Blocks:
		candidates = wanted * Thinning
	}
	candidates = min(candidates, float64(t.Rows))
	found = min(found, float64(t.Rows))
	looked := 0.0 // ties by which parents are looked up
	for _, l := range ties {
		if !l.key.SingleInteger() {
			looked++
		}
	}
	sum := tableSeconds + candidates*readSeconds + found*findSeconds + (candidates+found)*lookupSeconds*looked +
		scanned*pageSeconds +
		rows*copySeconds + float64(t.Expected.Bytes)*byteSeconds
	return math.Round(sum*1000) / 1000
}
