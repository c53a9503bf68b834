package plan

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// Spec is what the user asks for.
type Spec struct {
	URL    string // connection string of the source; holds the password, never print it
	Way    *conninfo.Way
	Curve  Curve  // zero means DefaultCurve
	Seed   uint64 // the same seed and data choose the same rows
	Mode   Mode
	Tables map[string]Rule
	Roots  []Root // kept with everything that belongs to them
	// References are keys the schema does not declare, written
	// "schema.child.column -> schema.parent.column [when condition]".
	References  []string
	Skip        []string // extensions to leave out of the schema
	Connections int      // at once to the source, 0 means DefaultConnections
	Disk        Disk
	Pace        catalog.Pace      // how far and how fast the source is, as measured or given
	LockTimeout time.Duration     // how long to wait for locked tables of the source, 0 means two minutes
	Load        Load              // of the source, above which reading pauses
	Waiting     func(what string) // is told when waiting or a pause begins; may be nil
	Masking     mask.Masking
	Conditions  bool // shows the values that conditions name, in plans and reports
	Matching    Matching
}

// Matching is for which share of the rows the server expects conditions to
// hold. What is not in it is not known.
type Matching struct {
	Tables     map[string]float64 // of rules, by "schema.table"
	References map[string]float64 // by their text
	Roots      []RootShare
}

// RootShare is the share of a table's rows that one root keeps.
type RootShare struct {
	Table string // schema.table
	Share float64
}

// Load bounds how busy the source may be with what others do. The zero Load
// bounds nothing.
type Load struct {
	Sessions int           // of other clients, active at the same time; 0 means any number
	Lag      time.Duration // of its standbys behind it, or of itself where it is one; 0 means any
}

// Rule overrides the curve for one table, named "schema.table" in
// Spec.Tables. The zero Rule changes nothing.
type Rule struct {
	All   bool    // keep every row
	None  bool    // sample no row; rows that kept rows reference are kept all the same
	Rows  int64   // this many rows instead of the curve's, when above 0
	Share float64 // this share of the rows instead of the curve's, when above 0, at most 1
	Where string  // only rows that fulfil this SQL condition are sampled
}

// String describes the rule in the words of the configuration file, without
// the values in its condition: these may name a person, and plans and reports
// are shown to others than the source is.
func (r Rule) String() string {
	r.Where = withoutValues(r.Where)
	return r.inFull()
}

// withoutValues takes the literals out of a condition.
func withoutValues(condition string) string { return literal.ReplaceAllString(condition, "…") }

// literal is a string of any kind, up to the end where its end is not plain to
// see, or a number.
var literal = regexp.MustCompile(`(?s)[eE]'(?:\\.|''|[^'\\])*(?:'|$)|'(?:''|[^'])*(?:'|$)|\$[A-Za-z_]*\$.*|\b[0-9][0-9.]*\b`)

func (r Rule) inFull() string {
	var parts []string
	if r.All {
		parts = append(parts, "all")
	}
	if r.None {
		parts = append(parts, "none")
	}
	if r.Rows > 0 {
		parts = append(parts, fmt.Sprintf("rows %d", r.Rows))
	}
	if r.Share > 0 {
		parts = append(parts, fmt.Sprintf("share %g", r.Share))
	}
	if r.Where != "" {
		parts = append(parts, "where "+r.Where)
	}
	return strings.Join(parts, ", ")
}

func (r Rule) check() error {
	wants := 0
	for _, set := range []bool{r.All, r.None, r.Rows != 0, r.Share != 0} {
		if set {
			wants++
		}
	}
	switch {
	case wants > 1:
		return hint.Usage(errors.New("more than one of all, none, rows and share"), "keep one of them")
	case (r.None || r.All) && r.Where != "":
		return hint.Usage(errors.New("where beside all or none"),
			"use share: 1 to keep all rows that fulfil the condition")
	case r.Rows < 0:
		return hint.Usage(fmt.Errorf("rows is %d", r.Rows), "use none to keep no row")
	case r.Share < 0 || r.Share > 1:
		return hint.Usage(fmt.Errorf("share is %g", r.Share), "a share lies between 0 and 1")
	}
	return nil
}
