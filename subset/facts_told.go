package subset

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

const (
	rarest  = 20 // rows have a value of a column that is not masked, before that is told
	longest = 40 // bytes of a column's values on average, before they are texts in somebody's own words
)

// teller says what of the statistics may be told.
type teller struct {
	hidden    map[catalog.Name]bool
	treeOf    map[string]*catalog.Table // the table of a partition, which has the rules, by its own name
	masks     *mask.Plan
	masked    map[string]string // the transformer of a column, by schema.table.column
	undecided map[string]bool   // columns that look sensitive, and that nobody has decided about
	copied    map[*catalog.Table]bool
}

func told(r *run) teller {
	t := teller{
		hidden: map[catalog.Name]bool{}, treeOf: map[string]*catalog.Table{}, masks: r.plan.Masks,
		masked: map[string]string{}, undecided: map[string]bool{}, copied: map[*catalog.Table]bool{},
	}
	for i := range r.plan.Tables {
		t.copied[r.plan.Tables[i].Table] = !r.plan.Tables[i].Keep.None
	}
	for _, name := range r.plan.Unreadable {
		t.hidden[name] = true
	}
	for _, table := range r.src.Database.Tables {
		t.treeOf[table.Name.Dotted()] = table
		for _, h := range table.Heaps {
			t.treeOf[h.Name.Dotted()] = table
		}
	}
	for _, c := range r.plan.Privacy.Masked {
		t.masked[c.Table+"."+c.Name] = c.Transformer()
	}
	for _, name := range r.plan.Privacy.Unmasked {
		t.undecided[name] = true
	}
	return t
}

// table tells whether a table may be named: what the role cannot read is not in the archive's schema either.
func (t teller) table(name catalog.Name) bool { return !t.hidden[name] }

// silent are the transformers that leave nothing of a column.
var silent = []string{"scrub", "null", "constant", "json", "sql", "template"}

// columnFact is what the server says of a column.
type columnFact struct {
	facts.Column
	label    bool // its values are labels of the schema, or true and false
	text     bool
	ranged   bool // its values are asked for by ranges more than one by one
	common   []string
	bounds   []string
	elements []string
	shares   []float64
	counts   []float64
}

// column is what may be told of one. How common values are says something of them, so that is told with the values, or
// of what nobody has to mask.
func (t teller) column(of facts.Table, f columnFact) (facts.Column, bool) {
	c, tree := f.Column, t.treeOf[of.Dotted()]
	if tree == nil { // nobody has decided about its values: a materialized view, or what belongs to an extension
		c.Correlation, c.Common = 0, nil
		return c, true
	}
	name := tree.Name.Dotted() + "." + c.Name
	as, masked := t.masked[name]
	switch {
	case slices.Contains(silent, as):
		return c, false
	case masked && t.copied[tree]:
		t.maskedValues(tree, &c, f)
	case masked || !t.copied[tree] || t.undecided[name] || t.computed(tree, c.Name):
		c.Correlation, c.Common = 0, nil
	default:
		plainValues(&c, f, of.Rows)
	}
	return c, true
}

// computed reports whether the server makes the column's values of others, some of which are masked or undecided.
func (t teller) computed(table *catalog.Table, column string) bool {
	i := slices.IndexFunc(table.Columns, func(c catalog.Column) bool { return c.Name == column })
	if i < 0 || !table.Columns[i].Generated {
		return false
	}
	return slices.ContainsFunc(table.Columns, func(c catalog.Column) bool {
		name := table.Name.Dotted() + "." + c.Name
		return t.masked[name] != "" || t.undecided[name]
	})
}

// maskedValues tells values as rows of an archive have them. Bounds are sorted as masked text, so that nothing is left
// of their order.
func (t teller) maskedValues(table *catalog.Table, c *facts.Column, f columnFact) {
	c.Masked, c.Common = true, nil
	if f.text && c.Width > longest {
		return
	}
	if common, ok := t.masks.Statistics(table, c.Name, f.common); ok {
		c.Values, c.Common = merged(common, f.Common)
	}
	if bounds, ok := t.masks.Statistics(table, c.Name, f.bounds); ok {
		slices.Sort(bounds)
		c.Bounds = bounds
	}
}

