package compat

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// Compare tells which statements a database took before a migration, and does not take in the same way after it.
func Compare(source string, statements []Statement, before, after *Answers) *Report {
	r := &Report{Source: source, Breaks: []*Break{}}
	known := map[string]int{} // shape → place among the breaks
	for _, s := range statements {
		r.Known += s.Calls
	}
	for i, s := range statements {
		if before.of[i].Code != "" {
			r.Unclear++
			continue
		}
		r.Asked++
		r.Calls += s.Calls
		b := compare(s.Text, before, after, i)
		if b == nil {
			continue
		}
		b.Shape = sqltext.Shape(s.Text)
		share := 0.0
		if r.Known > 0 {
			share = float64(s.Calls) / float64(r.Known)
		}
		if at, again := known[b.Shape]; again {
			r.Breaks[at].Share += share
			continue
		}
		b.Share = share
		known[b.Shape] = len(r.Breaks)
		r.Breaks = append(r.Breaks, b)
	}
	slices.SortStableFunc(r.Breaks, func(a, b *Break) int { return cmp.Compare(b.Share, a.Share) })
	return r
}

// compare tells how a statement breaks; nil: it does not.
func compare(text string, before, after *Answers, i int) *Break {
	was, is := before.of[i], after.of[i]
	if is.Code != "" {
		b := &Break{Kind: KindFails, Code: is.Code, Message: "SQLSTATE " + is.Code}
		if speaks(is) {
			b.Message, b.names = is.Message, namesIn(is.Message)
		}
		b.Way = is.wayAround()
		return b
	}
	lacked := before.missing(i)
	for _, m := range after.missing(i) {
		if !slices.Contains(lacked, m) {
			return &Break{
				Kind: KindMissing, Code: "23502", Table: m.table, Column: m.column, names: []string{m.column},
				Message: fmt.Sprintf("it inserts rows into %s without %s, which has to have a value",
					m.table, m.column),
				Way: "give " + m.column + " a default, or let it be NULL until all code that runs sets it, " +
					"and SET NOT NULL in a later release",
			}
		}
	}
	if at, ok := narrowed(was.Parameters, is.Parameters); !ok {
		return &Break{
			Kind: KindParameters, Way: wayOfTypes,
			Message: fmt.Sprintf("$%d becomes %s and was %s", at+1, is.Parameters[at], was.Parameters[at]),
		}
	}
	if all(text) {
		if gone := lost(was, is); gone != "" {
			return &Break{
				Kind: KindResult, Message: "the column " + gone + " is no longer in its rows", Column: gone,
				names: []string{gone}, Way: wayOf("42703"),
			}
		}
	} else if at, ok := narrowed(was.Results, is.Results); !ok {
		return &Break{
			Kind: KindResult, Way: wayOfTypes,
			Message: fmt.Sprintf("column %d of its rows becomes %s and was %s", at+1, is.Results[at], was.Results[at]),
		}
	}
	return nil
}

// speaks tells whether the message names objects and types alone, as those about names and types do, and not the text
// itself.
func speaks(a answer) bool {
	return (strings.HasPrefix(a.Code, "42") || a.Code == "428C9") && !strings.Contains(a.Message, " at or near ")
}

const wayOfTypes = "add a second column of the new type, keep both alike by a trigger, move the code, and drop the " +
	"old one in a later release"

const wayOfGenerated = "let the code leave the column out first, and make it generated in a later release"

// wayAround is how to come to the same schema in steps, each of which the code before it can work with.
func (a answer) wayAround() string {
	if a.Code == "42601" { // syntax_error: the server has no other code for these
		switch {
		case strings.HasPrefix(a.Message, "INSERT has more expressions"):
			return "name the columns in the code's INSERT first"
		case strings.HasPrefix(a.Message, "cannot insert into column"),
			strings.Contains(a.Message, "updated to DEFAULT"):
			return wayOfGenerated // before PostgreSQL 14
		}
	}
	return wayOf(a.Code)
}

