package catalog

// Counts is how many rows each heap holds, by OID.
type Counts map[uint32]Count

// Count is the number of rows of one heap.
type Count struct {
	Rows  int64
	Exact bool // counted, not estimated
}

// Omission names a relation whose rows are not copied, and why.
type Omission struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// CountedPages is the number of blocks up to which the rows of a heap are
// counted: 4 MB take milliseconds.
const CountedPages = 512
