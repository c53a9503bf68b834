package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Root is rows that are kept with everything that belongs to them: the rows
// that reference them, and those that reference these, to the end.
type Root struct {
	Table string `json:"table"` // schema.table
	Where string `json:"-"`     // in SQL
	Shown string `json:"where"` // what a plan shows of that

	In *catalog.Table `json:"-"`
}

// ParseRoot reads "schema.table: condition".
func ParseRoot(text string) (Root, error) {
	table, where, ok := strings.Cut(text, ": ")
	r := Root{Table: strings.TrimSpace(table), Where: strings.TrimSpace(where)}
	if !ok || r.Table == "" || r.Where == "" {
		return r,
			hint.Usage(fmt.Errorf("root %q is no table with a condition", text), "write it as public.tenants: id = 42")
	}
	return r, nil
}

func resolveRoots(db *catalog.Database, roots []Root, rules map[*catalog.Table]Rule) ([]Root, error) {
	resolved := slices.Clone(roots)
	var errs []error
	for i := range resolved {
		r := &resolved[i]
		if r.In = db.Table(r.Table); r.In == nil {
			errs = append(errs, fmt.Errorf("roots: %w", unknownTable(db, r.Table)))
		} else if rules[r.In].None {
			errs = append(errs,
				hint.Usage(fmt.Errorf("roots: table %s has the rule none", r.Table), "remove the rule or the root"))
		}
	}
	return resolved, errors.Join(errs...)
}
