// Package reference guesses by names which references there are that the
// schema does not declare. Whether they hold only the data can say.
//
//	catalog ── Finder ──▶ candidates by names ─┐
//	        └─ Pairs ── values of a column of types ──▶ candidates ─┴─▶ tried by subset
package reference

import (
	"cmp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Candidate is a reference that the schema does not declare, by one column.
type Candidate struct {
	Child  *catalog.Table
	Column string
	Parent *catalog.Table
	Key    string
	When   string // SQL on the child: only these rows reference the parent
	Why    string // it is thought to be one
}

// Text is the reference as the configuration has it.
func (c Candidate) Text() string {
	text := c.Child.Name.Dotted() + "." + c.Column + " -> " + c.Parent.Name.Dotted() + "." + c.Key
	if c.When != "" {
		text += " when " + c.When
	}
	return text
}

// Same tells whether a key says what the candidate does, whatever its condition.
func (c Candidate) Same(k *catalog.ForeignKey) bool {
	return k.Child == c.Child && k.Parent == c.Parent && slices.Equal(k.ChildColumns, []string{c.Column})
}

// class is what types have in common whose values can be equal.
type class int

const (
	other class = iota
	integers
	uuids
	texts
)

func classOf(c catalog.Column) class {
	switch kind := cmp.Or(c.Base, c.Type); {
	case kind == "smallint" || kind == "integer" || kind == "bigint":
		return integers
	case kind == "uuid":
		return uuids
	case kind == "text" || kind == "bpchar" || strings.HasPrefix(kind, "character"):
		return texts
	}
	return other
}

// fits tells whether a column may hold values of a key: its own, or in a text.
func fits(child, key catalog.Column) bool {
	c, k := classOf(child), classOf(key)
	return c != other && k != other && (c == k || c == texts || c == integers && k == texts)
}

// single lists the columns that are a key of the table by themselves, the
// primary one first.
func single(t *catalog.Table) []catalog.Column {
	var list []catalog.Column
	for _, k := range t.Keys {
		if len(k.Columns) == 1 {
			list = append(list, t.Column(k.Columns[0]))
		}
	}
	return list
}

// primary is the column of a primary key that has no other; false where there
// is none.
func primary(t *catalog.Table) (catalog.Column, bool) {
	if len(t.Keys) == 0 || !t.Keys[0].Primary || len(t.Keys[0].Columns) != 1 {
		return catalog.Column{}, false
	}
	return t.Column(t.Keys[0].Columns[0]), true
}
