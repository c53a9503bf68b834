package sqltext

import (
	"slices"
	"strings"
)

// Split cuts a text into its statements, as the server does with several in one message. Empty ones are left out.
func Split(text string) []string {
	var statements []string
	var s state
	from := 0
	add := func(to int) {
		if part := text[from:to]; len(words(part, 1)) > 0 || hasSign(part) {
			statements = append(statements, strings.TrimSpace(part))
		}
		s = state{}
	}
	for _, t := range scan(text) {
		if t.kind == sign && t.text == ";" && s.ends() {
			add(t.at)
			from = t.at + 1
			continue
		}
		s.see(t)
	}
	add(len(text))
	return statements
}

func hasSign(part string) bool {
	for _, t := range scan(part) {
		if t.kind != space && t.kind != comment {
			return true
		}
	}
	return false
}

// state is where in a statement we are.
type state struct {
	count  int
	parens int
	makes  bool // a function or procedure
	atomic int  // BEGIN … END in the body of one
	last   string
}

func (s *state) ends() bool { return s.parens == 0 && s.atomic == 0 }

func (s *state) see(t token) {
	switch {
	case t.kind == sign && t.text == "(":
		s.parens++
	case t.kind == sign && t.text == ")":
		s.parens = max(0, s.parens-1)
	case t.kind == word:
		s.word(strings.ToLower(t.text))
	}
}

func (s *state) word(w string) {
	s.count++
	if s.count <= 4 && (w == "function" || w == "procedure") {
		s.makes = true
	}
	switch {
	case !s.makes:
	case w == "atomic" && s.last == "begin":
		s.atomic++
	case s.atomic > 0 && w == "case":
		s.atomic++
	case s.atomic > 0 && w == "end":
		s.atomic--
	}
	s.last = w
}

// words are the first words of a statement, in capitals.
func words(text string, most int) []string {
	var found []string
	for _, t := range scan(text) {
		if t.kind == word {
			found = append(found, strings.ToUpper(t.text))
		}
		if len(found) == most || t.kind != word && t.kind != space && t.kind != comment {
			break
		}
	}
	return found
}

// noKind are words between CREATE and the kind of what is made.
var noKind = []string{
	"OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "RECURSIVE", "CONSTRAINT", "TRUSTED",
	"PROCEDURAL",
}

// Verb is what a statement does, in the words of its command tag: ALTER TABLE, CREATE INDEX, UPDATE.
func Verb(text string) string {
	found := words(text, 6)
	if len(found) == 0 {
		return ""
	}
	switch found[0] {
	case "CREATE", "ALTER", "DROP":
	case "REFRESH":
		return "REFRESH MATERIALIZED VIEW"
	case "WITH":
		return within(text)
	default:
		return found[0]
	}
	rest := without(found[1:], noKind...)
	if len(rest) == 0 {
		return found[0]
	}
	kind := rest[0]
	two := []string{"MATERIALIZED", "FOREIGN", "EVENT", "ACCESS", "DEFAULT", "TEXT"}
	if slices.Contains(two, kind) && len(rest) > 1 {
		kind += " " + rest[1]
	}
	return found[0] + " " + kind
}

// within is what a statement does whose first words are queries.
func within(text string) string {
	parens := 0
	for _, t := range scan(text) {
		switch w := strings.ToUpper(t.text); {
		case t.text == "(":
			parens++
		case t.text == ")":
			parens--
		case t.kind == word && parens == 0 &&
			(w == "SELECT" || w == "INSERT" || w == "UPDATE" || w == "DELETE" || w == "MERGE"):
			return w
		}
	}
	return "SELECT"
}

func without(words []string, these ...string) []string {
	for len(words) > 0 {
		if !slices.Contains(these, words[0]) {
			break
		}
		words = words[1:]
	}
	return words
}

// Has tells whether a statement has these keywords, one after the other.
func Has(text string, keywords ...string) bool {
	at := 0
	for _, t := range scan(text) {
		switch {
		case t.kind == space || t.kind == comment:
		case t.kind == word && strings.EqualFold(t.text, keywords[at]):
			if at++; at == len(keywords) {
				return true
			}
		case t.kind == word && strings.EqualFold(t.text, keywords[0]):
			at = 1
		default:
			at = 0
		}
	}
	return false
}
