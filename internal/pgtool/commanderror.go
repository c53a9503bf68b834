package pgtool

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// CommandError means that the text of a schema would not be read by psql as
// the SQL that it should be. It shows none of the text.
type CommandError struct {
	Object string // that the text is of, as pg_dump names it; may be empty
	Err    error
}

func (e *CommandError) Error() string {
	if e.Object == "" {
		return "the text of the schema has " + e.Err.Error()
	}
	return "the text of " + e.Object + " has " + e.Err.Error()
}

func (e *CommandError) Unwrap() error { return e.Err }

var (
	errOpen  = errors.New("a quote, comment or statement that does not end")
	errStdin = errors.New("a COPY from stdin")
)

// Schema checks statements that pg_dump wrote of a schema, piece by piece, for
// what psql would take for anything else. A source that means harm can put
// text into what its functions say of objects. The zero value is ready.
type Schema struct{ lexer lexer }

// Check reads a piece of statements, which has to end with a statement: rows
// may come next, and would be read as statements.
func (s *Schema) Check(text string) error {
	object := ""
	for line := range strings.Lines(text) {
		if name, ok := objectOf(line); ok && s.lexer.in == 0 {
			object = name
		}
		if _, err := s.lexer.line([]byte(line)); err != nil {
			return &CommandError{object, err}
		}
		if s.lexer.copies > 0 {
			return &CommandError{object, errStdin}
		}
	}
	if s.lexer.in != 0 || s.lexer.statement != (statement{}) {
		return &CommandError{object, errOpen}
	}
	return nil
}

// headline is what pg_dump writes before each object.
var headline = regexp.MustCompile(`^-- (?:Data for )?Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: `)

func objectOf(line string) (string, bool) {
	m := headline.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	name := strings.ToLower(m[2]) + " "
	if m[3] != "-" {
		name += m[3] + "."
	}
	return fmt.Sprintf("%s%s", name, printableName(m[1])), true
}

// printableName keeps what a terminal can show of a name.
func printableName(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
}
