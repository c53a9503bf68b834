package subset

import (
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// Report says what Run kept.
type Report struct {
	Version    int    `json:"version"` // of this document, 1
	Database   string `json:"database"`
	Server     int    `json:"server_version"`
	Seed       uint64 `json:"seed"`
	Curve      string `json:"curve"`
	SourceRows int64  `json:"source_rows"`
	Target     int64  `json:"target"`
	Rows       int64  `json:"rows"`
	Overflow   int64  `json:"overflow"` // rows above the targets of their tables, summed
	// rows above and below the targets of their tables, as a share of Target
	OffTarget float64            `json:"target_error"`
	Bytes     int64              `json:"bytes"`
	Seconds   float64            `json:"seconds"`
	Expected  plan.Expected      `json:"expected,omitzero"` // by the plan
	Steps     []Step             `json:"steps"`
	Tables    []TableReport      `json:"tables"` // parents before children
	Keys      []KeyReport        `json:"keys"`
	LeftOut   []catalog.Omission `json:"left_out,omitempty"`
	Privacy   mask.PrivacyReport `json:"privacy,omitzero"`
	Warnings  []string           `json:"warnings,omitempty"`

	LargeObjects LargeObjects `json:"large_objects,omitzero"` // not in Bytes
	Score        *score.Score `json:"score,omitempty"`        // where it was asked for
}

// Step is one timed part of a run.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// TableReport says what was kept of one table.
type TableReport struct {
	Schema    string        `json:"schema"`
	Name      string        `json:"name"`
	Source    int64         `json:"source_rows"`
	Estimated bool          `json:"estimated,omitempty"`
	Target    int64         `json:"target"`
	Rows      int64         `json:"rows"` // Sampled + Forced
	Sampled   int64         `json:"sampled"`
	Forced    int64         `json:"forced"`
	ForcedBy  []Force       `json:"forced_by,omitempty"` // most rows first
	LookedUp  int64         `json:"looked_up,omitempty"` // rows that were looked up one by one, kept or not
	Bytes     int64         `json:"bytes"`
	Seconds   float64       `json:"seconds"`           // of copying alone
	Expected  plan.Expected `json:"expected,omitzero"` // by the plan; its seconds count finding the rows too

	// Position says whether the kept rows lie evenly over the blocks of the
	// table, as its rows are taken to; nil where it is small or nothing is kept.
	Position  *score.Distance `json:"position_bias,omitempty"`
	OffTarget float64         `json:"target_error"` // (Rows - Target) / Target
}

// Force is how many rows of a table one foreign key made necessary.
type Force struct {
	Key  string `json:"key"` // schema.child.constraint
	Rows int64  `json:"rows"`
}

// KeyReport says what became of one foreign key.
type KeyReport struct {
	Name      string `json:"name"`
	Child     string `json:"child"`
	Parent    string `json:"parent"`
	Declared  bool   `json:"declared"`  // by the schema, not only by the configuration
	Validated bool   `json:"validated"` // the source holds it to be true of every row
	Rows      int64  `json:"rows"`      // kept child rows with a reference
	Dangling  int64  `json:"dangling"`  // kept child rows whose parent the source lacks

	ChildTable  string   `json:"child_table,omitempty"` // the table of the report that Child is, or is a partition of
	ParentTable string   `json:"parent_table,omitempty"`
	Columns     []string `json:"columns,omitempty"` // of the child
}

// Dangling is the number of kept rows whose parent the source itself lacks,
// over all foreign keys.
func (r *Report) Dangling() int64 {
	var n int64
	for _, k := range r.Keys {
		n += k.Dangling
	}
	return n
}

// Broken is the part of Dangling that nobody could expect: rows below keys
// that the source calls valid. What dangles below a NOT VALID key, or by a
// reference that only the configuration knows, is as the source has it.
func (r *Report) Broken() int64 {
	var n int64
	for _, k := range r.Keys {
		if k.Validated {
			n += k.Dangling
		}
	}
	return n
}

// dangles says in one line what dangles below the key, or nothing.
func (k *KeyReport) dangles() string {
	if k.Dangling == 0 {
		return ""
	}
	why := "key is not validated"
	switch {
	case k.Validated:
		why = "though the source calls the key valid: it is NOT VALID in the subset"
	case !k.Declared:
		why = "reference of the configuration"
	}
	return fmt.Sprintf("%s: %s of %s kept references dangle, as they do in the source (%s)", k.Name,
		document.Number(k.Dangling), document.Number(k.Rows), why)
}
