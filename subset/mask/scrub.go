package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// finding is what is looked for in free text. The order counts: what one has
// found is not looked at by the next.
type finding struct {
	pattern *regexp.Regexp
	is      func(string) bool
	mask    apply
}

var (
	emailInText = regexp.MustCompile(`[\pL\pN._%+'-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)
	urlInText   = regexp.MustCompile(`https?://[^\s<>"']+`)
	ibanInText  = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b`)
	cardInText  = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){11,18}\b`)
	ipInText    = regexp.MustCompile(`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\b`)
	phoneInText = regexp.MustCompile(`\+?\(?[0-9][0-9 ()/.-]{5,}[0-9]`)
	wordInText  = regexp.MustCompile(`\p{Lu}[\pL'’]+(?:-\p{Lu}[\pL'’]+)*`)
)

// scrub replaces what looks like personal data in free text and leaves the
// rest alone.
func scrub(k Key, f field, _ Rule) apply {
	any := field{class: text}
	known := knownNames()
	names := words(k.purpose("last_name"), lastNames())
	firsts := words(k.purpose("first_name"), firstNames())
	findings := []finding{
		{emailInText, anything, email(k, any, Rule{})},
		{urlInText, anything, webAddress(k, any, Rule{})},
		{ibanInText, isIBAN, iban(k, any, Rule{})},
		{cardInText, isCard, card(k, any, Rule{})},
		{ipInText, anything, ip(k, any, Rule{})},
		{phoneInText, isPhone, phone(k, any, Rule{})},
		{wordInText, func(w string) bool { return known[strings.ToLower(w)] != 0 }, always(func(w string) string {
			if known[strings.ToLower(w)] == isLast {
				return names(w)
			}
			return firsts(w)
		})},
	}
	return func(r *row, value string) (string, bool) {
		return cut(scrubbed(r, value, findings), f.room()), true
	}
}

func anything(string) bool { return true }

// scrubbed works on the text between what it has found already.
func scrubbed(r *row, value string, findings []finding) string {
	if len(findings) == 0 {
		return value
	}
	f := findings[0]
	var b strings.Builder
	at := 0
	for _, found := range f.pattern.FindAllStringIndex(value, -1) {
		part := value[found[0]:found[1]]
		if !f.is(part) {
			continue
		}
		masked, _ := f.mask(r, part)
		b.WriteString(scrubbed(r, value[at:found[0]], findings[1:]))
		b.WriteString(masked)
		at = found[1]
	}
	b.WriteString(scrubbed(r, value[at:], findings[1:]))
	return b.String()
}

// isPhone wants enough digits, and no date, amount or year range.
func isPhone(s string) bool {
	digits := 0
	for _, c := range s {
		if unicode.IsDigit(c) {
			digits++
		}
	}
	return digits >= 7 && digits <= 15 && !dateInText.MatchString(s)
}

var dateInText = regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4})`)

const (
	isFirst = 1
	isLast  = 2
)

// knownNames are the names that the lists hold, in lower case. First names
// that are words of the language too are taken for names all the same.
func knownNames() map[string]int {
	known := map[string]int{}
	for _, l := range lastNames() {
		known[strings.ToLower(l)] = isLast
	}
	for _, f := range firstNames() {
		known[strings.ToLower(f)] = isFirst
	}
	return known
}

// cut shortens a text to so many characters.
func cut(s string, room int) string {
	if utf8.RuneCountInString(s) <= room {
		return s
	}
	return string(slices.Collect(func(yield func(rune) bool) {
		n := 0
		for _, r := range s {
			if n++; n > room || !yield(r) {
				return
			}
		}
	}))
}
