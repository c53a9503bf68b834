package subset

import "math"

// What things take, measured with a local PostgreSQL 15 on two cores of a
// machine of 2024 with the data in memory. A network, a cold disk or a busy
// server take longer: these are for telling seconds from minutes.
const (
	fixedSeconds  = 0.4   // connections, the catalog, pg_dump's schema
	tableSeconds  = 0.004 // its definition, indexes and keys
	readSeconds   = 3e-6  // a candidate: read, hashed, sent, sorted
	lookupSeconds = 6e-6  // one parent of one candidate
	copySeconds   = 4e-6  // a kept row, read and written
	byteSeconds   = 10e-9 // one of its bytes
	pageSeconds   = 15e-6 // a block of a scan
)

// seconds is how long finding and copying the rows of a table will take,
// roughly.
func seconds(t *TablePlan, ties []*tie) float64 {
	var pages, candidates float64
	for _, h := range t.table.Heaps {
		pages += float64(h.Pages)
	}
	rows, wanted := float64(t.Expected.Rows), float64(t.Target)
	scanned := 0.0
	switch t.strategy {
	case every:
		candidates, scanned = rows, pages
	case whole:
		candidates, scanned = float64(t.Rows), pages
	case scan:
		candidates, scanned = wanted*surplus, 3*pages
	case drive:
		candidates = wanted * (surplus*float64(len(t.driving)) + thinning)
		if !t.driving[0].Indexed {
			scanned = 3 * pages
		}
	case blocks:
		candidates = wanted * thinning
	}
	candidates = min(candidates, float64(t.Rows))
	sum := tableSeconds + candidates*(readSeconds+lookupSeconds*float64(len(ties))) + scanned*pageSeconds +
		rows*copySeconds + float64(t.Expected.Bytes)*byteSeconds
	return math.Round(sum*1000) / 1000
}
