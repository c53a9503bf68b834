package catalog

import (
	"fmt"
	"strings"
)

// Name is a schema-qualified relation name, unquoted.
type Name struct {
	Schema string
	Name   string
}

// String returns the quoted, schema-qualified form that SQL accepts.
func (n Name) String() string { return Quote(n.Schema, n.Name) }

// Dotted returns the form that people write: schema.name, unquoted.
func (n Name) Dotted() string { return n.Schema + "." + n.Name }

// ListNames names at most ten relations.
func ListNames(names []Name) string {
	const most = 10
	var parts []string
	for i, n := range names {
		if i == most {
			return fmt.Sprintf("%s and %d more", strings.Join(parts, ", "), len(names)-most)
		}
		parts = append(parts, n.Dotted())
	}
	return strings.Join(parts, ", ")
}
