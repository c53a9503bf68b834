package mask

import "strings"

// hstoreAt masks the values of an hstore by their keys.
// https://www.postgresql.org/docs/current/hstore.html#HSTORE-EXTERNAL-REP
func hstoreAt(k Key, _ field, r Rule) apply {
	in := newInside(k, r.At)
	return func(row *row, value string) (string, bool) {
		var pairs []string
		rest := value
		for rest != "" {
			var key, text string
			var ok, null bool
			if key, rest, ok = quotedText(rest); !ok || !strings.HasPrefix(rest, "=>") {
				return "", true // nothing the server writes; an empty one keeps no secret
			}
			rest = rest[2:]
			if text, rest, ok = quotedText(rest); !ok {
				if rest, null = strings.CutPrefix(rest, "NULL"); !null {
					return "", true
				}
			}
			pairs = append(pairs, quoteText(in.key(row, []string{key}))+"=>"+maskedPair(in, row, key, text, null))
			rest = strings.TrimLeft(strings.TrimPrefix(rest, ","), " ")
		}
		return strings.Join(pairs, ", "), true
	}
}

func maskedPair(in inside, row *row, key, text string, null bool) string {
	mask := in.at([]string{key}, false)
	if null {
		return "NULL"
	}
	if mask == nil {
		return quoteText(text)
	}
	masked, ok := mask(row, text)
	if !ok {
		return "NULL"
	}
	return quoteText(masked)
}

// quotedText reads a text in double quotes, in which backslashes escape.
func quotedText(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", s, false
}

func quoteText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
