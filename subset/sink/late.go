package sink

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// late are the CHECK constraints that come after all rows, because they may read other rows than those they are on. One
// that the kept rows break is added NOT VALID, with a warning, as PostgreSQL keeps it in the source.
type late struct {
	entries map[int]bool    // that add one, by ID
	raised  map[string]bool // the schema's
}

func (l *late) adds(id int) bool { return l.entries[id] }

// put takes each constraint off what it is on, where that is made, and adds it at the end with its comment.
func (l *late) put(a *pgarchive.Archive, checks []catalog.LateCheck, replacer *strings.Replacer) {
	l.entries = map[int]bool{}
	made := map[uint32]*pgarchive.Entry{}
	for _, e := range a.Entries {
		if e.Kind == "TABLE" || e.Kind == "DOMAIN" {
			made[e.OID] = e
		}
	}
	for _, c := range checks {
		of := made[c.OfOID]
		if of == nil {
			continue
		}
		drop := alter(c) + " DROP CONSTRAINT IF EXISTS " + catalog.Quote(c.Name) + ";\n"
		of.Definition = new(deref(of.Definition) + drop)
		if !c.Local {
			continue // it comes from the table that this one inherits from
		}
		e := l.entry(c, of, a.MaxID()+1, replacer)
		comments := takeComments(a, c)
		for _, comment := range comments {
			comment.Dependencies = []int{e.ID}
		}
		a.Entries = append(append(a.Entries, e), comments...)
	}
}

// entry is as pg_dump makes it of a constraint that is not validated, but for the statement.
func (l *late) entry(c catalog.LateCheck, of *pgarchive.Entry, id int, replacer *strings.Replacer) *pgarchive.Entry {
	add := alter(c) + " ADD CONSTRAINT " + catalog.Quote(c.Name) + " " + replacer.Replace(c.Definition)
	what := "check constraint " + c.Name + " of " + c.Of.Dotted() + " added NOT VALID: "
	unproved := func(why string) string {
		l.raised[what+why] = true
		return "EXECUTE " + catalog.Literal(add+" NOT VALID") +
			"; RAISE WARNING USING MESSAGE = " + catalog.Literal(what+why) + ";"
	}
	l.entries[id] = true
	inside := ""
	if c.Domain {
		inside = " WHEN feature_not_supported THEN " +
			unproved("PostgreSQL cannot look for the domain's values in arrays and composite types")
	}
	body := "BEGIN EXECUTE " + catalog.Literal(add) + "; EXCEPTION WHEN check_violation THEN " +
		unproved("kept rows break it") + inside + " WHEN " + anyFault + " THEN " + unlessServer() +
		unproved("it fails on the kept rows") + " END"
	return &pgarchive.Entry{
		ID: id, Catalog: 2606, OID: c.OID, Tag: new(c.Of.Name + " " + c.Name), Kind: "CHECK CONSTRAINT",
		Section: pgarchive.PostData, Definition: new("DO LANGUAGE plpgsql " + catalog.Literal(body) + ";\n"),
		Drop:   new(alter(c) + " DROP CONSTRAINT " + catalog.Quote(c.Name) + ";\n"),
		Schema: of.Schema, Owner: new(""), Dependencies: []int{of.ID},
	}
}

func alter(c catalog.LateCheck) string {
	if c.Domain {
		return "ALTER DOMAIN " + c.Of.String()
	}
	return "ALTER TABLE " + c.Of.String()
}

// takeComments takes those on a constraint out of the archive.
func takeComments(a *pgarchive.Archive, c catalog.LateCheck) []*pgarchive.Entry {
	on := ""
	if c.Domain {
		on = "DOMAIN "
	}
	var taken []*pgarchive.Entry
	a.Entries = slices.DeleteFunc(a.Entries, func(e *pgarchive.Entry) bool {
		if e.Kind != "COMMENT" || deref(e.Schema) != c.Of.Schema || !names(deref(e.Tag), c, on) {
			return false
		}
		taken = append(taken, e)
		return true
	})
	return taken
}

// names recognizes the tag of a comment on a constraint; pg_dump quotes each name only where it must.
func names(tag string, c catalog.LateCheck, on string) bool {
	for _, n := range []string{c.Name, catalog.Quote(c.Name)} {
		for _, o := range []string{c.Of.Name, catalog.Quote(c.Of.Name), c.Of.String(), c.Of.Dotted()} {
			if tag == "CONSTRAINT "+n+" ON "+on+o {
				return true
			}
		}
	}
	return false
}

// notice takes down what we ourselves have the target warn of: other warnings are of somebody's functions, and may
// quote rows.
func (d *database) notice(_ *pgconn.PgConn, n *pgconn.Notice) {
	if !d.schema.mayRaise()[n.Message] {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.warnings = append(d.warnings, n.Message)
}
