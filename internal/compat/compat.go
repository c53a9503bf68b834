// Package compat tells whether code that runs now goes on to work on the schema that a migration leaves behind. What
// it sends is put to a database twice:
//
//	statements ─┬─▶ Ask, before the migration ──▶ Answers ─┬─▶ Compare ──▶ Report
//	            └─▶ Ask, after it ──────────────▶ Answers ─┘
//
// They are prepared and planned, and never executed. Only what differs counts: a statement that the database did not
// take before tells nothing.
package compat

import (
	"context"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// A Statement is one that code sends, with $1 in place of values.
type Statement struct {
	Text  string
	Calls int64 // of it in production; 0: not known
}

// A Database is asked. Nobody else needs it.
type Database interface {
	// Query runs one statement in a database, and returns its rows as text.
	Query(ctx context.Context, database, sql string) ([][]string, error)
}

// A Report tells what no longer works.
type Report struct {
	Source  string   `json:"source"`              // where the statements are from
	Asked   int      `json:"statements"`          // that the database took before the migration
	Unclear int      `json:"unclear,omitempty"`   // that it did not take as they are written
	Calls   int64    `json:"calls,omitempty"`     // of those that are asked
	Known   int64    `json:"all_calls,omitempty"` // of all statements
	Breaks  []*Break `json:"breaks"`              // those that are called most first
}

// A Break is a statement that works before the migration, and not after it.
type Break struct {
	Shape   string  `json:"statement"`       // without literals
	Share   float64 `json:"share,omitempty"` // of all calls that are known
	Kind    Kind    `json:"kind"`
	Code    string  `json:"sqlstate,omitempty"`
	Message string  `json:"message"`          // in the words of the server, which name objects and types alone
	Table   string  `json:"table,omitempty"`  // schema.table, where the answer tells
	Column  string  `json:"column,omitempty"` // likewise
	By      int     `json:"by,omitempty"`     // the number of the migration's statement; 0: not known
	Way     string  `json:"way,omitempty"`    // how the same is reached without it

	names []string // what the message speaks of
}

// Kind is in which way a statement no longer works.
type Kind string

// The kinds of breaks.
const (
	KindFails      Kind = "fails"      // the server refuses it
	KindMissing    Kind = "missing"    // it inserts rows without a value for a column that has to have one
	KindParameters Kind = "parameters" // values of another type are expected
	KindResult     Kind = "result"     // rows have other columns or types
)

// queries are the verbs of statements that can be prepared.
var queries = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES"}

// Askable tells whether a statement can be put to a database: a single query.
func Askable(text string) bool {
	return len(sqltext.Split(text)) == 1 && slices.Contains(queries, sqltext.Verb(text))
}

// Headline says it in a sentence; empty where nobody was asked.
func (r *Report) Headline() string {
	switch {
	case r == nil || r.Asked == 0:
		return ""
	case len(r.Breaks) == 0:
		return "compatible: " + r.scope() + " work on the migrated schema"
	}
	b := r.Breaks[0]
	text := "breaks the code that runs now: " + b.Message
	if n := len(r.Breaks) - 1; n > 0 {
		text += ", and " + plural(n, "more statement")
	}
	return text
}

// scope says which statements were asked about.
func (r *Report) scope() string {
	text := plural(r.Asked, "statement")
	if r.Source != "" {
		text += " of " + r.Source
	}
	if r.Known > 0 {
		text += " (" + percent(r.Calls, r.Known) + " of its calls)"
	}
	return text
}

// Named tells whether the break speaks of this name.
func (b *Break) Named(text string) bool {
	return slices.ContainsFunc(b.names, func(name string) bool { return sqltext.Names(text, name) })
}

// OfTable tells whether the break is one of a table that is written schema.table.
func (b *Break) OfTable(name string) bool { return b.Table != "" && strings.EqualFold(b.Table, name) }
