package reference

import (
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Finder finds references by the names of tables and columns.
type Finder struct {
	db     *catalog.Database
	known  []*catalog.ForeignKey
	stems  map[string][]*catalog.Table
	alike  map[string]*catalog.ForeignKey // by a child column's name, where all keys of such columns lead to one
	filled map[catalog.ColumnName]bool    // by a sequence
}

// NewFinder returns a finder for a database in which some keys are known.
func NewFinder(db *catalog.Database, known []*catalog.ForeignKey) *Finder {
	f := &Finder{
		db: db, known: known, stems: map[string][]*catalog.Table{},
		alike: map[string]*catalog.ForeignKey{}, filled: map[catalog.ColumnName]bool{},
	}
	for _, t := range db.Tables {
		if Readable(t) {
			s := stem(words(t.Name.Name))
			f.stems[s] = append(f.stems[s], t)
		}
	}
	for _, s := range db.Sequences {
		for _, c := range s.UsedBy {
			f.filled[c] = true
		}
	}
	f.learn()
	return f
}

// Readable tells whether all rows of a table can be seen.
func Readable(t *catalog.Table) bool { return t.Readable && !t.RowSecurity && len(t.Heaps) > 0 }

// learn notes where columns of one name lead in the tables that declare it.
func (f *Finder) learn() {
	for _, k := range f.known {
		if len(k.ChildColumns) != 1 || k.When != "" {
			continue
		}
		name := k.ChildColumns[0]
		before, ok := f.alike[name]
		if ok && (before == nil || before.Parent != k.Parent || before.ParentColumns[0] != k.ParentColumns[0]) {
			f.alike[name] = nil // it leads to several
			continue
		}
		f.alike[name] = k
	}
}

// Open lists the columns of a table that may reference something, and are not
// known to.
func (f *Finder) Open(t *catalog.Table) []catalog.Column {
	var list []catalog.Column
	if !Readable(t) {
		return nil
	}
	for _, c := range t.Columns {
		if classOf(c) == other || c.Identity || f.filled[catalog.ColumnName{Table: t.Name, Column: c.Name}] {
			continue
		}
		led := func(k *catalog.ForeignKey) bool { return k.Child == t && slices.Contains(k.ChildColumns, c.Name) }
		if !slices.ContainsFunc(f.known, led) {
			list = append(list, c)
		}
	}
	return list
}

// ByName lists what the names of columns say that are not part of a pair of
// type and key. Of one column there may be several, the likeliest first.
func (f *Finder) ByName() []Candidate {
	var list []Candidate
	for _, t := range f.db.Tables {
		paired := f.paired(t)
		for _, c := range f.Open(t) {
			if !paired[c.Name] {
				list = append(list, f.column(t, c)...)
			}
		}
	}
	return list
}

// column lists what a column may lead to by its name.
func (f *Finder) column(t *catalog.Table, c catalog.Column) []Candidate {
	var list []Candidate
	add := func(parent *catalog.Table, key catalog.Column, why string) {
		n := Candidate{Child: t, Column: c.Name, Parent: parent, Key: key.Name, Why: why}
		itself := parent == t && key.Name == c.Name
		known := func(o Candidate) bool { return o.Text() == n.Text() }
		if !itself && fits(c, key) && !slices.ContainsFunc(list, known) {
			list = append(list, n)
		}
	}
	name := words(c.Name)
	if k := f.alike[c.Name]; k != nil && Readable(k.Parent) && len(name) > 1 {
		add(k.Parent, k.Parent.Column(k.ParentColumns[0]), fmt.Sprintf("as %s.%s", k.Child.Name.Dotted(), c.Name))
	}
	if key, ok := primary(t); ok && stem(name) == "parent" || ok && slices.Equal(name, []string{"parent", "id"}) {
		add(t, key, "its name")
	}
	for from := range name {
		for _, parent := range f.called(name[from:], t) {
			if key, ok := primary(parent); ok && from == 0 && classOf(c) == classOf(key) && classOf(c) != texts {
				add(parent, key, "its name")
			}
		}
		f.byKey(name, from, t, add)
	}
	return list
}

// byKey adds the tables that the words of a name before its last ones call,
// where these are the name of a key, or mean any.
func (f *Finder) byKey(name []string, from int, t *catalog.Table, add func(*catalog.Table, catalog.Column, string)) {
	for to := len(name) - 1; to > from; to-- {
		for _, parent := range f.called(name[from:to], t) {
			for _, key := range single(parent) {
				of := words(key.Name)
				if slices.Equal(of, name[to:]) || slices.Equal(of, name[from:]) {
					add(parent, key, "its name")
				}
			}
			if key, ok := primary(parent); ok && to == len(name)-1 && ends(name, identifiers) {
				add(parent, key, "its name")
			}
		}
	}
}

// called lists the tables of a name, as a child sees them: of its own schema
// first, else of all; and those that begin with the same words as itself.
func (f *Finder) called(name []string, child *catalog.Table) []*catalog.Table {
	tables := near(f.stems[stem(name)], child)
	own := words(child.Name.Name)
	for n := 1; n < len(own) && n <= 2; n++ {
		tables = append(tables, near(f.stems[stem(slices.Concat(own[:n], name))], child)...)
	}
	return tables
}

// near are the tables of the child's schema, or those of others.
func near(tables []*catalog.Table, child *catalog.Table) []*catalog.Table {
	var own []*catalog.Table
	for _, t := range tables {
		if t.Name.Schema == child.Name.Schema {
			own = append(own, t)
		}
	}
	if len(own) > 0 {
		return own
	}
	return slices.Clone(tables)
}

// Nameless lists the columns of a table that may hold uuids of another one and
// that are not part of a pair, of a candidate or the key of their own table.
func (f *Finder) Nameless(t *catalog.Table, named []Candidate) []catalog.Column {
	paired := f.paired(t)
	key, _ := primary(t)
	return slices.DeleteFunc(f.Open(t), func(c catalog.Column) bool {
		led := func(n Candidate) bool { return n.Child == t && n.Column == c.Name }
		return classOf(c) == integers || paired[c.Name] || c.Name == key.Name || slices.ContainsFunc(named, led)
	})
}

// UUIDKeys lists the primary keys that are uuids, as candidates without a child.
func (f *Finder) UUIDKeys() []Candidate {
	var list []Candidate
	for _, t := range f.db.Tables {
		if key, ok := primary(t); ok && Readable(t) && classOf(key) == uuids {
			list = append(list, Candidate{Parent: t, Key: key.Name})
		}
	}
	return list
}
