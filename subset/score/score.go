package score

import "github.com/offshoot-dev/offshoot/subset/catalog"

// Score says how good a subset is, whatever tool made it: what is in the
// target, held against the source and against what the curve asks for. No
// value of a row is in it.
type Score struct {
	Version  int      `json:"version"` // of this document, 1
	Database string   `json:"database"`
	Subset   string   `json:"subset"` // the target's database
	Curve    string   `json:"curve"`
	Summary  Summary  `json:"summary"`
	Tables   []Table  `json:"tables"` // parents before children
	Keys     []Key    `json:"keys"`
	Columns  []Column `json:"columns"`
	Seconds  float64  `json:"seconds"`

	OnlySource []string           `json:"only_in_source,omitempty"` // tables, as schema.name
	OnlySubset []string           `json:"only_in_subset,omitempty"`
	Unscored   []catalog.Omission `json:"unscored,omitempty"` // keys that cannot be looked up in the subset
}

// Summary is the figures to look at first. Nothing in it is weighed:
// each can be found again below.
type Summary struct {
	SourceRows    int64    `json:"source_rows"`
	Target        int64    `json:"target"` // rows that the curve and the rules ask for
	Rows          int64    `json:"rows"`
	TargetError   float64  `json:"target_error"`  // rows off the targets of their tables, as a share of Target
	Overflow      int64    `json:"overflow"`      // rows above the targets of their tables
	Dangling      int64    `json:"dangling"`      // rows that dangle in the subset
	Broken        int64    `json:"broken"`        // of those, the ones that do not in the source
	Fanout        Extremes `json:"fanout"`        // of the keys' fan-out distances
	Shape         Extremes `json:"shape"`         // of the keys' shape distances
	PositionBias  Extremes `json:"position_bias"` // of the tables'
	Covered       float64  `json:"covered"`       // mean share of the values of columns of low cardinality
	CoverExpected float64  `json:"cover_expected"`
}

// Extremes sums up distances. Those that chance would explain are counted,
// but cannot be the worst.
type Extremes struct {
	Measured int     `json:"measured"`
	Beyond   int     `json:"beyond_chance"`
	Median   float64 `json:"median"`
	Worst    float64 `json:"worst"` // of those beyond chance
	At       string  `json:"at,omitempty"`
}

// Distance is that of Kolmogorov and Smirnov between two distributions, from
// 0 (equal) to 1, and what chance alone exceeds once in a hundred times for
// as many rows.
type Distance struct {
	Value  float64 `json:"distance"`
	Chance float64 `json:"chance"`
}

// Beyond reports whether chance is a bad explanation; it is none of nothing.
func (d *Distance) Beyond() bool { return d != nil && d.Value > d.Chance }

// Table is about the rows of one table.
type Table struct {
	Schema   string  `json:"schema"`
	Name     string  `json:"name"`
	Source   int64   `json:"source_rows"` // counted, not estimated
	Target   int64   `json:"target"`
	Rows     int64   `json:"rows"`
	Error    float64 `json:"target_error"` // (Rows - Target) / Target
	Overflow int64   `json:"overflow"`     // Rows above Target

	// Position says whether rows of all parts of the source's table are kept,
	// in their physical order. Rows are found again by their key; nil where
	// the table has none or no row was found.
	Position *Distance `json:"position_bias,omitempty"`
	Foreign  int64     `json:"foreign,omitempty"` // rows looked for that the source does not have, by their key
}

// Key is about one foreign key of the source.
type Key struct {
	Name     string `json:"name"`
	Child    string `json:"child"`
	Parent   string `json:"parent"`
	Dangling int64  `json:"dangling"`        // child rows of the subset without their parent
	Before   int64  `json:"dangling_source"` // the same in the source
	Broken   int64  `json:"broken"`          // rows that must have begun to dangle in the subset

	// Fanout is between the children per parent of the subset and those that
	// the curve implies; Shape between the former and an even thinning to the
	// rows that are there, so that only it is blind for wrong sizes.
	Fanout *Distance `json:"fanout_distance,omitempty"`
	Shape  *Distance `json:"shape_distance,omitempty"`

	Mean      Triple `json:"mean_fanout"`
	Childless Triple `json:"childless"` // share of parents without children
}

// Triple is one figure of the source, of the subset, and what the curve
// implies for it.
type Triple struct {
	Source  float64 `json:"source"`
	Subset  float64 `json:"subset"`
	Implied float64 `json:"implied"`
}

// Column is about a column that may be NULL and is part of a foreign key,
// or one of low cardinality.
type Column struct {
	Table    string     `json:"table"`
	Column   string     `json:"column"`
	Nulls    *NullShare `json:"nulls,omitempty"` // where it may be NULL
	Coverage *Coverage  `json:"coverage,omitempty"`
}

// NullShare is the share of rows in which a column is NULL.
type NullShare struct {
	Source float64 `json:"source"`
	Subset float64 `json:"subset"`
}
