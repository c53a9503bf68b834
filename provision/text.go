package provision

import (
	"strings"
	"unicode"
)

// printable takes out of foreign text what could play tricks on a terminal,
// and shortens it.
func printable(text string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	if len(clean) > 200 {
		clean = strings.ToValidUTF8(clean[:200], "")
	}
	return clean
}
