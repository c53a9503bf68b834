package catalog

import "strings"

// Join is the condition under which the child row references the parent row,
// both given by the alias they have in the query. It is what PostgreSQL's own
// triggers ask: the operators of the constraint, whatever the search path,
// and the collation of the parent.
// See ri_GenerateQual in src/backend/utils/adt/ri_triggers.c.
func (k *ForeignKey) Join(parent, child string) string {
	parts := make([]string, len(k.Operators))
	for i, op := range k.Operators {
		left := operand(parent, k.ParentColumns[i], op.ParentType)
		right := operand(child, k.ChildColumns[i], op.ChildType)
		if op.Collation != "" {
			right += " COLLATE " + op.Collation
		}
		parts[i] = left + " OPERATOR(" + op.Name + ") " + right
	}
	return strings.Join(parts, " AND ")
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
