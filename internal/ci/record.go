package ci

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/report"
)

// A Wish is what somebody who may write has asked for, against what the
// settings say.
type Wish string

// The wishes.
const (
	WishNothing Wish = "nothing" // any more
	WishUp      Wish = "up"      // although it is a draft, or has not the label
	WishDown    Wish = "down"    // until the next push
)

// A Record is what our comment remembers for the runs to come, where it does not
// show. It says nothing that lets anybody's code run: whoever can have a comment
// written in our name gains a preview of a commit that is trusted anyway.
type Record struct {
	State  report.State // of the preview, when it was written
	Commit string       // which that is about
	Wish   Wish
	Since  string // the commit that a wish for a down is about
}

var recordForm = regexp.MustCompile(
	`^<!-- offshoot-record state=([a-z]*) commit=([0-9A-Za-z_-]*) wish=([a-z]*) since=([0-9A-Za-z_-]*) -->\n`)

// ReadRecord reads the record of a comment. Only its very start counts: what
// follows has words of others.
func ReadRecord(text string) Record {
	m := recordForm.FindStringSubmatch(text)
	if m == nil {
		return Record{}
	}
	return Record{State: report.State(m[1]), Commit: m[2], Wish: Wish(m[3]), Since: m[4]}
}

// put writes the record in place of the one that a text has.
func (r Record) put(text string) string {
	line := fmt.Sprintf("<!-- offshoot-record state=%s commit=%s wish=%s since=%s -->\n", r.State, r.Commit, r.Wish,
		r.Since)
	return line + strings.TrimPrefix(text, recordForm.FindString(text))
}

// with is the record after somebody has wished for something.
func (r Record) with(w Wish, commit string) Record {
	switch w {
	case WishNothing:
		r.Wish, r.Since = "", ""
	case WishUp:
		r.Wish, r.Since = w, ""
	case WishDown:
		r.Wish, r.Since = w, commit
	}
	return r
}

// claims tells whether the comment speaks of a preview that there is, or will be.
func (r Record) claims() bool {
	return r.State != "" && r.State != report.Removed && r.State != report.Absent
}

// Gone is a text that says that there is no preview any more, with what our comment
// has remembered until now: what somebody asked for holds for the next push too.
func Gone(said, text string) string {
	r := ReadRecord(said)
	r.State, r.Commit = report.Removed, ""
	return r.put(text)
}
