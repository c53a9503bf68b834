package sqltext

import (
	"slices"
	"strings"
)

// sized are the types whose length or precision is no value of anybody's.
var sized = []string{
	"bit", "char", "character", "decimal", "interval", "numeric", "time", "timestamp", "timestamptz", "timetz",
	"varbit", "varchar", "varying", "vector",
}

// Shape is a statement on one line, without comments and literals: a question mark stands for each of these, and for
// each list of them. The length of a type stays.
func Shape(text string) string {
	var b strings.Builder
	gap := false
	tokens := compact(scan(text))
	for i, t := range tokens {
		if t.kind == space {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		switch {
		case t.kind == literal, t.kind == number && !isSize(tokens, i):
			b.WriteByte('?')
		default:
			b.WriteString(t.text)
		}
	}
	return lists(strings.TrimRight(b.String(), "; "))
}

// compact makes each run of spaces and comments one space.
func compact(tokens []token) []token {
	var kept []token
	for _, t := range tokens {
		if t.kind == comment {
			t.kind = space
		}
		if t.kind == space && len(kept) > 0 && kept[len(kept)-1].kind == space {
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// isSize tells whether a number is between the parentheses of a type.
func isSize(tokens []token, at int) bool {
	if len(tokens[at].text) > 5 {
		return false
	}
	for i := at - 1; i >= 0; i-- {
		switch t := tokens[i]; {
		case t.kind == space, t.kind == number, t.text == ",":
		case t.text == "(":
			before := i - 1
			for before > 0 && tokens[before].kind == space {
				before--
			}
			return before >= 0 && tokens[before].kind == word &&
				slices.Contains(sized, strings.ToLower(tokens[before].text))
		default:
			return false
		}
	}
	return false
}

// lists shows many literals in a row as one, and many rows of them as one: how many there are says nothing about what
// a statement does.
func lists(text string) string {
	text = fold(text, "?, ?", "?")
	text = fold(text, "?,?", "?")
	text = fold(text, "(?), (?)", "(?)")
	return fold(text, "(?),(?)", "(?)")
}

func fold(text, many, one string) string {
	for strings.Contains(text, many) {
		text = strings.ReplaceAll(text, many, one)
	}
	return text
}

// Short is a shape of at most so many characters.
func Short(shape string, most int) string {
	runes := []rune(shape)
	if len(runes) <= most {
		return shape
	}
	return string(runes[:most-1]) + "…"
}
