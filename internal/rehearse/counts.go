package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// How many rows a change touches in production, it is asked only where the condition has no literal: whoever chooses
// literals could find out by counts what is in rows (WHERE email LIKE 'a%'), however rough these are, since by another
// condition in the same statement they can be brought to the very edge of a rounding. Columns and words alone say of no
// row which one it is. Of all other changes their share of the rows here is told.

// fewest is from how many on rows are told of: how many fewer there are, nobody is told.
const fewest = 1_000

// tests are the words that a condition may have behind a column.
var tests = []string{
	"", "IS NULL", "IS NOT NULL", "IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN",
	"= TRUE", "= FALSE",
}

// counts asks of each change of rows how many they are in production, as long as the table has the rows and the columns
// there that it has at that moment here.
func (w *Watch) counts(r *Report) []*Question {
	var all []*Question
	changed := map[string]bool{}
	for _, s := range r.Statements {
		one := w.tracer.steps[s.Number-1]
		if sqltext.Has(one.text, "rename") {
			return all
		}
		if q := w.count(one); q != nil && s.Code == "" && !changed[q.Schema+"."+q.Table] {
			q.Statement = s.Number
			all = append(all, q)
		}
		for _, table := range s.touched() {
			changed[table] = true
		}
	}
	return all
}

// count is the question how many rows a statement changes; nil where that cannot be asked, or all are changed.
func (w *Watch) count(one *step) *Question {
	name, where, ok := sqltext.Changed(one.text)
	if !ok || where == nil {
		return nil
	}
	table, there := w.before.named(name.Schema, name.Name)
	if !there || table.Kind != "r" && table.Kind != "p" || !w.meets(*where, table) {
		return nil
	}
	return &Question{
		Kind: askRows, Schema: table.Schema, Table: table.Name, Columns: where.Columns(), Where: where,
	}
}

// meets tells whether production has all that a condition names.
func (w *Watch) meets(c sqltext.Condition, table Relation) bool {
	if len(c.Of) > 0 {
		return !slices.ContainsFunc(c.Of, func(of sqltext.Condition) bool { return !w.meets(of, table) })
	}
	d, there := w.details[detail{kind: detailColumn, table: table.OID, name: c.Column}.key()]
	return there && (!c.Boolean() || d.what == "boolean")
}

// touched are the tables whose rows it has changed, by functions and triggers too.
func (s *Statement) touched() []string {
	var all []string
	for _, c := range s.Changes {
		all = append(all, c.Table)
	}
	for _, l := range s.Locks {
		if l.Mode == "RowExclusiveLock" {
			all = append(all, l.Table)
		}
	}
	return all
}

// countSQL counts the rows that a condition holds for. It may have come a long way by then: what is not as a condition
// has to be makes no SQL.
func (q *Question) countSQL() string {
	if q.Where == nil {
		return ""
	}
	where, ok := conditionSQL(*q.Where, 0)
	if !ok {
		return ""
	}
	return fmt.Sprintf("SELECT pg_catalog.count(*) FROM %s.%s AS c WHERE %s", quote(q.Schema), quote(q.Table), where)
}

// deepest is how deep a condition may be.
const deepest = 50

func conditionSQL(c sqltext.Condition, level int) (sql string, ok bool) {
	var parts []string
	for _, of := range c.Of {
		part, ok := conditionSQL(of, level+1)
		if !ok || level == deepest {
			return "", false
		}
		parts = append(parts, part)
	}
	switch {
	case len(c.Of) == 0 && slices.Contains(tests, c.Word):
		return "(c." + quote(c.Column) + " " + strings.Replace(c.Word, "=", "OPERATOR(pg_catalog.=)", 1) + ")", true
	case len(c.Of) == 1 && c.Word == "NOT":
		return "(NOT " + parts[0] + ")", true
	case len(c.Of) > 1 && (c.Word == "AND" || c.Word == "OR"):
		return "(" + strings.Join(parts, " "+c.Word+" ") + ")", true
	}
	return "", false
}

// counted says how many rows there are, in a sentence.
func (q *Question) counted() string {
	what := fmt.Sprintf("rows of %s statement %d changes", shortName(q.Schema+"."+q.Table), q.Statement)
	switch {
	case !q.Asked && q.Failed == "":
		return "production was not asked how many " + what
	case !q.Asked:
		return fmt.Sprintf("production was not asked how many %s: %s", what, q.Failed)
	case q.Rows < fewest:
		return fmt.Sprintf("production has been asked: fewer than %s %s", document.Number(fewest), what)
	}
	return fmt.Sprintf("production has been asked: about %s %s", document.Number(q.Rows), what)
}

// roughly keeps two digits of a count, and nothing of one below fewest.
func roughly(rows int64) int64 {
	if rows < fewest {
		return 0
	}
	step := int64(1)
	for rows/step >= 100 {
		step *= 10
	}
	return (rows + step/2) / step * step
}

// addShares says of each change how many rows there would be in production, by their share of the table here.
func (r *Report) addShares() {
	for _, s := range r.Statements {
		for i := range s.Changes {
			c := &s.Changes[i]
			if size, known := r.size(c.Table); known && size.Rows > 0 && !s.givesRows() {
				c.There = float64(c.Rows) * size.There / float64(size.Rows)
			}
		}
	}
}

// Recount puts what production has counted in the place of the shares, and says anew how long that takes there.
func (r *Report) Recount() {
	for _, q := range r.Questions {
		if q.Kind != askRows || !q.Asked || q.Statement < 1 || q.Statement > len(r.Statements) {
			continue
		}
		s := r.Statements[q.Statement-1]
		i := slices.IndexFunc(s.Changes, func(c Change) bool { return c.Table == q.Schema+"."+q.Table })
		if i < 0 {
			continue
		}
		c := &s.Changes[i]
		if c.There > 0 && s.Production != nil && len(s.works()) == 1 {
			s.Production.times(float64(max(q.Rows, fewest)) / c.There)
			s.Production.Basis += "; rows as production counts them"
		}
		c.There, c.Counted = float64(q.Rows), true
	}
	for _, s := range r.Statements {
		s.Held = nil
	}
	r.holdThere()
}

func (f *Forecast) times(n float64) { f.Seconds, f.Low, f.High = f.Seconds*n, f.Low*n, f.High*n }

// String says what was changed, and how many rows that are in production.
func (c Change) String() string {
	what := fmt.Sprintf("%s of %s of %s", strings.ToLower(c.Operation), plural(c.Rows), shortName(c.Table))
	there := roughly(int64(c.There))
	switch {
	case there > 0:
		return what + ", about " + document.Number(there) + " in production"
	case c.Counted:
		return what + ", fewer than " + document.Number(fewest) + " in production"
	}
	return what
}
