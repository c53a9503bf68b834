package sqltext

import (
	"regexp"
	"strings"
)

// Parameters tells whether a statement has any: their values are not in the text.
func Parameters(text string) bool {
	for _, t := range scan(text) {
		if t.kind == parameter {
			return true
		}
	}
	return false
}

// Narrowed is an UPDATE or DELETE of one table with one more condition. It is not told of one that has FROM, USING,
// RETURNING or a cursor, or queries before it.
func Narrowed(text, condition string) (narrowed string, ok bool) {
	depth, where := 0, -1
	text = strings.TrimRight(text, "; \n\t\r")
	for i, t := range scan(text) {
		switch {
		case i == 0 && !strings.EqualFold(t.text, "update") && !strings.EqualFold(t.text, "delete"):
			return "", false
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case t.kind == comment, t.kind == word && depth == 0 && forbids(t.text, text):
			return "", false
		case t.kind == word && depth == 0 && where < 0 && strings.EqualFold(t.text, "where"):
			where = t.at
		}
	}
	if depth != 0 {
		return "", false
	}
	if where < 0 {
		return text + " WHERE " + condition, true
	}
	after := where + len("where")
	return text[:after] + " (" + strings.TrimSpace(text[after:]) + ") AND " + condition, true
}

// forbids tells of a word behind which more than the table decides.
func forbids(word, text string) bool {
	switch strings.ToUpper(word) {
	case "USING", "RETURNING", "CURRENT":
		return true
	case "FROM":
		return !Has(text, "delete", "from")
	}
	return false
}

var nextval = regexp.MustCompile(`^nextval\('([^']+)'::regclass\)$`)

// Sequence is that of a default as the server writes it; empty: there is none.
func Sequence(definition string) string {
	if m := nextval.FindStringSubmatch(definition); m != nil {
		return m[1]
	}
	return ""
}
