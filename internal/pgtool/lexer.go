package pgtool

import (
	"bytes"
	"errors"
	"strings"
)

// lexer tells, as psql does, what of a script is quoted: it follows psqlscan.l
// (https://github.com/postgres/postgres/blob/REL_18_STABLE/src/fe_utils/psqlscan.l).
// What versions of psql read differently, and pg_dump never writes, it refuses.
// It is given whole lines.
type lexer struct {
	in       byte   // what it is in: 0, or one of those below
	tag      []byte // of a dollar quote
	comments int    // how deep comments are nested

	escapes   bool // standard_conforming_strings is off
	closed    bool // nothing but space since a string with escapes
	lineAfter bool // and the end of a line

	statement statement
	copies    int // tables whose rows come next
}

const (
	inString  = '\''
	inEscaped = '\\'
	inName    = '"'
	inDollar  = '$'
	inComment = '*'
)

// errCommand means that psql takes what follows for a command of its own.
var errCommand = errors.New("a backslash outside of quotes, which psql takes for a command of its own")

// errAmbiguous means that versions of psql read the text differently.
var errAmbiguous = errors.New("quotes that not every psql reads alike")

// errHidden means that it cannot be told whether rows follow.
var errHidden = errors.New("a FROM stdin that is not the one of a COPY")

// line reads one line. at is where it stopped when there is an error.
func (l *lexer) line(line []byte) (at int, err error) {
	if bytes.IndexByte(line, 0) >= 0 {
		return 0, errAmbiguous // psql ends the line there
	}
	if l.idle() {
		l.setting(line)
	}
	for at < len(line) {
		next, err := l.next(line, at)
		if err != nil {
			return at, err
		}
		at = next
	}
	l.lineAfter = l.closed
	return at, nil
}

// idle reports whether a statement may begin here.
func (l *lexer) idle() bool { return l.in == 0 && l.copies == 0 && l.statement.words == 0 }

// setting notices the line by which pg_dump says what backslashes mean: with
// quotes in an archive, without in a script.
func (l *lexer) setting(line []byte) {
	switch strings.ReplaceAll(strings.TrimSpace(string(line[:min(len(line), 50)])), "'", "") {
	case "SET standard_conforming_strings = on;":
		l.escapes = false
	case "SET standard_conforming_strings = off;":
		l.escapes = true
	}
}

func (l *lexer) next(line []byte, at int) (int, error) {
	switch l.in {
	case 0:
		return l.code(line, at)
	case inEscaped:
		return l.escaped(line, at), nil
	case inDollar:
		return l.until(line, at, l.tag), nil
	case inComment:
		return l.comment(line, at), nil
	}
	return l.until(line, at, []byte{l.in}), nil // a doubled quote ends it and begins it again
}

// until reads on to what ends a quote.
func (l *lexer) until(line []byte, at int, end []byte) int {
	i := bytes.Index(line[at:], end)
	if i < 0 {
		return len(line)
	}
	l.in = 0
	return at + i + len(end)
}

func (l *lexer) escaped(line []byte, at int) int {
	switch line[at] {
	case '\\':
		return at + 2
	case '\'':
		l.in, l.closed, l.lineAfter = 0, true, false
	}
	return at + 1
}

func (l *lexer) comment(line []byte, at int) int {
	switch {
	case bytes.HasPrefix(line[at:], []byte("/*")):
		l.comments++
		return at + 2
	case bytes.HasPrefix(line[at:], []byte("*/")):
		if l.comments--; l.comments == 0 {
			l.in = 0
		}
		return at + 2
	}
	return at + 1
}

// code reads one token outside of quotes.
func (l *lexer) code(line []byte, at int) (int, error) {
	c, rest := line[at], line[at:]
	if l.closed && c == '\'' && l.lineAfter {
		return at, errAmbiguous // a string that goes on in the next line
	}
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		return at + 1, nil
	case bytes.HasPrefix(rest, []byte("--")):
		return at + lineEnd(rest), nil
	case bytes.HasPrefix(rest, []byte("/*")):
		l.in, l.comments = inComment, 1
		return at + 2, nil
	}
	l.closed = false
	switch {
	case c == '\\':
		return at, errCommand
	case c == '\'':
		l.open(l.escapes)
	case c == '"':
		l.in = inName
	case c == '$':
		return l.dollar(line, at)
	case isWord(c):
		return l.word(line, at)
	case c == '(', c == ')':
		l.statement.paren(c)
	case c == ';' && l.statement.ends():
		if l.statement.loads {
			l.copies++
		}
		l.statement = statement{}
	}
	return at + 1, nil
}

func (l *lexer) open(escapes bool) {
	l.in = inString
	if escapes {
		l.in = inEscaped
	}
}

// lineEnd is where a comment ends that began with two dashes.
func lineEnd(rest []byte) int {
	if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
		return i
	}
	return len(rest)
}

// dollar reads the beginning of a dollar quote, or a parameter.
func (l *lexer) dollar(line []byte, at int) (int, error) {
	end := at + 1
	for end < len(line) && isWord(line[end]) && line[end] != '$' {
		end++
	}
	number := end > at+1 && isDigit(line[at+1])
	if end == len(line) || line[end] != '$' {
		if number && !isNumber(line[at+1:end]) {
			return at, errAmbiguous
		}
		return end, nil
	}
	if number {
		return at, errAmbiguous
	}
	l.in, l.tag = inDollar, bytes.Clone(line[at:end+1])
	return end + 1, nil
}

// word reads a name or number, and what says how the string after it is read.
func (l *lexer) word(line []byte, at int) (int, error) {
	end := at
	for end < len(line) && isWord(line[end]) {
		end++
	}
	word, rest := line[at:end], line[end:]
	quoted := len(rest) > 0 && rest[0] == '\''
	if isDigit(word[0]) {
		if bytes.IndexByte(word, '$') >= 0 || quoted && !isNumber(word) {
			return at, errAmbiguous
		}
		return end, nil
	}
	if l.statement.word(string(word)); l.statement.hides {
		return at, errHidden
	}
	switch prefix := strings.ToLower(string(word)); {
	case quoted && prefix == "e":
		l.open(true)
		return end + 1, nil
	case quoted && (prefix == "b" || prefix == "x"):
		l.open(false)
		return end + 1, nil
	case prefix == "u" && bytes.HasPrefix(rest, []byte("&'")):
		l.open(false)
		return end + 2, nil
	}
	return end, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNumber(word []byte) bool { return len(bytes.Trim(word, "0123456789")) == 0 }

// isWord tells what may be in a name without quotes.
func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
