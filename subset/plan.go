package subset

import (
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Plan says what Run will do. It is a value: made from the catalog, the row
// counts and the Spec alone, and printed before anything is copied.
type Plan struct {
	Version    int         `json:"version"` // of this document, 1
	Database   string      `json:"database"`
	Curve      string      `json:"curve"`
	Seed       uint64      `json:"seed"`
	SourceRows int64       `json:"source_rows"`
	Target     int64       `json:"target"`    // rows in all
	Allowance  int64       `json:"allowance"` // rows that may be kept above the targets of their tables
	Tables     []TablePlan `json:"tables"`    // parents before children
	LeftOut    []Omission  `json:"left_out,omitempty"`
	Warnings   []string    `json:"warnings,omitempty"`

	catalog  *catalog.Database
	keys     []*catalog.ForeignKey // declared in the schema, then in the configuration
	excluded []catalog.Name
}

// TablePlan is what Run will do with one table.
type TablePlan struct {
	Schema    string `json:"schema"`
	Name      string `json:"name"`
	Rows      int64  `json:"source_rows"`
	Estimated bool   `json:"estimated,omitempty"` // Rows comes from statistics, not from a count
	Bytes     int64  `json:"source_bytes"`
	Target    int64  `json:"target"`
	Rule      string `json:"rule,omitempty"`
	Strategy  string `json:"strategy"` // how candidate rows are found
	Cycle     int    `json:"cycle,omitempty"`

	table *catalog.Table
	rule  Rule
	all   bool
}

// Omission names a relation whose rows are not copied, and why.
type Omission struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}
