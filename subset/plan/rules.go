package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// resolveRules finds the table of each rule. Every mistake is reported, not
// only the first.
func resolveRules(db *catalog.Database, rules map[string]Rule) (map[*catalog.Table]Rule, error) {
	resolved := map[*catalog.Table]Rule{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		t := db.Table(name)
		if t == nil {
			errs = append(errs, unknownTable(db, name))
			continue
		}
		if err := rules[name].check(); err != nil {
			errs = append(errs, fmt.Errorf("tables: %s: %w", name, err))
		}
		resolved[t] = rules[name]
	}
	return resolved, errors.Join(errs...)
}

func unknownTable(db *catalog.Database, name string) error {
	err := fmt.Errorf("tables: the source has no table %s", name)
	_, bare, _ := strings.Cut("."+name, ".")
	for _, t := range db.Tables {
		if strings.EqualFold(t.Name.Dotted(), name) || t.Name.Name == bare || strings.HasSuffix(name, "."+t.Name.Name) {
			return hint.Usage(err, "did you mean %s?", t.Name.Dotted())
		}
		for _, h := range t.Heaps {
			if h.Name.Dotted() == name {
				return hint.Usage(err, "%s is a partition: name the whole table, %s", name, t.Name.Dotted())
			}
		}
	}
	return hint.Usage(err, "tables are named schema.table, as in pg_catalog")
}

// ResolveReferences makes keys of the references that only the configuration
// knows.
func ResolveReferences(db *catalog.Database, references []string) ([]*catalog.ForeignKey, error) {
	var keys []*catalog.ForeignKey
	var errs []error
	for _, text := range references {
		k, err := resolveReference(db, text)
		if err != nil {
			errs = append(errs, hint.Usage(fmt.Errorf("references: %s: %w", text, err),
				"write schema.table.column -> schema.table.column, and when with a condition after it if need be"))
			continue
		}
		keys = append(keys, k)
	}
	return keys, errors.Join(errs...)
}

func resolveReference(db *catalog.Database, text string) (*catalog.ForeignKey, error) {
	link, when, _ := strings.Cut(text, " when ")
	from, to, ok := strings.Cut(link, "->")
	if !ok {
		return nil, errors.New("no -> in it")
	}
	child, childColumn, err := findColumn(db, strings.TrimSpace(from))
	if err != nil {
		return nil, err
	}
	parent, parentColumn, err := findColumn(db, strings.TrimSpace(to))
	if err != nil {
		return nil, err
	}
	return &catalog.ForeignKey{
		Name:  text,
		Child: child, ChildRel: child.Name, ChildHeaps: child.Heaps, ChildColumns: []string{childColumn.Name},
		Parent: parent, ParentRel: parent.Name, ParentHeaps: parent.Heaps, ParentColumns: []string{parentColumn.Name},
		Operators: []catalog.Operator{equal(base(parentColumn), base(childColumn))},
		When:      strings.TrimSpace(when),
		Nullable:  !childColumn.NotNull,
		Indexed:   leadsKey(child, childColumn.Name),
	}, nil
}

// equal is how a column is compared with what it references. Frameworks write keys of several types into one column of
// text: Rails' record_id, Django's object_id.
func equal(parent, child string) catalog.Operator {
	op := catalog.Operator{Name: "pg_catalog.="}
	switch {
	case isText(child) && isKey(parent):
		op.Written, op.ParentType = true, "pg_catalog.int8"
		if parent == "uuid" {
			op.ParentType = "pg_catalog.uuid"
		}
	case isText(parent) && isKey(child):
		op.ChildType = "pg_catalog.text"
	}
	return op
}

// base is the type of a column, or that below its domain.
func base(c *catalog.Column) string { return cmp.Or(c.Base, c.Type) }

// isText tells the types of text, but for "char".
func isText(kind string) bool {
	return kind == "text" || kind == "bpchar" || strings.HasPrefix(kind, "character")
}

func isKey(kind string) bool {
	return slices.Contains([]string{"smallint", "integer", "bigint", "uuid"}, kind)
}

// findColumn tries every table whose name the text begins with, so that names
// with dots need no quoting.
func findColumn(db *catalog.Database, text string) (*catalog.Table, *catalog.Column, error) {
	for _, t := range db.Tables {
		column, ok := strings.CutPrefix(text, t.Name.Dotted()+".")
		if !ok {
			continue
		}
		for i := range t.Columns {
			if t.Columns[i].Name == column {
				return t, &t.Columns[i], nil
			}
		}
		return nil, nil, fmt.Errorf("table %s has no column %s", t.Name.Dotted(), column)
	}
	return nil, nil, fmt.Errorf("the source has no column %s", text)
}

func leadsKey(t *catalog.Table, column string) bool {
	return slices.ContainsFunc(t.Keys, func(k catalog.Key) bool { return k.Columns[0] == column })
}
