package mask

import (
	"slices"
	"strings"
)

// inside is the transformers for what is inside a value, by path, and what
// becomes of keys.
type inside struct {
	paths []insidePath
	keys  []literalKind
}

type insidePath struct {
	path []string
	mask func(number bool) apply
	keep bool
}

// newInside makes the transformers for texts and for numbers.
func newInside(k Key, rules []Rule) inside {
	paths := make([]insidePath, len(rules))
	for i, r := range rules {
		kind, _ := kindOf(r.As)
		asText := kind.make(k, field{class: text}, r)
		asNumber := asText
		if kind.takes(integer) && r.As != "constant" {
			asNumber = kind.make(k, field{class: decimal}, r)
		}
		paths[i].path, paths[i].keep = splitPath(r.Column), r.As == "keep"
		paths[i].mask = func(number bool) apply {
			if number {
				return asNumber
			}
			return asText
		}
	}
	return inside{paths, personalKeys(k)}
}

// at finds the transformer for a path: the first that fits it.
func (in inside) at(path []string, number bool) apply {
	for _, i := range in.paths {
		if pathFits(i.path, path) {
			if i.keep {
				return nil
			}
			return i.mask(number)
		}
	}
	return nil
}

// key is what becomes of the last step of a path: somebody may be known by it,
// as in {"ann@example.com": 3}. What is kept is kept with its keys.
func (in inside) key(row *row, path []string) string {
	key := path[len(path)-1]
	if !strings.ContainsAny(key, "@ 0123456789") {
		return key
	}
	kept := func(i insidePath) bool { return pathFits(i.path, path) }
	if i := slices.IndexFunc(in.paths, kept); i >= 0 && in.paths[i].keep {
		return key
	}
	for _, k := range in.keys {
		key = k.pattern.ReplaceAllStringFunc(key, func(found string) string {
			if !k.is(found) {
				return found
			}
			masked, _ := k.mask(row, found)
			return masked
		})
	}
	return key
}

// personalKeys is what makes a key somebody's. Names of one word are left: they
// are words of the language too, and what reads the value looks for words.
// Different keys stay different, so that none takes another's place.
func personalKeys(k Key) []literalKind {
	kinds := newLiteralSearch(k).kinds
	for i := range kinds {
		switch kinds[i].topic {
		case topicEmail:
			kinds[i].is = anything
		case topicName:
			kinds[i].mask = shaped(k, field{class: text}, Rule{})
		}
	}
	return kinds
}

// splitPath reads $.a.b[*].c, a/b/@c or a.*.c: names, * for any one, ** for
// any number of them. An element of a list is a step of its own.
func splitPath(s string) []string {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "$"), ".")
	s = strings.NewReplacer("[", ".", "]", "", "/", ".").Replace(s)
	return strings.FieldsFunc(s, func(r rune) bool { return r == '.' })
}

// pathFits matches a pattern at or above the path: what names a list or an
// object means all that is in it.
func pathFits(pattern, path []string) bool {
	switch {
	case len(pattern) == 0:
		return true
	case pattern[0] == "**":
		if pathFits(pattern[1:], path) {
			return true
		}
		return len(path) > 0 && pathFits(pattern, path[1:])
	case len(path) == 0 || pattern[0] != "*" && pattern[0] != path[0]:
		return false
	}
	return pathFits(pattern[1:], path[1:])
}
