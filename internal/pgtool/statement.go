package pgtool

import "strings"

// statement is what psql knows of the one that it is in: where it ends, and
// whether rows follow.
type statement struct {
	words  int
	first  [4]string // of CREATE OR REPLACE FUNCTION
	last   string
	parens int
	begins int // BEGIN … END in the body of a function

	loads bool // COPY … FROM stdin
}

func (s *statement) paren(c byte) {
	if c == '(' {
		s.parens++
		return
	}
	s.parens = max(0, s.parens-1)
}

// ends reports whether a semicolon ends it.
func (s *statement) ends() bool { return s.parens == 0 && s.begins == 0 }

func (s *statement) word(word string) {
	word = strings.ToLower(word)
	if s.words < len(s.first) {
		s.first[s.words] = word
	}
	s.words++
	if s.parens == 0 && s.first[0] == "copy" && s.last == "from" && word == "stdin" {
		s.loads = true
	}
	s.last = word
	if s.parens > 0 || !s.makesFunction() {
		return
	}
	switch word {
	case "begin":
		s.begins++
	case "case":
		if s.begins > 0 {
			s.begins++
		}
	case "end":
		s.begins = max(0, s.begins-1)
	}
}

func (s *statement) makesFunction() bool {
	kind := s.first[1]
	if s.first[1] == "or" && s.first[2] == "replace" {
		kind = s.first[3]
	}
	return s.first[0] == "create" && (kind == "function" || kind == "procedure")
}
