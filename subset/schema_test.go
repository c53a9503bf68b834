package subset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// schema is a random database: what PostgreSQL allows, the worse the better.
type schema struct {
	schemas []string
	tables  []*table
	keys    []*foreignKey
}

type table struct {
	schema, name string
	key          []string // primary key columns, none for a table without a key
	unique       string   // column of a second unique key, if any
	partitions   int      // by hash of the first key column
	columns      []string // besides key and unique
	notNull      map[string]bool
	size         int
	rows         []map[string]int // absent is NULL
}

type foreignKey struct {
	name          string
	child, parent *table
	from, to      []string
	full          bool
	notValid      bool // and some rows dangle
	notNull       bool
	onPartition   int // declared on this partition only, when above 0
}

func (t *table) quoted() string { return catalog.Quote(t.schema, t.name) }

func (t *table) leaf(i int) string { return catalog.Quote(t.schema, fmt.Sprintf("%s %d", t.name, i)) }

func drawSchema(t *rapid.T) *schema {
	s := &schema{schemas: []string{"plain", `weird "Schéma`}}
	bases := []string{"a", "Mixed Case", `quo"te`, "Größe", "select", "x.y", "tab\\slash", "日本"}
	for i := range rapid.IntRange(1, 6).Draw(t, "tables") {
		s.tables = append(s.tables, drawTable(t, s, fmt.Sprintf("%s%d", rapid.SampledFrom(bases).Draw(t, "name"), i)))
	}
	for i := range rapid.IntRange(0, 9).Draw(t, "keys") {
		if k := drawKey(t, s, i); k != nil {
			s.keys = append(s.keys, k)
		}
	}
	s.fill(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "data"), 0)))
	return s
}

func drawTable(t *rapid.T, s *schema, name string) *table {
	tab := &table{
		schema:  rapid.SampledFrom(s.schemas).Draw(t, "schema"),
		name:    name,
		notNull: map[string]bool{},
		size:    rapid.SampledFrom([]int{0, 1, 7, 40, 120}).Draw(t, "size"),
	}
	switch rapid.SampledFrom([]string{"none", "one", "one", "two"}).Draw(t, "key") {
	case "one":
		tab.key = []string{"Id"}
	case "two":
		tab.key = []string{"Id", `second "key`}
	}
	if len(tab.key) > 0 {
		tab.partitions = rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "partitions")
	}
	if tab.partitions == 0 && rapid.Bool().Draw(t, "unique") {
		tab.unique = "ünique"
	}
	return tab
}

func drawKey(t *rapid.T, s *schema, i int) *foreignKey {
	k := &foreignKey{
		name:    fmt.Sprintf("Key %d", i),
		child:   rapid.SampledFrom(s.tables).Draw(t, "child"),
		parent:  rapid.SampledFrom(s.tables).Draw(t, "parent"),
		notNull: rapid.IntRange(0, 2).Draw(t, "not null") == 0,
	}
	k.to = slices.Clone(k.parent.key)
	if k.parent.unique != "" && (len(k.to) == 0 || rapid.Bool().Draw(t, "by unique key")) {
		k.to = []string{k.parent.unique}
	}
	if len(k.to) == 0 {
		return nil
	}
	if rapid.Bool().Draw(t, "other order") {
		slices.Reverse(k.to)
	}
	for n := range k.to {
		column := fmt.Sprintf("Ref %d %d", i, n)
		k.from = append(k.from, column)
		k.child.columns = append(k.child.columns, column)
		k.child.notNull[column] = k.notNull
	}
	k.full = len(k.to) > 1 && rapid.Bool().Draw(t, "match full")
	if k.child.partitions > 0 {
		k.onPartition = rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "on one partition")
	} else {
		k.notValid = rapid.IntRange(0, 4).Draw(t, "not valid") == 0
	}
	return k
}

// fill makes rows. A table that must reference an empty one stays empty.
func (s *schema) fill(r *rand.Rand) {
	for changed := true; changed; {
		changed = false
		for _, k := range s.keys {
			if k.notNull && k.parent.size == 0 && k.child.size > 0 {
				k.child.size, changed = 0, true
			}
		}
	}
	for _, t := range s.tables {
		for i := range t.size {
			row := map[string]int{}
			for n, c := range t.key {
				row[c] = []int{i + 1, r.IntN(5)}[n]
			}
			if t.unique != "" && r.IntN(4) > 0 {
				row[t.unique] = 1000 + i
			}
			t.rows = append(t.rows, row)
		}
	}
	for _, k := range s.keys {
		k.fill(r)
	}
	for _, t := range s.tables {
		r.Shuffle(len(t.rows), func(i, j int) { t.rows[i], t.rows[j] = t.rows[j], t.rows[i] })
	}
}

