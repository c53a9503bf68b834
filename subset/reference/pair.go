package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Pair is two columns of which one says in which table the row is that the
// other one means: Rails' record_type and record_id, or Django's
// content_type_id and object_id.
type Pair struct {
	Table   *catalog.Table
	Type    string
	Column  string
	Content *catalog.Table // of Django's types, which Type references; nil where it is the name of a class itself
}

// contentTypes is what Django calls the table of its models.
const contentTypes = "django_content_type"

// Pairs lists the pairs of columns that are not known to reference anything.
func (f *Finder) Pairs() []Pair {
	var list []Pair
	for _, t := range f.db.Tables {
		list = append(append(list, f.pairs(t)...), f.contents(t)...)
	}
	return list
}

// paired are the columns of a table's pairs.
func (f *Finder) paired(t *catalog.Table) map[string]bool {
	columns := map[string]bool{}
	for _, p := range slices.Concat(f.pairs(t), f.contents(t)) {
		columns[p.Type], columns[p.Column] = true, true
	}
	return columns
}

func (f *Finder) pairs(t *catalog.Table) []Pair {
	var list []Pair
	open := f.unconditional(t)
	for _, kind := range t.Columns {
		of := words(kind.Name)
		named := classOf(kind) == texts || strings.Contains(kind.Type, ".") // a type of the user's, such as an enum
		if !Readable(t) || !named || !ends(of, kinds) {
			continue
		}
		for _, c := range open {
			id := words(c.Name)
			if ends(id, identifiers) && slices.Equal(id[:len(id)-1], of[:len(of)-1]) {
				list = append(list, Pair{Table: t, Type: kind.Name, Column: c.Name})
			}
		}
	}
	return list
}

// contents lists the pairs of Django's. Both columns may have the same words
// in front.
func (f *Finder) contents(t *catalog.Table) []Pair {
	var list []Pair
	open := f.unconditional(t)
	for _, k := range f.known {
		if k.Child != t || k.Parent.Name.Name != contentTypes || len(k.ChildColumns) != 1 || !Readable(k.Parent) {
			continue
		}
		of := words(k.ChildColumns[0])
		front := strings.TrimSuffix(strings.Join(of, " "), "content type id")
		for _, c := range open {
			id := strings.Join(words(c.Name), " ")
			if id == front+"object id" || id == front+"object pk" || id == front+"object uuid" {
				list = append(list, Pair{Table: t, Type: k.ChildColumns[0], Column: c.Name, Content: k.Parent})
			}
		}
	}
	return list
}

// unconditional are the open columns, and those that are known to reference
// something for some of their rows only.
func (f *Finder) unconditional(t *catalog.Table) []catalog.Column {
	conditional := *f
	conditional.known = slices.DeleteFunc(slices.Clone(f.known), func(k *catalog.ForeignKey) bool {
		return k.When != ""
	})
	return conditional.Open(t)
}

// OfClass is the reference of a pair's rows of one class; false where no table
// has its name.
func (f *Finder) OfClass(p Pair, class string) (Candidate, bool) {
	for _, name := range classes(class) {
		for _, parent := range f.called(name, p.Table) {
			when := written(p.Type) + " = " + literal(class)
			if c, ok := candidateOf(p, parent, when, "its pair "+p.Type); ok {
				return c, true
			}
		}
	}
	return Candidate{}, false
}

// OfModel is the reference of a pair's rows of one of Django's models; false
// where no table has its name.
func (f *Finder) OfModel(p Pair, app, model string) (Candidate, bool) {
	from := written(p.Content.Name.Schema) + "." + written(p.Content.Name.Name)
	when := fmt.Sprintf("%s = (SELECT id FROM %s WHERE app_label = %s AND model = %s)",
		written(p.Type), from, literal(app), literal(model))
	for _, parent := range f.models(p, app, model) {
		if c, ok := candidateOf(p, parent, when, "its content type"); ok {
			return c, true
		}
	}
	return Candidate{}, false
}

// plain are names that people write without quotes. Those of pairs have two words, which no keyword has.
var plain = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)+$`)

// written is a name as people write it in SQL.
func written(name string) string {
	if plain.MatchString(name) || name == "public" {
		return name
	}
	return catalog.Quote(name)
}

func literal(s string) string { return strings.TrimSpace(catalog.Literal(s)) }

// models are the tables that may be those of a model: Django's own name for
// it, or that of the model itself.
func (f *Finder) models(p Pair, app, model string) []*catalog.Table {
	var list []*catalog.Table
	for _, t := range f.db.Tables {
		if Readable(t) && t.Name.Name == app+"_"+model && t.Name.Schema == p.Content.Name.Schema {
			list = append(list, t)
		}
	}
	return append(list, near(f.stems[stem(words(model))], p.Table)...)
}

// candidateOf leads to the primary key of a table; false where that does not fit.
func candidateOf(p Pair, parent *catalog.Table, when, why string) (Candidate, bool) {
	key, ok := primary(parent)
	c := Candidate{Child: p.Table, Column: p.Column, Parent: parent, Key: key.Name, When: when, Why: why}
	return c, ok && fits(p.Table.Column(p.Column), key)
}

// Knows tells whether a reference is declared or in the configuration.
func (f *Finder) Knows(c Candidate) bool { return slices.ContainsFunc(f.known, c.Same) }
