package catalog

import (
	"slices"
	"strings"
)

// searched lists the schemas that a setting of search_path names and that exist. The system's schema is not among them:
// where a path does not name it, it is searched first, and so it is here wherever a path names it.
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH
func searched(path, role string, schemas []string) []string {
	var found []string
	for _, name := range identifiers(path) {
		if name == "$user" {
			name = role
		}
		if slices.Contains(schemas, name) && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

// identifiers reads a list of names with commas between them, quoted where need be.
func identifiers(list string) []string {
	var names []string
	for rest := strings.TrimSpace(list); rest != ""; rest = strings.TrimSpace(rest) {
		var name string
		if name, rest = identifier(rest); name != "" {
			names = append(names, name)
		}
		rest = strings.TrimPrefix(strings.TrimSpace(rest), ",")
	}
	return names
}

// identifier takes the first name off a list.
func identifier(list string) (name, rest string) {
	if list[0] != '"' {
		end := strings.IndexByte(list, ',')
		if end < 0 {
			end = len(list)
		}
		return strings.ToLower(strings.TrimSpace(list[:end])), list[end:]
	}
	for rest = list[1:]; rest != ""; {
		part, after, _ := strings.Cut(rest, `"`)
		name += part
		if !strings.HasPrefix(after, `"`) {
			return name, after
		}
		name, rest = name+`"`, after[1:]
	}
	return name, ""
}

// LoadPath is where whoever loads the schema looks for names: where the role's sessions do, and then where extensions
// are. A trigger's WHEN is written without the schema of an operator that IS DISTINCT FROM looks for.
func (d *Database) LoadPath() []string {
	path := slices.Clone(d.SearchPath)
	for _, e := range d.Extensions {
		if e.Schema != "pg_catalog" && !slices.Contains(path, e.Schema) {
			path = append(path, e.Schema)
		}
	}
	return path
}

// SearchPathSQL sets a session's search_path to these schemas.
func SearchPathSQL(schemas []string) string {
	return "SELECT pg_catalog.set_config('search_path', " + Literal(strings.Join(quoted(schemas), ", ")) + ", false);"
}

// SearchPath is the value of SET search_path that names these schemas, or none.
func SearchPath(schemas []string) string {
	if len(schemas) == 0 {
		return "''"
	}
	return strings.Join(quoted(schemas), ", ")
}

func quoted(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = Quote(name)
	}
	return all
}
