package sqltext

import "strings"

// Literal quotes a string constant for the few places that take no parameter, such as COPY and SET. It is safe whatever
// standard_conforming_strings says.
func Literal(text string) string {
	text = strings.ReplaceAll(text, `'`, `''`)
	if strings.Contains(text, `\`) {
		return ` E'` + strings.ReplaceAll(text, `\`, `\\`) + `'`
	}
	return `'` + text + `'`
}