func (k *foreignKey) fill(r *rand.Rand) {
	for _, row := range k.child.rows {
		switch {
		case k.notValid && r.IntN(5) == 0:
			for _, c := range k.from {
				row[c] = -1 - r.IntN(3)
			}
		case !k.notNull && (len(k.parent.rows) == 0 || r.IntN(4) == 0):
			if len(k.from) > 1 && !k.full && r.IntN(2) == 0 {
				row[k.from[0]] = -9 // MATCH SIMPLE asks nothing when one column is NULL
			}
		default:
			parent := k.parent.rows[k.skewed(r)]
			for n, c := range k.to {
				v, ok := parent[c]
				if !ok { // a unique key may be NULL: then nobody can reference it
					v = -1
				}
				row[k.from[n]] = v
			}
			k.repair(row)
		}
	}
}

func (k *foreignKey) skewed(r *rand.Rand) int {
	n := len(k.parent.rows)
	return min(r.IntN(n), r.IntN(n))
}

// repair makes a reference to a parent without a key one to nothing, or marks
// the constraint as broken where a reference must be.
func (k *foreignKey) repair(row map[string]int) {
	if row[k.from[0]] != -1 {
		return
	}
	if k.notNull {
		k.notValid = true
		return
	}
	for _, c := range k.from {
		delete(row, c)
	}
}

// dropSQL, tablesSQL, rowsSQL and keysSQL are the scripts that make it.
func (s *schema) dropSQL() string {
	var b strings.Builder
	for _, name := range s.schemas {
		fmt.Fprintf(&b, "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %[1]s;\n", catalog.Quote(name))
	}
	return b.String()
}

func (s *schema) tablesSQL() string {
	var b strings.Builder
	for _, t := range s.tables {
		var columns []string
		for _, c := range t.allColumns() {
			column := catalog.Quote(c) + " int"
			if t.notNull[c] {
				column += " NOT NULL"
			}
			columns = append(columns, column)
		}
		fmt.Fprintf(&b, "CREATE TABLE %s (%s)", t.quoted(), strings.Join(columns, ", "))
		if t.partitions > 0 {
			fmt.Fprintf(&b, " PARTITION BY HASH (%s)", catalog.Quote(t.key[0]))
		}
		b.WriteString(";\n")
		for i := range t.partitions {
			fmt.Fprintf(&b, "CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d);\n", t.leaf(i),
				t.quoted(), t.partitions, i)
		}
	}
	return b.String()
}

func (t *table) allColumns() []string {
	columns := slices.Clone(t.key)
	if t.unique != "" {
		columns = append(columns, t.unique)
	}
	return append(columns, t.columns...)
}

func (s *schema) rowsSQL() string {
	var b strings.Builder
	for _, t := range s.tables {
		var rows []string
		columns := t.allColumns()
		if len(columns) == 0 {
			fmt.Fprintf(&b, "INSERT INTO %s SELECT FROM generate_series(1, %d);\n", t.quoted(), len(t.rows))
			continue
		}
		for _, row := range t.rows {
			var values []string
			for _, c := range columns {
				if v, ok := row[c]; ok {
					values = append(values, fmt.Sprint(v))
				} else {
					values = append(values, "NULL")
				}
			}
			rows = append(rows, "("+strings.Join(values, ", ")+")")
		}
		if len(rows) > 0 {
			fmt.Fprintf(&b, "INSERT INTO %s VALUES %s;\n", t.quoted(), strings.Join(rows, ", "))
		}
	}
	return b.String()
}

func (s *schema) keysSQL() string {
	var b strings.Builder
	for _, t := range s.tables {
		if len(t.key) > 0 {
			fmt.Fprintf(&b, "ALTER TABLE %s ADD PRIMARY KEY (%s);\n", t.quoted(), quoteAll(t.key))
		}
		if t.unique != "" {
			fmt.Fprintf(&b, "ALTER TABLE %s ADD UNIQUE (%s);\n", t.quoted(), catalog.Quote(t.unique))
		}
	}
	for _, k := range s.keys {
		if k.notValid && (k.child.partitions > 0 || k.parent.partitions > 0) {
			continue // partitioned tables take no NOT VALID keys, neither side
		}
		child := k.child.quoted()
		if k.onPartition > 0 {
			child = k.child.leaf(k.onPartition)
		}
		fmt.Fprintf(&b, "ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)",
			child, catalog.Quote(k.name), quoteAll(k.from), k.parent.quoted(), quoteAll(k.to))
		if k.full {
			b.WriteString(" MATCH FULL")
		}
		if k.notValid {
			b.WriteString(" NOT VALID")
		}
		b.WriteString(";\n")
	}
	return b.String()
}

func quoteAll(columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	return strings.Join(quoted, ", ")
}
