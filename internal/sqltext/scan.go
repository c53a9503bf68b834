// Package sqltext reads statements as the server does, as far as it takes to tell where one ends, what it is, and to
// show it without its literals.
//
//	text ── scan ──▶ tokens ──▶ Split (statements), Shape (without values), Verb (ALTER TABLE)
//
// It follows scan.l with standard_conforming_strings on
// (https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/parser/scan.l), and never fails: what it cannot
// tell for sure to be no literal, it takes for one.
package sqltext

import (
	"strings"
)

// kind is what a token is.
type kind int

const (
	space kind = iota
	comment
	word   // a name or keyword without quotes
	quoted // a name in quotes
	number
	literal // a string of any kind, dollar quoted ones too
	parameter
	sign // one byte of anything else
)

// token is one piece of a text.
type token struct {
	kind kind
	text string
	at   int // of its first byte
}

// scan cuts a text into tokens; together they are the text.
func scan(text string) []token {
	var tokens []token
	for at := 0; at < len(text); {
		k, length := next(text[at:])
		tokens = append(tokens, token{k, text[at : at+length], at})
		at += length
	}
	return tokens
}

func next(rest string) (kind, int) {
	switch c := rest[0]; {
	case isSpace(c):
		return space, run(rest, isSpace)
	case strings.HasPrefix(rest, "--"):
		return comment, upTo(rest, "\n")
	case strings.HasPrefix(rest, "/*"):
		return comment, block(rest)
	case c == '\'':
		return literal, plain(rest)
	case c == '"':
		return quoted, closing(rest, 0, '"')
	case c == '$':
		return dollar(rest)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return number, run(rest, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' })
	case isLetter(c):
		return name(rest)
	}
	return sign, 1
}

// name reads a word, and the string or quoted name that it may be the prefix of.
func name(rest string) (kind, int) {
	n := run(rest, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '$' })
	after := rest[n:]
	switch prefix := strings.ToLower(rest[:n]); {
	case prefix == "e" && strings.HasPrefix(after, "'"):
		return literal, n + escaped(after)
	case (prefix == "b" || prefix == "x" || prefix == "n") && strings.HasPrefix(after, "'"):
		return literal, n + plain(after)
	case prefix == "u" && strings.HasPrefix(after, "&'"):
		return literal, n + 1 + plain(after[1:])
	case prefix == "u" && strings.HasPrefix(after, `&"`):
		return quoted, n + 1 + closing(after[1:], 0, '"')
	}
	return word, n
}

// plain reads a string. Whether a backslash before its end belongs to that depends on a setting of the session: then
// all that follows is taken for a part of the string.
func plain(rest string) int {
	n := closing(rest, 0, '\'')
	if strings.HasSuffix(rest[:n], `\'`) {
		return len(rest)
	}
	return n
}

// closing is behind the quote that ends what the byte at from begins; a doubled one is a part of it.
func closing(rest string, from int, quote byte) int {
	for i := from + 1; i < len(rest); i++ {
		if rest[i] != quote {
			continue
		}
		if i+1 < len(rest) && rest[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return len(rest)
}

// escaped reads a string with backslashes.
func escaped(rest string) int {
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\':
			i++
		case rest[i] == '\'' && i+1 < len(rest) && rest[i+1] == '\'':
			i++
		case rest[i] == '\'':
			return i + 1
		}
	}
	return len(rest)
}

// dollar reads a dollar quote or a parameter.
func dollar(rest string) (kind, int) {
	if len(rest) > 1 && isDigit(rest[1]) {
		return parameter, 1 + run(rest[1:], isDigit)
	}
	n := 1 + run(rest[1:], func(c byte) bool { return isLetter(c) || isDigit(c) })
	if n == len(rest) || rest[n] != '$' {
		return sign, 1
	}
	tag := rest[:n+1]
	end := strings.Index(rest[len(tag):], tag)
	if end < 0 {
		return literal, len(rest)
	}
	return literal, 2*len(tag) + end
}

func block(rest string) int {
	depth := 0
	for i := 0; i < len(rest); i++ {
		switch {
		case strings.HasPrefix(rest[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(rest[i:], "*/"):
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(rest)
}

func upTo(rest, end string) int {
	if i := strings.Index(rest, end); i >= 0 {
		return i
	}
	return len(rest)
}

func run(rest string, of func(byte) bool) int {
	n := 0
	for n < len(rest) && of(rest[n]) {
		n++
	}
	return n
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool {
	return c == '_' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
