package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What Limits.FailOn can name.
const (
	FailRewrite     = "rewrite"     // a table that was there gets a new file
	FailValidation  = "validation"  // a table is read as a whole, to see whether a constraint holds
	FailIndex       = "index"       // an index is built while writes wait
	FailUnexplained = "unexplained" // the audit found something that no statement explains
	FailWaits       = "waits"       // behind an open transaction it waits, and everybody after it, without an end
	FailUnknown     = "unknown"     // what production will see is not known
	FailViolation   = "violation"   // rows of production do not allow it
	FailBreaks      = "breaks"      // code that runs now no longer works
	FailDown        = "down"        // the down migration does not bring the schema back
	FailPlans       = "plans"       // production's planner has a worse plan for what it asks
)

// FailWords are all words for Limits.FailOn.
var FailWords = []string{
	FailRewrite, FailValidation, FailIndex, FailUnexplained, FailWaits, FailUnknown, FailViolation, FailBreaks,
	FailPlans, FailDown,
}

// Limits say what a migration may do to production. The zero value: everything.
type Limits struct {
	BlockWrites *time.Duration // how long one transaction may keep writes waiting; nil: as long as it takes
	BlockReads  *time.Duration
	FailOn      []string // words of FailWords
}

// Exceeded says what of a report is beyond the limits, in a sentence each. A wait below a third of a second is none.
func (l Limits) Exceeded(r *Report) []string {
	var said []string
	if r.Failed != "" {
		return nil
	}
	said = append(said, l.blocks(r)...)
	for _, word := range l.FailOn {
		if why := failing(word, r); why != "" && !slices.Contains(said, why) {
			said = append(said, why)
		}
	}
	return said
}

// blocks says which waits are too long. One that keeps reads waiting does so to writes as well.
func (l Limits) blocks(r *Report) []string {
	var said []string
	for _, b := range r.Blocks() {
		if b.seconds() < unnoticed {
			continue
		}
		over := func(most *time.Duration, it bool) bool { return it && most != nil && b.seconds() > most.Seconds() }
		switch {
		case over(l.BlockReads, b.Reads):
			said = append(said, fmt.Sprintf("%s, and %s is the limit for reads", b, l.BlockReads))
		case over(l.BlockWrites, b.Writes):
			said = append(said, fmt.Sprintf("%s, and %s is the limit for writes", b, l.BlockWrites))
		}
	}
	return said
}

// failing says why a report has what a word means; empty where it does not.
func failing(word string, r *Report) string {
	if word == FailUnexplained && !r.Audit.Complete() {
		return r.Audit.String()
	}
	if word == FailWaits && r.Queue != nil && r.Queue.Forever {
		return r.Queue.String()
	}
	if q := r.violated(); word == FailViolation && q != nil {
		return "would fail in production: " + q.String()
	}
	if word == FailBreaks && r.breaks() {
		return r.Code.Headline()
	}
	if word == FailPlans && r.Plans.worst() != nil {
		return r.Plans.Headline()
	}
	if word == FailDown && r.Back != nil && (r.Back.Exit != 0 || len(r.Back.Left) > 0) {
		return r.Back.String()
	}
	if word == FailUnknown {
		if i := slices.IndexFunc(r.Blocks(), func(b Block) bool { return !b.Known }); i >= 0 {
			return r.Blocks()[i].String()
		}
	}
	for _, s := range r.Statements {
		for _, w := range s.works() {
			if wordOf(w, s) == word {
				return fmt.Sprintf("statement %d %s", s.Number, strings.Join(s.worked(), ", "))
			}
		}
	}
	return ""
}

// wordOf is the word for a piece of work.
func wordOf(w work, s *Statement) string {
	switch w.kind {
	case workRewrite:
		return FailRewrite
	case workVerify, workKey:
		return FailValidation
	case workBuild:
		if slices.ContainsFunc(s.Locks, func(l Lock) bool { return l.Writes }) {
			return FailIndex
		}
	}
	return ""
}
