package relay

import (
	"regexp"
	"strings"
)

// foresight knows what will be asked: statements that were learned, and those
// that were asked about one object and will be about others.
type foresight struct {
	opening []string
	learned []string
	sets    [][]string     // oids, as answers to one question listed them
	in      map[string]int // the set that lists an oid
	asked   map[string]bool
}

func newForesight(learned []string) *foresight {
	return &foresight{
		opening: opening(learned), learned: steady(learned), in: map[string]int{}, asked: map[string]bool{},
	}
}

// unsteady statements change what later ones mean.
var unsteady = regexp.MustCompile(`(?i)search_path|^\s*RESET|TRANSACTION`)

// opening is the questions in front of the first statement of a transaction: what
// is asked there depends on nothing.
func opening(statements []string) []string {
	var questions []string
	for _, sql := range statements {
		switch tag := tagOf(sql); {
		case tag == "BEGIN":
			return questions
		case tag == "":
			questions = append(questions, sql)
		}
	}
	return nil
}

// steady is the questions behind the last statement that changes what they mean.
func steady(statements []string) []string {
	var questions []string
	for _, sql := range statements {
		switch {
		case unsteady.MatchString(sql):
			questions = nil
		case tagOf(sql) == "" && !literal.MatchString(sql):
			questions = append(questions, sql)
		}
	}
	return questions
}

const (
	// firstOfUsers is the lowest oid of an object that is not the system's.
	// https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
	firstOfUsers = "16384"
	mostAhead    = 500 // statements about other objects
)

// literal is an oid that a statement is about.
var literal = regexp.MustCompile(`'(\d{1,10})'`)

// next are the statements to ask together with one that is asked now.
func (f *foresight) next(sql string) []string {
	f.asked[sql] = true
	for i, one := range f.learned {
		if one == sql {
			ahead := f.learned[i+1:]
			f.learned = nil
			return f.unasked(ahead)
		}
	}
	return f.unasked(f.others(sql))
}

// others are the same statement about the other objects of the same kind.
func (f *foresight) others(sql string) []string {
	places := literal.FindAllStringSubmatchIndex(sql, -1)
	if len(places) != 1 {
		return nil
	}
	from, to := places[0][2], places[0][3]
	oid := sql[from:to]
	n, ok := f.in[oid]
	if !ok {
		return nil
	}
	var all []string
	for i, other := range f.sets[n] {
		if other == oid {
			for _, oid := range f.sets[n][i+1:] {
				all = append(all, sql[:from]+oid+sql[to:])
			}
			for _, oid := range f.sets[n][:i] {
				all = append(all, sql[:from]+oid+sql[to:])
			}
		}
	}
	return all[:min(len(all), mostAhead)]
}

func (f *foresight) unasked(all []string) (ahead []string) {
	for _, sql := range all {
		if !f.asked[sql] {
			f.asked[sql] = true
			ahead = append(ahead, sql)
		}
	}
	return ahead
}

// list begins a set of objects, of which see gets those that an answer lists.
func (f *foresight) list() { f.sets = append(f.sets, nil) }

func (f *foresight) see(oid string) {
	if len(oid) < len(firstOfUsers) || len(oid) == len(firstOfUsers) && oid < firstOfUsers {
		return
	}
	last := len(f.sets) - 1
	f.sets[last] = append(f.sets[last], oid)
	f.in[oid] = last
}

// tags are what the server says when such a statement is done, by its beginning.
var tags = []struct{ begins, tag string }{
	{"SET ", "SET"}, {"RESET ", "RESET"}, {"BEGIN", "BEGIN"}, {"LOCK TABLE ", "LOCK TABLE"}, {"PREPARE ", "PREPARE"},
}

// tagOf is what the server says of a statement that has no answer; empty for one
// that has, or may have.
func tagOf(sql string) string {
	text := strings.ToUpper(strings.TrimSpace(sql))
	if strings.Contains(strings.TrimSuffix(text, ";"), ";") {
		return ""
	}
	for _, t := range tags {
		if strings.HasPrefix(text, t.begins) {
			return t.tag
		}
	}
	return ""
}
