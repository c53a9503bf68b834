package sqltext

import (
	"fmt"
	"strconv"
	"strings"
)

// Parameterized is a statement on one line, without comments, with parameters in place of its literals: those that it
// has keep their numbers. The length of a type stays.
func Parameterized(text string) string {
	tokens := compact(scan(text))
	next := 1
	for _, t := range tokens {
		if t.kind == parameter {
			n, _ := strconv.Atoi(t.text[1:])
			next = max(next, n+1)
		}
	}
	var b strings.Builder
	for i, t := range tokens {
		switch {
		case t.kind == space:
			b.WriteByte(' ')
		case t.kind == literal, t.kind == number && !isSize(tokens, i):
			fmt.Fprintf(&b, "$%d", next)
			next++
		default:
			b.WriteString(t.text)
		}
	}
	return strings.Trim(b.String(), "; ")
}
