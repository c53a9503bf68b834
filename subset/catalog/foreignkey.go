package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// Join is the condition under which the child row references the parent row,
// both given by the alias they have in the query. It is what PostgreSQL's own
// triggers ask: the operators of the constraint, whatever the search path,
// and the collation of the parent.
// See ri_GenerateQual in src/backend/utils/adt/ri_triggers.c.
func (k *ForeignKey) Join(parent, child string) string {
	parts := make([]string, len(k.Operators))
	for i, op := range k.Operators {
		if op.Written {
			parts[i] = written(parent+"."+Quote(k.ParentColumns[i]), child+"."+Quote(k.ChildColumns[i]), op.ParentType)
			continue
		}
		left := operand(parent, k.ParentColumns[i], op.ParentType)
		right := operand(child, k.ChildColumns[i], op.ChildType)
		if op.Collation != "" {
			right += " COLLATE " + op.Collation
		}
		parts[i] = left + " OPERATOR(" + op.Name + ") " + right
	}
	return strings.Join(parts, " AND ")
}

// written compares a text with the value of a type that it may be written in. Both halves say the same: an index of
// either side serves one of them. A text of another kind equals nothing, and fails nothing.
func written(parent, child, kind string) string {
	text := child + "::pg_catalog.text"
	value, pattern := text+"::"+kind, `^(0|-?[1-9][0-9]{0,18})$`
	if kind == "pg_catalog.uuid" {
		pattern = `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
	} else { // most numbers of 19 digits are in its range; AND may look at its second half first
		number := text + "::pg_catalog.numeric"
		value = "CASE WHEN " + number + " OPERATOR(pg_catalog.>=) '-9223372036854775808'::pg_catalog.numeric AND " +
			number + " OPERATOR(pg_catalog.<=) '9223372036854775807'::pg_catalog.numeric THEN " + value + " END"
	}
	return parent + "::pg_catalog.text OPERATOR(pg_catalog.=) " + text + " AND " +
		parent + " OPERATOR(pg_catalog.=) CASE WHEN " + text + " OPERATOR(pg_catalog.~) '" + pattern +
		"' THEN " + value + " END"
}

func operand(alias, column, cast string) string {
	s := alias + "." + Quote(column)
	if cast != "" {
		s += "::" + cast
	}
	return s
}

// References is the condition under which the child row, given by its alias,
// references anything at all: with MATCH SIMPLE one NULL is enough to
// reference nothing; with MATCH FULL the constraint itself sees to it that
// either all columns are NULL or none is. Rows of a NOT VALID constraint may
// break that rule; they reference nothing that could be kept for them.
func (k *ForeignKey) References(child string) string {
	parts := make([]string, len(k.ChildColumns))
	for i, c := range k.ChildColumns {
		parts[i] = child + "." + Quote(c) + " IS NOT NULL"
	}
	return strings.Join(parts, " AND ")
}

// String is the key's name with the table that declares it, or what the
// configuration says.
func (k *ForeignKey) String() string {
	if k.OID == 0 {
		return k.Name
	}
	return k.ChildRel.Schema + "." + k.ChildRel.Name + "." + k.Name
}

// FromParent is what a query that looks for parents selects from.
func (k *ForeignKey) FromParent() string { return from(k.ParentRel, k.ParentHeaps) }

// FromChild is what a query that looks for children selects from.
func (k *ForeignKey) FromChild() string { return from(k.ChildRel, k.ChildHeaps) }

// from leaves inheritance children out, which no foreign key covers, but
// takes every partition.
func from(rel Name, heaps []*Heap) string {
	if len(heaps) == 1 && heaps[0].Name == rel {
		return "ONLY " + rel.String()
	}
	return rel.String()
}

// SingleInteger reports whether the key is a single integer, which PostgreSQL
// has validated, and leads to one heap.
func (k *ForeignKey) SingleInteger() bool {
	if k.OID == 0 || !k.Validated || k.When != "" || len(k.ParentColumns) != 1 || len(k.ParentHeaps) != 1 ||
		len(k.Parent.Heaps) != 1 {
		return false
	}
	parent, child := k.Parent.Column(k.ParentColumns[0]), k.Child.Column(k.ChildColumns[0])
	return isInteger(parent.Type) && isInteger(child.Type) && parent.NotNull
}

func isInteger(kind string) bool {
	return kind == "smallint" || kind == "integer" || kind == "bigint"
}

// SingleParent reports whether a row has one parent at most by the key. A key
// over a period has every parent whose period overlaps, and nothing makes
// those of the configuration unique or gives them an index.
func (k *ForeignKey) SingleParent() bool {
	if slices.ContainsFunc(k.Operators, func(o Operator) bool { return o.Name == "pg_catalog.&&" }) {
		return false
	}
	return k.OID != 0 || slices.ContainsFunc(k.Parent.Keys, func(key Key) bool {
		return slices.Equal(key.Columns, k.ParentColumns)
	})
}

// Optional reports whether some row may have no parent by right.
func (k *ForeignKey) Optional() bool { return k.Nullable || k.When != "" }

// ParentsSQL asks for the parents that rows of a heap have by the key: position
// of the child, heap and position of the parent, NULL where the child
// references a row that does not exist.
func (k *ForeignKey) ParentsSQL(h *Heap, which string) string {
	columns := make([]string, len(k.ChildColumns))
	for i, c := range k.ChildColumns {
		columns[i] = Quote(c)
	}
	if k.When != "" {
		which += " AND (" + k.When + "\n)"
	}
	return fmt.Sprintf(`SELECT c.ctid, p.tableoid, p.ctid
  FROM (SELECT ctid, %s FROM ONLY %s WHERE %s) AS c
  LEFT JOIN %s AS p ON %s
 WHERE %s`, strings.Join(columns, ", "), h.Name, which, k.FromParent(), k.Join("p", "c"), k.References("c"))
}

// Filtered asks for columns of the heap's rows that fulfil a condition, which
// may end in a comment.
func (h *Heap) Filtered(condition, columns string) string {
	return fmt.Sprintf("SELECT %s FROM ONLY %s WHERE (%s\n)", columns, h.Name, condition)
}
