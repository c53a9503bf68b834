package mask

import (
	"slices"
	"unicode/utf8"

	"github.com/brianvoe/gofakeit/v7/data"
)

// The lists of words are those of a well-kept library; which word is taken is
// decided by our own keyed hash.

func firstNames() []string { return data.Person["first"] }
func lastNames() []string  { return data.Person["last"] }
func cities() []string     { return data.Address["city"] }
func streets() []string    { return data.Address["street_name"] }

// fewest is how many words must fit into a column for a choice among them to
// say nothing about the value.
const fewest = 20

// fitting lists the words of at most room characters; none when too few fit.
func fitting(words []string, room int) []string {
	if room >= longest(words) {
		return words
	}
	fit := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return utf8.RuneCountInString(w) > room })
	if len(fit) < min(fewest, len(words)) {
		return nil
	}
	return fit
}

func longest(words []string) int {
	n := 0
	for _, w := range words {
		n = max(n, utf8.RuneCountInString(w))
	}
	return n
}
