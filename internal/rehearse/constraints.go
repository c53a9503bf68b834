package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// foreignKeys are added unproved first: that locks both tables for a moment, and the proof keeps nobody waiting.
// https://www.postgresql.org/docs/current/sql-altertable.html
func (x statement) foreignKeys() Advice {
	if !x.scans(true) || x.t.Kind == "p" && x.version < 180000 {
		return Advice{}
	}
	return x.unproved("f", "it checks all rows for a foreign key while nobody can write")
}

// checks likewise.
func (x statement) checks() Advice {
	if !x.scans(false) || !sqltext.Has(x.one.text, "check") {
		return Advice{}
	}
	return x.unproved("c", "it reads all rows for a CHECK while nobody can read or write")
}

// unproved adds the new constraints of a kind as NOT VALID, and proves them.
func (x statement) unproved(kind, why string) Advice {
	fresh := slices.DeleteFunc(x.known.fresh(x.before, detailConstraint, x.t.OID),
		func(d detail) bool { return d.what != kind || !d.flag })
	var texts []string
	for _, d := range x.named(fresh) {
		texts = append(texts,
			fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID", x.table, quote(d.name), d.definition),
			fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", x.table, quote(d.name)))
	}
	if len(texts) == 0 {
		return Advice{}
	}
	return plain(why, texts...)
}

// notNull has the columns proved by a constraint first.
func (x statement) notNull() Advice {
	if !x.scans(false) || x.rewrites() || !sqltext.Has(x.one.text, "not", "null") {
		return Advice{}
	}
	var texts []string
	for _, d := range x.known.of(detailColumn, x.t.OID) {
		was, there := x.before[d.key()]
		if d.flag && there && !was.flag && sqltext.Names(x.one.text, d.name) {
			texts = append(texts, x.proveNotNull(d.name)...)
		}
	}
	if len(texts) == 0 {
		return Advice{}
	}
	return plain("it reads all rows for NOT NULL while nobody can read or write", texts...)
}

// proveNotNull are the statements for one column. From 18 on NOT NULL can be unproved itself; before, SET NOT NULL does
// not read what a valid CHECK says.
func (x statement) proveNotNull(column string) []string {
	name := quote(sqltext.Short(x.t.Name+"_"+column, 50) + "_not_null")
	if x.version >= 180000 {
		return []string{
			fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %s NOT VALID", x.table, name, quote(column)),
			fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", x.table, name),
		}
	}
	return []string{
		fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", x.table, name, quote(column)),
		fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", x.table, name),
		fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", x.table, quote(column)),
		fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", x.table, name),
	}
}

// indexes are built while others write.
func (x statement) indexes() Advice {
	again := []string{"REINDEX", "VACUUM", "CLUSTER", "TRUNCATE"} // which build what was there
	if x.rewrites() || x.t.Kind == "p" || slices.Contains(again, x.one.verb) {
		return Advice{}
	}
	var texts []string
	for _, b := range x.s.Builds {
		fresh := x.known.fresh(x.before, detailIndex, x.t.OID)
		i := slices.IndexFunc(fresh, func(d detail) bool { return d.name == b.Index })
		if b.Table != x.t.Dotted() || i < 0 {
			continue
		}
		d := fresh[i]
		texts = append(texts, strings.Replace(d.definition, "INDEX ", "INDEX CONCURRENTLY ", 1))
		if d.made {
			texts = append(texts, x.byIndex(d)...)
		}
	}
	if len(texts) == 0 {
		return Advice{}
	}
	return plain("it builds an index while nobody can write", texts...)
}

// byIndex makes a constraint of an index that is there. Columns of a primary key that may be null have to be proved.
func (x statement) byIndex(d detail) []string {
	c := x.known[detail{kind: detailConstraint, table: d.table, name: d.name}.key()]
	switch c.what {
	case "u":
		return []string{
			fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %[2]s", x.table, quote(d.name)),
		}
	case "p":
		var texts []string
		for _, column := range x.known.of(detailColumn, d.table) {
			if was, there := x.before[column.key()]; there && column.flag && !was.flag {
				texts = append(texts, x.proveNotNull(column.name)...)
			}
		}
		return append(texts,
			fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY USING INDEX %[2]s", x.table, quote(d.name)))
	}
	return nil
}

// dropIndex waits for nobody and has nobody wait.
func (x statement) dropIndex() Advice {
	if x.one.verb != "DROP INDEX" {
		return Advice{}
	}
	for _, d := range x.before.of(detailIndex, x.t.OID) {
		if _, there := x.known[d.key()]; !there && sqltext.Names(x.one.text, d.name) && x.t.Kind != "p" {
			return plain("it waits for all who use the table, and everybody waits for it",
				"DROP INDEX CONCURRENTLY "+quote(d.what)+"."+quote(d.name))
		}
	}
	return Advice{}
}

// other is what has a form of its own that keeps nobody waiting.
func (x statement) other() Advice {
	switch {
	case x.one.verb == "VACUUM" && sqltext.Has(x.one.text, "full"):
		return plain("it rewrites the table while nobody can read or write", "VACUUM "+x.table)
	case x.one.verb == "REINDEX":
		return plain("it builds indexes while nobody can write", "REINDEX TABLE CONCURRENTLY "+x.table)
	}
	return Advice{}
}
