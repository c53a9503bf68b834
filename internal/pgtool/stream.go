package pgtool

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// NewStream returns what psql may read of a script: SQL and the rows of COPY.
// Of psql's own commands it leaves out those that change nothing in a
// database, such as \restrict, and Read fails at any other: a script is data
// of somebody's, and these commands run programs and open files.
func NewStream(r io.Reader) io.Reader {
	return &stream{from: bufio.NewReaderSize(r, 1<<16)}
}

type stream struct {
	from    *bufio.Reader
	lexer   lexer
	number  int // of the line
	midLine bool
	ready   []byte
	err     error
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.ready) == 0 && s.err == nil {
		s.ready, s.err = s.more()
	}
	if len(s.ready) > 0 {
		n := copy(p, s.ready)
		s.ready = s.ready[n:]
		return n, nil
	}
	return 0, s.err
}

// more reads one line, of rows a part of one.
func (s *stream) more() ([]byte, error) {
	if s.lexer.copies > 0 {
		return s.rows()
	}
	line, err := s.from.ReadBytes('\n')
	if len(line) == 0 {
		return nil, err
	}
	s.number++
	if s.lexer.idle() && guards.Match(line) {
		return []byte{'\n'}, err
	}
	at, refused := s.lexer.line(line)
	if refused == nil {
		return line, err
	}
	if errors.Is(refused, errCommand) && len(bytes.TrimSpace(line[:at])) == 0 && harmless.Match(line[at:]) {
		return []byte{'\n'}, err // so that lines keep their numbers
	}
	return nil, hint.Wrap(fmt.Errorf("line %d of the script has %w", s.number, refused),
		"give a script of plain SQL and rows, as pg_dump writes it without --create, or an archive of pg_dump -Fc")
}

// rows passes on to the line that ends them.
func (s *stream) rows() ([]byte, error) {
	part, err := s.from.ReadSlice('\n')
	if !s.midLine {
		s.number++
		if string(bytes.TrimRight(part, "\r\n")) == `\.` {
			s.lexer.copies--
		}
	}
	s.midLine = errors.Is(err, bufio.ErrBufferFull)
	if s.midLine {
		err = nil
	}
	return part, err
}

// harmless are commands that say how psql goes about its work, without what
// would run a program: anything in backticks.
var harmless = regexp.MustCompile(`^\\(?:(?:un)?restrict [A-Za-z0-9]+` +
	"|set (?:ON_ERROR_STOP|VERBOSITY|QUIET|ECHO)(?: [^`\\\\]*)?|(?:echo|qecho|warn|timing|pset)(?: [^`\\\\]*)?)\\s*$")

// guards are the other lines of Restrict and Unrestrict.
var guards = regexp.MustCompile(`^(?::guard_[0-9a-z]+|SELECT CASE WHEN [^'"\\;$]* THEN '' ELSE '/\*' END AS guard_[0-9a-z]+ \\gset)\s*$`)
