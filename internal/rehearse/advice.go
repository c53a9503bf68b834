package rehearse

import (
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// An Advice is a safer way to what a statement does, for this very table and this server's version.
type Advice struct {
	Statement int     `json:"statement"`
	Why       string  `json:"why"`
	Steps     []Step  `json:"steps"` // each in a transaction of its own
	Reads     float64 `json:"reads_blocked"`
	Writes    float64 `json:"writes_blocked"` // seconds for which the longest step would keep them waiting here
	Tried     bool    `json:"tried"`
	Failed    string  `json:"not_tried,omitempty"` // why the figures are not known
}

// A Step is one statement of an advice.
type Step struct {
	SQL     string  `json:"sql"` // without literals
	Repeat  bool    `json:"repeat,omitempty"`
	Seconds float64 `json:"seconds"` // here; of the longest, where it is repeated
	Reads   float64 `json:"reads_blocked"`
	Writes  float64 `json:"writes_blocked"`
	Times   int     `json:"times,omitempty"` // it was done

	text   string                       // with literals; it never leaves the package
	narrow func(low, high int64) string // of a step for a part of the rows, by a whole number
	bounds string                       // asks for the least and the greatest of these
}

// batch is how many rows one step of many changes.
const batch = 10_000

// adviser finds safer ways by what has come into the catalog.
type adviser struct {
	version       int
	tables        relations // before
	after         relations
	before, known details // known: after the migration
}

// advise lists advice for the statements that keep others waiting while they work.
func (w *Watch) advise(r *Report, after relations, known details) {
	a := adviser{version: w.version, tables: w.before, after: after, before: w.details, known: known}
	for _, s := range r.Statements {
		one := w.tracer.steps[s.Number-1]
		if s.Code != "" || sqltext.Has(one.text, "concurrently") {
			continue
		}
		for _, table := range hardTables(s) {
			relation, there := a.tables.named(schemaOf(table))
			if !there {
				continue
			}
			if advice := a.of(one, s, relation); len(advice.Steps) > 0 || advice.Why != "" {
				advice.Statement = s.Number
				r.Advice = append(r.Advice, advice)
			}
		}
	}
	r.sent = w.tracer.steps
}

func schemaOf(dotted string) (schema, name string) {
	schema, name, _ = strings.Cut(dotted, ".")
	return schema, name
}

// hardTables are those that a statement keeps from being written, or of which it has changed rows.
func hardTables(s *Statement) []string {
	var all []string
	for _, l := range s.Locks {
		if l.Writes {
			all = append(all, l.Table)
		}
	}
	for _, c := range s.Changes {
		all = append(all, c.Table)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// of is the advice for what a statement did to a table.
func (a adviser) of(one *step, s *Statement, t Relation) Advice {
	about := statement{adviser: a, one: one, s: s, t: t, table: quote(t.Schema) + "." + quote(t.Name)}
	var all []Advice
	for _, rule := range []func() Advice{
		about.rewrite, about.foreignKeys, about.checks, about.notNull, about.indexes, about.dropIndex, about.changes,
		about.other,
	} {
		if advice := rule(); advice.Why != "" {
			all = append(all, advice)
		}
	}
	var sum Advice
	for _, advice := range all {
		sum.Why = strings.TrimPrefix(sum.Why+"; "+advice.Why, "; ")
		sum.Steps = append(sum.Steps, advice.Steps...)
	}
	return sum
}

// statement is one while advice is looked for.
type statement struct {
	adviser
	one   *step
	s     *Statement
	t     Relation
	table string // quoted
}

// plain are steps of these statements.
func plain(why string, texts ...string) Advice {
	advice := Advice{Why: why}
	for _, text := range texts {
		advice.Steps = append(advice.Steps, Step{SQL: sqltext.Shape(text), text: text})
	}
	return advice
}

// rewrites tells whether the statement has rewritten the table.
func (x statement) rewrites() bool { return slices.Contains(x.s.Rewrites, x.t.Dotted()) }

func (x statement) scans(key bool) bool {
	return slices.ContainsFunc(x.s.Scans,
		func(scan Scan) bool { return scan.Table == x.t.Dotted() && (scan.Key != "") == key })
}

// named are those of some details that the statement names, or all of them where it names none.
func (x statement) named(all []detail) []detail {
	named := slices.DeleteFunc(slices.Clone(all), func(d detail) bool { return !sqltext.Names(x.one.text, d.name) })
	if len(named) > 0 {
		return named
	}
	return all
}

// worst is for how long the steps of an advice keep others waiting.
func (a *Advice) worst() {
	for _, step := range a.Steps {
		a.Reads, a.Writes = max(a.Reads, step.Reads), max(a.Writes, step.Writes)
	}
}

// lockedBy is the longest hold of a statement's locks that keeps reads and writes waiting.
func lockedBy(s *Statement) (reads, writes float64) {
	for _, l := range s.Locks {
		if l.Reads {
			reads = max(reads, l.Held)
		}
		if l.Writes {
			writes = max(writes, l.Held)
		}
	}
	return reads, writes
}
