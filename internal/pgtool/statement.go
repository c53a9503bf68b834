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

	from  bool // a COPY, behind its first FROM
	loads bool // COPY … FROM stdin
	// hides says that rows may follow, or not, against what it looks like: to
	// psql what a function's BEGIN is in may be several statements.
	hides bool
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
	if s.parens == 0 && s.last == "from" && word == "stdin" {
		s.loads = s.first[0] == "copy" && !s.from
		s.hides = s.hides || !s.loads
	}
	s.from = s.from || s.parens == 0 && s.last == "from"
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
