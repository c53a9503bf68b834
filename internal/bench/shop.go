package bench

import "slices"

// The steps of a round.
const (
	Scan      = "scan"      // count(*) of every table
	Schema    = "schema"    // pg_dump of the schema
	Sample    = "sample"    // as many rows of each table as the curve says, whatever they reference
	Dump      = "dump"      // pg_dump of everything, by two jobs
	Archive   = "archive"   // ours, to a file
	Database  = "database"  // ours, to an empty database
	Far20     = "far20"     // Archive, of a source 20 ms away
	Far80     = "far80"     // and 80 ms away
	Cold      = "cold"      // Archive, of a server that has nothing in memory, on a slow disk
	ColdDump  = "cold-dump" // Dump there
	ColdScan  = "cold-scan" // Scan there
	PgSample  = "pg_sample" // where installed
	Greenmask = "greenmask" // where installed
)

// Shop is one source database and what was measured on it.
type Shop struct {
	Scale  float64
	Rows   int64
	Bytes  int64
	Heaps  int
	Steps  []Series // in the order of a round
	Tables []Table  // of the last subset in a database
	Loose  int64    // dangling rows there
}

// Table is what a subset kept of one table.
type Table struct {
	Name   string
	Source int64
	Target int64
	Kept   int64
	Forced int64
	By     string // the foreign key that forced most
}

// Step finds a step; one that was not measured is empty.
func (s Shop) Step(name string) Series {
	i := slices.IndexFunc(s.Steps, func(series Series) bool { return series.Step == name })
	if i < 0 {
		return Series{Step: name}
	}
	return s.Steps[i]
}

// Add appends the cost of one run to its step.
func (s *Shop) Add(step string, c Cost) {
	i := slices.IndexFunc(s.Steps, func(series Series) bool { return series.Step == step })
	if i < 0 {
		s.Steps = append(s.Steps, Series{Step: step})
		i = len(s.Steps) - 1
	}
	s.Steps[i].Costs = append(s.Steps[i].Costs, c)
}
