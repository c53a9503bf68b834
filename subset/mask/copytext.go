package mask

import "strings"

// COPY's text format: fields end with a tab, rows with a newline, \N is NULL.
// https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS

// isNull reports whether a raw field is NULL.
func isNull(field []byte) bool { return len(field) == 2 && field[0] == '\\' && field[1] == 'N' }

var unescaped = [256]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescape decodes a field that is not NULL. The server writes no octal and
// hexadecimal escapes.
func unescape(field []byte) string {
	plain := true
	for _, c := range field {
		if c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return string(field)
	}
	var b strings.Builder
	b.Grow(len(field))
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '\\' && i+1 < len(field) {
			i++
			if c = unescaped[field[i]]; c == 0 {
				c = field[i]
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

var escaped = [256]byte{'\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v', '\\': '\\'}

// escape appends a value as the server would write it.
func escape(dst []byte, value string) []byte {
	for i := 0; i < len(value); i++ {
		if e := escaped[value[i]]; e != 0 {
			dst = append(dst, '\\', e)
			continue
		}
		dst = append(dst, value[i])
	}
	return dst
}
