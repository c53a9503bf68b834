package mask

import (
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// checkUnique refuses what cannot keep an index unique.
func (r *resolver) checkUnique(t *catalog.Table, c *Column, rule Rule, u catalog.Unique) {
	d := merges
	if c.kind.apart != nil && !c.field.array {
		d = c.kind.apart(c.field, rule)
	}
	const advice = "use a transformer that keeps values apart: token, hash, email, text, uuid or a template with " +
		"{token}"
	switch {
	case rule.As == "null" && u.OneNull:
		r.wrong(rule, advice, "the index %s takes one NULL only", u.Name)
	case rule.As == "null" && !c.field.notNull && u.Plain:
	case compares(u, c.Name):
		r.wrong(rule, "keep the column", "the exclusion constraint %s may not hold for masked values", u.Name)
	case d == merges:
		r.wrong(rule, advice, "%s cannot keep the index %s unique: %s", rule.As, u.Name,
			first(c.kind.why, "its values are arrays"))
	case r.source.Details.Columns[t][c.Name].Loose:
		r.wrong(rule, "keep the column",
			"its collation calls different texts equal, so masked values in the index %s may not be", u.Name)
	case !u.Plain && (d != foldedApart || !folds(u, c.Name)):
		r.wrong(rule, "use email, token or hash where the index only ignores case and blanks, else keep the column",
			"%s may not keep the index %s unique, whose keys are expressions", rule.As, u.Name)
	}
}

// compares reports whether an exclusion constraint asks more of the column
// than whether it is equal, such as whether ranges overlap.
func compares(u catalog.Unique, column string) bool {
	for i, key := range u.Keys {
		if u.Exclusion && (i >= len(u.Operators) || u.Operators[i] != "=") && reads(key, column) {
			return true
		}
	}
	return false
}

func reads(key, column string) bool {
	return strings.Contains(strings.ToLower(key), strings.ToLower(column))
}

// folds reports whether the keys of an index that read the column are the
// column itself, or what tells tokens apart as well as they are themselves: it
// without regard to case, blanks and accents, or a digest of it.
func folds(u catalog.Unique, column string) bool {
	return !slices.ContainsFunc(u.Keys, func(key string) bool { return reads(key, column) && !foldsKey(key, column) })
}

var (
	castInKey = regexp.MustCompile(`::(?:"[^"]+"|[a-z_][a-z0-9_ .]*)(?:\([0-9]+\))?`)
	wordInKey = regexp.MustCompile(`"(?:[^"]|"")*"|[\pL_][\pL\pN_$.]*`)
)

// faithfulFunctions tell tokens apart.
var faithfulFunctions = []string{
	"lower", "upper", "btrim", "ltrim", "rtrim", "md5", "coalesce", "unaccent", "f_unaccent", "immutable_unaccent",
	"casefold", "normalize",
}

func foldsKey(key, column string) bool {
	bare := strings.ReplaceAll(castInKey.ReplaceAllString(key, ""), "''", "")
	for _, word := range wordInKey.FindAllString(bare, -1) {
		name := strings.Trim(word, `"`)
		function := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
		if !strings.EqualFold(name, column) && !slices.Contains(faithfulFunctions, function) {
			return false
		}
	}
	return strings.Trim(wordInKey.ReplaceAllString(bare, ""), "() ,") == ""
}
