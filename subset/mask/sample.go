package mask

import (
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sample is one value as the search looks at it.
type sample struct {
	whole string
	parts []string // what is inside a document, a list or a row, taken apart
	keys  []string // keys in documents whose values are texts or numbers
}

// mostParts is how much is taken out of one value.
const mostParts = 1000

// newSample reads a value of a column. A list is looked at by its elements, a
// bytea where it holds text.
func newSample(value string, class class, array bool) (sample, bool) {
	if class == bytea && !array {
		text, ok := textOf(value)
		if !ok {
			return sample{}, false
		}
		value = text
	}
	s := sample{whole: strings.TrimSpace(value)}
	switch {
	case s.whole == "":
		return s, false
	case json.Valid([]byte(s.whole)) && strings.ContainsAny(s.whole[:1], `{["`):
		s.document()
	case array || class == other || class == hstore || structured(s.whole):
		s.divide(s.whole, 0)
	}
	return s, true
}

// textOf decodes the hexadecimal form of a bytea that holds readable text.
func textOf(value string) (string, bool) {
	raw, err := hex.DecodeString(strings.TrimPrefix(value, `\x`))
	unreadable := func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) }
	if err != nil || !utf8.Valid(raw) || strings.ContainsFunc(string(raw), unreadable) {
		return "", false
	}
	return string(raw), true
}

// beginnings are those of texts in which others lie: JSON that was cut, rows,
// lists, XML, YAML, and what PHP and Ruby write.
var beginnings = regexp.MustCompile(`^(?:[{\[(<"]|---|[aOs]:[0-9]+:|[\pL_][\pL\pN_-]*:\s)`)

func structured(text string) bool { return beginnings.MatchString(text) }

// document takes JSON apart.
func (s *sample) document() {
	d := json.NewDecoder(strings.NewReader(s.whole))
	d.UseNumber()
	var open []byte // braces and brackets around
	isKey, key := false, ""
	for len(s.parts) < mostParts {
		token, err := d.Token()
		if err != nil {
			return
		}
		object := len(open) > 0 && open[len(open)-1] == '{'
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				open = append(open, byte(t))
				isKey, key = t == '{', ""
			default:
				open = open[:len(open)-1]
				isKey = len(open) > 0 && open[len(open)-1] == '{'
			}
			continue
		case string:
			s.parts = append(s.parts, t)
			if object && isKey {
				isKey, key = false, t
				continue
			}
			if key != "" && t != "" {
				s.keys = append(s.keys, key)
			}
		case json.Number:
			s.parts = append(s.parts, t.String())
			if key != "" {
				s.keys = append(s.keys, key)
			}
		}
		isKey, key = object, ""
	}
}

// signs divide what stands in no quotes.
const signs = "{}[]<>(),;=\n"

// divide takes apart what has quotes, brackets and lines. What is quoted in
// what is quoted is taken apart too: a row in a list.
func (s *sample) divide(text string, depth int) {
	const deepest = 4
	begin := 0
	bare := func(end int) {
		s.add(text[begin:end])
		begin = end + 1
	}
	for i := 0; i < len(text) && len(s.parts) < mostParts; i++ {
		switch c := text[i]; {
		case c == '"' || c == '\'' && (i == begin || text[i-1] == ' ' || text[i-1] == '='):
			inner, end, ok := inQuotes(text, i)
			if !ok {
				continue
			}
			bare(i)
			if depth < deepest && structured(inner) {
				s.divide(inner, depth+1)
			} else {
				s.add(inner)
			}
			i, begin = end, end+1
		case strings.IndexByte(signs, c) >= 0:
			bare(i)
		}
	}
	if begin < len(text) {
		s.add(text[begin:])
	}
}

// inQuotes reads what stands in the quotes that begin at a place, and where
// they end. A quote inside is doubled or comes after a backslash.
func inQuotes(text string, at int) (inner string, end int, ok bool) {
	quote := text[at]
	var b strings.Builder
	for i := at + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return b.String(), i, true
		}
		b.WriteByte(text[i])
	}
	return "", 0, false
}

// add keeps a part, without the name of a field in front of it.
func (s *sample) add(part string) {
	part = strings.Trim(part, " \t\r-")
	if name, value, ok := strings.Cut(part, ": "); ok && !strings.Contains(name, " ") {
		part = strings.Trim(value, ` "'`)
	}
	if part != "" && !slices.Contains([]string{"NULL", "null", "true", "false"}, part) {
		s.parts = append(s.parts, part)
	}
}