// merged adds up the shares of values that have become the same.
func merged(values []string, shares []float64) (different []*string, sums []float64) {
	at := map[string]int{}
	for i, v := range values {
		if i >= len(shares) {
			break
		}
		if first, ok := at[v]; ok {
			sums[first] += shares[i]
			continue
		}
		at[v] = len(different)
		different, sums = append(different, &v), append(sums, shares[i])
	}
	sort.Stable(sort.Reverse(byShare{different, sums}))
	return different, sums
}

// byShare sorts values and shares together.
type byShare struct {
	values []*string
	shares []float64
}

// Len is how many there are.
func (b byShare) Len() int { return len(b.shares) }

// Less compares shares.
func (b byShare) Less(i, j int) bool { return b.shares[i] < b.shares[j] }

// Swap exchanges two of both.
func (b byShare) Swap(i, j int) {
	b.values[i], b.values[j] = b.values[j], b.values[i]
	b.shares[i], b.shares[j] = b.shares[j], b.shares[i]
}

// plainValues tells of the most common values those that many rows have, in place of another amount or date the bound
// below it, and of texts between which bounds lie only what tells them apart.
func plainValues(c *facts.Column, f columnFact, rows float64) {
	if f.text && c.Width > longest {
		return
	}
	for i, v := range f.common {
		if i < len(f.Common) && (f.label || f.Common[i]*rows >= rarest) {
			c.Values = append(c.Values, &v)
			continue
		}
		c.Values = append(c.Values, f.below(v))
	}
	c.Bounds = f.bounds
	if f.text {
		c.Bounds = apart(f.bounds)
	}
	c.Elements = plainElements(f, rows)
}

// below is the bound of the histogram below an amount, a date or a time, or else the lowest, so that ranges have their
// rows; nil where there is none.
func (f columnFact) below(value string) *string {
	if !f.ranged || len(f.bounds) == 0 {
		return nil
	}
	at := sort.Search(len(f.bounds), func(i int) bool { return less(value, f.bounds[i]) })
	return &f.bounds[max(at-1, 0)]
}

// less compares numbers, or dates and times as the server's sessions of ours write them.
func less(a, b string) bool {
	x, notNumber := strconv.ParseFloat(a, 64)
	y, neither := strconv.ParseFloat(b, 64)
	if notNumber == nil && neither == nil {
		return x < y
	}
	return a < b
}

func plainElements(f columnFact, rows float64) *facts.Elements {
	const figures = 3 // that follow the shares
	if len(f.elements) == 0 || len(f.shares) < len(f.elements)+figures {
		return nil
	}
	e := &facts.Elements{Counts: f.counts}
	for i, v := range f.elements {
		if f.label || f.shares[i]*rows >= rarest {
			e.Values, e.Shares = append(e.Values, v), append(e.Shares, f.shares[i])
		}
	}
	if len(e.Values) == 0 {
		return nil
	}
	e.Shares = append(e.Shares, f.shares[len(f.elements):]...)
	return e
}

// apart shortens sorted texts to as many letters as tell each from the one before, and two more where that is not most
// of it: patterns such as 'ab%' are compared with bounds.
func apart(texts []string) []string {
	short := make([]string, 0, len(texts))
	for i, text := range texts {
		other := ""
		switch {
		case i > 0:
			other = texts[i-1]
		case len(texts) > 1:
			other = texts[1]
		}
		letters := []rune(text)
		least := utf8.RuneCountInString(text[:differs(text, other)])
		short = append(short, string(letters[:max(least, min(least+2, len(letters)*3/5))]))
	}
	return slices.Compact(short)
}

// differs is the length of a text up to the first letter that another one does not have there.
func differs(text, other string) int {
	same := 0
	for same < len(text) && same < len(other) && text[same] == other[same] {
		same++
	}
	for same > 0 && same < len(text) && !utf8.RuneStart(text[same]) {
		same--
	}
	if same == len(text) {
		return same
	}
	_, size := utf8.DecodeRuneInString(text[same:])
	return same + size
}

// isLabel reports whether the values of a type are part of the schema, or say yes or no.
func isLabel(kind, name string) bool { return kind == "e" || name == "bool" }

// isRanged reports whether a type is one for amounts, dates or times.
func isRanged(name string) bool {
	return strings.Contains(" numeric float4 float8 date time timetz timestamp timestamptz ", " "+name+" ")
}

// isText reports whether a type is one of those for texts.
func isText(name string) bool {
	return strings.Contains(" text varchar bpchar citext name ", " "+name+" ")
}
