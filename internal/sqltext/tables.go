package sqltext

import (
	"slices"
	"strings"
)

// A Name is that of a table or index as a statement spells it.
type Name struct{ Schema, Name string }

// Tables are the relations that a command names right behind what it does: those of TRUNCATE, LOCK, VACUUM, ANALYZE,
// CLUSTER, COPY, REINDEX and ALTER TABLE, and the table of CREATE INDEX. Of any other statement it tells none.
func Tables(text string) []Name {
	tokens := slices.DeleteFunc(scan(text), func(t token) bool { return t.kind == space || t.kind == comment })
	skip := []string{
		"TABLE", "ONLY", "VERBOSE", "FULL", "FREEZE", "ANALYZE", "ANALYSE", "INDEX", "CONCURRENTLY", "IF", "EXISTS",
	}
	switch verb := Verb(text); verb {
	case "CREATE INDEX":
		for len(tokens) > 0 && !strings.EqualFold(tokens[0].text, "on") {
			tokens = tokens[1:]
		}
	case "ALTER TABLE":
		tokens = tokens[1:]
	case "TRUNCATE", "LOCK", "VACUUM", "ANALYZE", "ANALYSE", "CLUSTER", "COPY", "REINDEX":
	default:
		return nil
	}
	if len(tokens) == 0 {
		return nil
	}
	tokens = unparenthesized(tokens[1:])
	var names []Name
	for {
		for len(tokens) > 0 && tokens[0].kind == word && slices.Contains(skip, strings.ToUpper(tokens[0].text)) {
			tokens = tokens[1:]
		}
		name, rest := qualified(tokens)
		if name.Name == "" {
			return names
		}
		names = append(names, name)
		rest = unparenthesized(rest)
		if len(rest) > 0 && rest[0].text == "*" {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0].text != "," {
			return names
		}
		tokens = rest[1:]
	}
}

// unparenthesized leaves out a list in parentheses at the beginning.
func unparenthesized(tokens []token) []token {
	if len(tokens) == 0 || tokens[0].text != "(" {
		return tokens
	}
	depth := 0
	for i, t := range tokens {
		switch t.text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return tokens[i+1:]
			}
		}
	}
	return nil
}

// qualified reads a name with or without its schema.
func qualified(tokens []token) (Name, []token) {
	var parts []string
	for len(tokens) > 0 && (tokens[0].kind == word || tokens[0].kind == quoted) {
		parts = append(parts, tokens[0].spelled())
		tokens = tokens[1:]
		if len(tokens) == 0 || tokens[0].text != "." {
			break
		}
		tokens = tokens[1:]
	}
	switch len(parts) {
	case 0:
		return Name{}, tokens
	case 1:
		return Name{Name: parts[0]}, tokens
	}
	return Name{parts[len(parts)-2], parts[len(parts)-1]}, tokens
}

// spelled is a name as the catalog has it.
func (t token) spelled() string {
	if t.kind == quoted && strings.HasPrefix(t.text, `"`) {
		return strings.ReplaceAll(strings.Trim(t.text, `"`), `""`, `"`)
	}
	return strings.ToLower(t.text)
}

// Names tells whether a statement names this relation, or anything else by its name.
func Names(text, name string) bool {
	return slices.ContainsFunc(scan(text), func(t token) bool {
		return (t.kind == word || t.kind == quoted) && t.spelled() == name
	})
}
