package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// repeated is a step that is done until it finds no more rows.
func repeated(text string) Step {
	return Step{SQL: sqltext.Shape(text), Repeat: true, text: text}
}

// fill is an update of the rows that a condition holds for, some at a time.
func (x statement) fill(set, where string) Step {
	step := repeated(fmt.Sprintf("UPDATE %[1]s SET %[2]s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[1]s WHERE %[3]s "+
		"LIMIT %[4]d))", x.table, set, where, batch))
	step.SQL = strings.Replace(step.SQL, "LIMIT ?)", fmt.Sprintf("LIMIT %d)", batch), 1)
	return step
}

// rewrite is done by new columns that are filled in batches.
func (x statement) rewrite() Advice {
	if !x.rewrites() || x.one.verb != "ALTER TABLE" || x.t.Kind != "r" {
		return Advice{}
	}
	advice := Advice{}
	for _, d := range x.known.of(detailColumn, x.t.OID) {
		was, there := x.before[d.key()]
		if !sqltext.Names(x.one.text, d.name) {
			continue
		}
		switch {
		case !there && !d.made && d.definition != "":
			x.addColumn(&advice, d)
		case there && was.what != d.what:
			x.changeType(&advice, d)
		}
	}
	return advice
}

// addColumn adds a column without rows being written, and fills it.
func (x statement) addColumn(advice *Advice, d detail) {
	column := quote(d.name)
	add := plain("a default that differs from row to row rewrites the table while nobody can read or write",
		fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", x.table, column, d.what))
	if sequence := sqltext.Sequence(d.definition); sequence != "" {
		add.Steps = append(plain("", "CREATE SEQUENCE IF NOT EXISTS "+sequence).Steps, add.Steps...)
	}
	add.Steps = append(add.Steps, plain("",
		fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", x.table, column, d.definition)).Steps...)
	add.Steps = append(add.Steps, x.fill(column+" = DEFAULT", column+" IS NULL"))
	if d.flag {
		add.Steps = append(add.Steps, plain("", x.proveNotNull(d.name)...).Steps...)
	}
	advice.Why, advice.Steps = add.Why, append(advice.Steps, add.Steps...)
}

// changeType makes a second column that a trigger keeps, fills it, and puts it in the place of the first: expand and
// contract. What the application does in between is the team's to decide.
func (x statement) changeType(advice *Advice, d detail) {
	column, other := quote(d.name), quote(sqltext.Short(d.name, 50)+"_new")
	keep := quote(x.t.Schema) + "." + quote(sqltext.Short(x.t.Name+"_"+d.name, 50)+"_keep")
	name := quote(sqltext.Short(x.t.Name+"_"+d.name, 50) + "_keep")
	change := plain("another type rewrites the table while nobody can read or write: a second column, kept by a "+
		"trigger and filled in batches, takes its place (indexes, constraints and default of the first have to be "+
		"made for it before)",
		fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", x.table, other, d.what),
		fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $keep$ BEGIN NEW.%s := NEW.%s; "+
			"RETURN NEW; END $keep$", keep, other, column),
		fmt.Sprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %s()", name, x.table,
			keep))
	change.Steps[1].SQL = fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger … NEW.%s := NEW.%s", keep, other, column)
	change.Steps = append(change.Steps, x.fill(fmt.Sprintf("%s = %s::%s", other, column, d.what),
		fmt.Sprintf("%s IS NULL AND %s IS NOT NULL", other, column)))
	change.Steps = append(change.Steps, plain("",
		fmt.Sprintf("BEGIN; DROP TRIGGER %s ON %s; ALTER TABLE %[2]s DROP COLUMN %[3]s; "+
			"ALTER TABLE %[2]s RENAME COLUMN %[4]s TO %[3]s; DROP FUNCTION %[5]s(); COMMIT", name,
			x.table, column, other, keep)).Steps...)
	advice.Why, advice.Steps = change.Why, append(advice.Steps, change.Steps...)
}

// manyRows is from how many on rows are better changed in batches.
const manyRows = 1_000

// changes of many rows lock them all until the end: in batches by the primary key they lock few at a time.
func (x statement) changes() Advice {
	i := slices.IndexFunc(x.s.Changes, func(c Change) bool { return c.Table == x.t.Dotted() && c.Rows >= manyRows })
	if i < 0 || x.one.verb != "UPDATE" && x.one.verb != "DELETE" || sqltext.Parameters(x.one.text) {
		return Advice{}
	}
	key := x.wholeKey()
	text, ok := sqltext.Narrowed(x.one.text, key+" >= :low AND "+key+" < :high")
	if key == "" || !ok {
		return Advice{}
	}
	one := Step{
		SQL: sqltext.Shape(text), Repeat: true,
		bounds: fmt.Sprintf("SELECT pg_catalog.min(%[1]s), pg_catalog.max(%[1]s) FROM %[2]s", key, x.table),
		narrow: func(low, high int64) string {
			text, _ := sqltext.Narrowed(x.one.text, fmt.Sprintf("%[1]s >= %[2]d AND %[1]s < %[3]d", key, low, high))
			return text
		},
	}
	return Advice{Why: "it locks all rows that it changes until its transaction ends", Steps: []Step{one}}
}

// wholeKey is a primary key of one whole number, quoted; empty: there is none.
func (x statement) wholeKey() string {
	for _, c := range x.known.of(detailConstraint, x.t.OID) {
		if c.what != "p" {
			continue
		}
		for _, column := range x.known.of(detailColumn, x.t.OID) {
			name := quote(column.name)
			whole := slices.Contains([]string{"smallint", "integer", "bigint"}, column.what)
			if whole && (c.definition == "PRIMARY KEY ("+column.name+")" || c.definition == "PRIMARY KEY ("+name+")") {
				return name
			}
		}
	}
	return ""
}