func wayOf(code string) string {
	switch code {
	case "42703", "42P01", "42883", "42704", "3F000": // column, table, function, object or schema that is not there
		return "in place of a new name, add what is new beside what is there and keep both alike (a trigger, a view " +
			"with the old name); drop what is old in a later release, when no code that runs names it"
	case "42702": // ambiguous
		return "give the new column a name that no table has that is joined with this one, or qualify the names in " +
			"the code first"
	case "42P10": // ON CONFLICT without its index
		return "keep the index until no code that runs names its columns after ON CONFLICT"
	case "428C9": // generated
		return wayOfGenerated
	case "42804", "42846", "22P02": // types
		return wayOfTypes
	}
	return ""
}

var namePatterns = []*regexp.Regexp{
	regexp.MustCompile(`column (?:reference )?"?([^\s"]+)"?`),
	regexp.MustCompile(`(?:relation|table|view|schema|type|constraint|operator class) "([^"]+)"`),
	regexp.MustCompile(`function ([^\s(]+)\(`),
}

// namesIn are the names that a message speaks of, without what they are qualified by.
func namesIn(message string) []string {
	var names []string
	for _, pattern := range namePatterns {
		for _, m := range pattern.FindAllStringSubmatch(message, -1) {
			name := m[1]
			if at := strings.LastIndexByte(name, '.'); at >= 0 {
				name = name[at+1:]
			}
			names = append(names, strings.Trim(name, `"`))
		}
	}
	return names
}

// families are types of which a later one takes every value of an earlier one, in the text of values and mostly in
// their bytes.
var families = [][]string{
	{"smallint", "integer", "bigint", "numeric"},
	{"real", "double precision"},
	{"date", "timestamp without time zone", "timestamp with time zone"},
	{"json", "jsonb"},
}

// texts are types of any text.
var texts = []string{"text", "character varying", "character", "name", "citext", "unknown"}

// narrowed finds the first type that does not take every value of the one before; ok where there is none.
func narrowed(was, is []string) (at int, ok bool) {
	if len(was) != len(is) {
		return 0, true // of parameters: the message is another one; of results: nobody told
	}
	for i := range was {
		if !takes(is[i], was[i]) {
			return i, false
		}
	}
	return 0, true
}

func takes(is, was string) bool {
	if is == was || slices.Contains(texts, is) && slices.Contains(texts, was) {
		return true
	}
	for _, family := range families {
		old, now := slices.Index(family, was), slices.Index(family, is)
		if old >= 0 && now >= old {
			return true
		}
	}
	return false
}

var star = regexp.MustCompile(`(?i)(?:\b(?:select|returning|distinct|all)|,|\.)\s*\*`)

// all tells whether a statement asks for all columns, however many there are.
func all(text string) bool { return star.MatchString(text) }

var plain = regexp.MustCompile(`^(?:[^\s()]+\.)?("[^"]+"|[\pL_][\pL\pN_$]*)$`)

// lost is the first column that was in the rows and is not any more; empty: none.
func lost(was, is answer) string {
	columns := func(a answer) []string {
		var names []string
		for _, p := range a.Plan {
			for _, expression := range p.Plan.Output {
				if m := plain.FindStringSubmatch(expression); m != nil {
					names = append(names, strings.Trim(m[1], `"`))
				}
			}
		}
		return names
	}
	left := columns(is)
	for _, name := range columns(was) {
		at := slices.Index(left, name)
		if at < 0 {
			return name
		}
		left = slices.Delete(left, at, at+1)
	}
	return ""
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return document.Number(int64(n)) + " " + what + "s"
}

// percent is a share, never 100 % where something is left.
func percent(part, whole int64) string {
	if part == whole {
		return "100 %"
	}
	p := float64(part) / float64(whole) * 100
	return fmt.Sprintf("%.1f %%", min(p, 99.9))
}
