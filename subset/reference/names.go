package reference

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/jinzhu/inflection"
)

// words splits a name where people do: at signs and humps.
func words(name string) []string {
	var list []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			list = append(list, strings.ToLower(string(word)))
		}
		word = nil
	}
	runes := []rune(name)
	for i, c := range runes {
		hump := i > 0 && unicode.IsUpper(c) &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if hump || !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			flush()
		}
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			word = append(word, c)
		}
	}
	flush()
	return list
}

// stem is a name without its number: orders and order are the same.
func stem(words []string) string {
	if len(words) == 0 {
		return ""
	}
	last := len(words) - 1
	return strings.Join(slices.Concat(words[:last], []string{inflection.Singular(words[last])}), "_")
}

// classes are the names that a table of a class may have, the longest first:
// App\Models\Post is kept in app_models_posts, models_posts or posts.
func classes(name string) [][]string {
	var parts [][]string
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return strings.ContainsRune(`:\/.`, c) }) {
		parts = append(parts, words(part))
	}
	list := make([][]string, len(parts))
	for i := range parts {
		list[i] = slices.Concat(parts[i:]...)
	}
	return list
}

// identifiers are last words of columns that say which row is meant.
var identifiers = []string{"id", "uuid", "guid", "pk", "fk", "key", "ref"}

// kinds are last words of columns that say in which table a row is.
var kinds = []string{"type", "kind", "class", "model"}

func ends(words, among []string) bool {
	return len(words) > 1 && slices.Contains(among, words[len(words)-1])
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// UUID tells whether a text is a uuid as PostgreSQL writes it.
func UUID(text string) bool { return uuid.MatchString(text) }
