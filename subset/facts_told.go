package subset

import (
	"slices"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// teller says what of the statistics may be told.
type teller struct {
	hidden   map[catalog.Name]bool
	treeOf   map[string]string // the table of a partition, which has the rules, by its own name
	masked   map[string]string // the transformer of a column, by schema.table.column
	unmasked map[string]bool   // columns that look sensitive, and that nobody has decided about
}

func told(r *run) teller {
	t := teller{
		hidden: map[catalog.Name]bool{}, treeOf: map[string]string{}, masked: map[string]string{},
		unmasked: map[string]bool{},
	}
	for _, name := range r.plan.Unreadable {
		t.hidden[name] = true
	}
	for _, table := range r.src.Database.Tables {
		for _, h := range table.Heaps {
			t.treeOf[h.Name.Dotted()] = table.Name.Dotted()
		}
	}
	for _, c := range r.plan.Privacy.Masked {
		t.masked[c.Table+"."+c.Name] = c.Transformer()
	}
	for _, name := range r.plan.Privacy.Unmasked {
		t.unmasked[name] = true
	}
	return t
}

// table tells whether a table may be named: what the role cannot read is not in the archive's schema either.
func (t teller) table(name catalog.Name) bool { return !t.hidden[name] }

// silent are the transformers that leave nothing of a column.
var silent = []string{"scrub", "null", "constant", "json", "sql", "template"}

// column is what may be told of one. How common values are, and in which order they lie, says something of the values,
// which is kept of what is not masked alone.
func (t teller) column(of facts.Table, c facts.Column) (facts.Column, bool) {
	table := of.Dotted()
	if tree := t.treeOf[table]; tree != "" {
		table = tree
	}
	as, masked := t.masked[table+"."+c.Name]
	if slices.Contains(silent, as) {
		return c, false
	}
	if masked || t.unmasked[table+"."+c.Name] {
		c.Correlation, c.Common = 0, nil
	}
	return c, true
}
