package starter

import (
	"fmt"
	"regexp"
	"strings"
)

// plain matches what YAML takes for a text without quotes, in brackets too.
var plain = regexp.MustCompile(`^(--?|/|\./)?[A-Za-z_][A-Za-z0-9_./@=+-]*(:[A-Za-z0-9_./@=+-]+)*$`)

// word matches what YAML takes for something other than a text.
var word = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)

// scalar writes a text that somebody else chose as one value of offshoot.yaml:
// it ends where it ends, and names no variable.
func scalar(text string) string { return key(strings.ReplaceAll(text, "${", "$${")) }

// key writes one as a key, where no variable is looked for.
func key(text string) string {
	if plain.MatchString(text) && !word.MatchString(text) {
		return text
	}
	return quoted(text)
}

// quoted is a text in YAML's double quotes.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == 0x85 || r == 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffd:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func scalars(texts []string) string {
	written := make([]string, len(texts))
	for i, text := range texts {
		written[i] = scalar(text)
	}
	return "[" + strings.Join(written, ", ") + "]"
}

// remark writes such a text into a comment, on one line.
func remark(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return fmt.Sprintf("%+q", text)
}
