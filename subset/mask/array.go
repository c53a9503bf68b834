package mask

import "strings"

// elements makes a transformer of arrays of one of their elements. Braces,
// bounds and NULLs stay as they are.
// https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
func elements(one apply) apply {
	return func(r *row, value string) (string, bool) {
		var b strings.Builder
		rest := value
		if strings.HasPrefix(rest, "[") { // bounds
			bounds, after, _ := strings.Cut(rest, "=")
			b.WriteString(bounds + "=")
			rest = after
		}
		for rest != "" {
			if c := rest[0]; c == '{' || c == '}' || c == ',' {
				b.WriteByte(c)
				rest = rest[1:]
				continue
			}
			element, after, quoted := quotedText(rest)
			if !quoted {
				element, after = bare(rest)
			}
			if !quoted && element == "NULL" {
				b.WriteString(element)
			} else if masked, ok := one(r, element); ok {
				b.WriteString(quoteText(masked))
			} else {
				b.WriteString("NULL")
			}
			rest = after
		}
		return b.String(), true
	}
}

// bare reads an element without quotes; it is never empty.
func bare(s string) (element, rest string) {
	end := strings.IndexAny(s, ",}")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}
