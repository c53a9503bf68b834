package mask

import "strings"

// inside is the transformers for what is inside a value, by path.
type inside []struct {
	path []string
	mask func(number bool) apply
	keep bool
}

// newInside makes the transformers for texts and for numbers.
func newInside(k Key, rules []Rule) inside {
	in := make(inside, len(rules))
	for i, r := range rules {
		kind, _ := kindOf(r.As)
		asText := kind.make(k, field{class: text}, r)
		asNumber := asText
		if kind.takes(integer) && r.As != "constant" {
			asNumber = kind.make(k, field{class: decimal}, r)
		}
		in[i].path, in[i].keep = splitPath(r.Column), r.As == "keep"
		in[i].mask = func(number bool) apply {
			if number {
				return asNumber
			}
			return asText
		}
	}
	return in
}

// at finds the transformer for a path: the first that fits it.
func (in inside) at(path []string, number bool) apply {
	for _, i := range in {
		if pathFits(i.path, path) {
			if i.keep {
				return nil
			}
			return i.mask(number)
		}
	}
	return nil
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
