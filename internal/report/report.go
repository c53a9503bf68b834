// Package report writes what a comment on a pull request says of its preview.
//
//	Report, a value ─▶ Markdown: title, links, facts, notes, timing bar, log, in at most 65,536 characters
//
// Everything that the author of a pull request can write is shown as the text
// that it is: it makes no markup, mentions nobody, and links nowhere.
package report

import "time"

// A State is what the title says.
type State string

// The states of a preview.
const (
	Building State = "building" // or updated
	Ready    State = "ready"
	Failed   State = "failed"
	Removed  State = "removed"
	Absent   State = "absent"  // there is none
	Waiting  State = "waiting" // for somebody to let it be made
)

// A Report is all that there is to say of a preview. The zero value of a field
// leaves its part out.
type Report struct {
	Preview string // pr-12 of shop
	State   State
	Reason  string // one sentence about the state
	Reply   string // the answer to the last command
	Approve string // the commit that a maintainer is asked to approve

	Links   []Link // the one to open first
	Commit  string
	Machine string
	Expires time.Time
	Never   bool   // it does not expire
	SignIn  string // how to get in
	// Certificates says why browsers warn of the links; empty: they do not.
	Certificates string
	RunURL       string // of the CI job

	Loaded   *Loaded
	Migrated *Migrated
	// Rehearsal is what the migrations would do to production.
	Rehearsal *Rehearsal
	// Checks is how the code's queries compare with those of main.
	Checks *Checks

	Kept    bool // the database was kept instead of loaded
	Changes []Change
	Steps   []Step
	Failure *Failure
	Graph   string // of the subset, in Mermaid's language

	UsualChanges int // that every preview makes, and that are not among Changes
}

// A Link opens one service.
type Link struct{ Service, URL string }

// Loaded is what is in the database.
type Loaded struct {
	Archive string
	SHA256  string
	Bytes   int64
	Took    time.Duration
	Tables  []Table // the biggest first; none: not counted
	// Made is when the archive was, where that is known, and Age how old it was when it was loaded.
	Made  time.Time
	Age   time.Duration
	Stale bool // a newer one was to be expected
}

// Table is one table and its rows.
type Table struct {
	Name string
	Rows int64
}

// Migrated is how the pull request's migrations went.
type Migrated struct {
	Took   time.Duration
	Output []string // its end
}

// A Rehearsal says what the migrations would do to production: in one sentence, and in lines of a table.
type Rehearsal struct {
	Headline string
	Lines    []string
	// Exceeded is how they are beyond the limits, in a sentence each.
	Exceeded []string
	// UnderWay says that it goes on: Headline says so too.
	UnderWay bool
}

// Checks say how what the code asks of its database compares with what main's code does: in one line, and in lines of
// tables.
type Checks struct {
	Headline string
	Lines    []string
	Exceeded []string // how that is beyond the limits, in a sentence each
	UnderWay bool     // it goes on: Headline says so too
	Missing  bool     // nothing was compared: Headline says why
}

// A Change is what the preview does differently from the compose file, and not
// as every preview does.
type Change struct{ Service, What, Why string }

// A Step, when it began and how long it took. Some run at the same time.
type Step struct {
	Name   string
	After  time.Duration // since the first began
	Took   time.Duration
	Failed bool
}

// A Failure is why there is no preview of this commit.
type Failure struct {
	Step    string
	Service string
	Error   string
	Hints   []string
	Log     []string // the end of what it printed
	Serving bool     // what was there before still serves
}
