package sink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// toc is the table of contents of an archive in the making: what
// pg_dump wrote of the schema, and what pg_dump would write for the data.
type toc struct {
	schema  *schema
	archive *pgarchive.Archive
	version int // of the source: the least a target may have
	nextID  int

	rows    map[uint32]*pgarchive.Entry // by the heap's oid
	inOrder []*pgarchive.Entry          // the same, in the order of the catalog
	names   map[*pgarchive.Entry]string // in COPY
	objects []*objects
	privacy string // in one line
	facts   string // as comments
}

func newTOC(s *schema, made *pgarchive.Archive, db *catalog.Database) *toc {
	c := &toc{schema: s, archive: made, version: db.Version, nextID: made.MaxID() + 1}
	c.rows, c.names = map[uint32]*pgarchive.Entry{}, map[*pgarchive.Entry]string{}
	tables := map[uint32]*pgarchive.Entry{}
	for _, e := range made.Entries {
		disown(e)
		if e.Kind == "TABLE" {
			tables[e.OID] = e
		}
	}
	for _, extra := range db.Extras {
		e := c.find("EXTENSION", catalog.Name{Name: extra.Extension})
		if e != nil && slices.Contains(s.extensions(), extra.Extension) {
			c.addRows(extra.Heap, e, nil, c.allRows()) // keys of the extension's are there already
		}
	}
	for _, part := range db.CopyOrder() {
		before := c.allRows()
		for _, t := range part {
			for _, h := range t.Heaps {
				if e := tables[h.OID]; e != nil {
					c.addRows(h, e, tables[t.OID], before)
				}
			}
		}
	}
	return c
}

// disown takes out what pg_dump puts into every archive for pg_restore to
// leave out: owners and tablespaces of the source's server.
func disown(e *pgarchive.Entry) {
	e.Owner = new("")
	if e.Tablespace != nil {
		e.Tablespace = new("")
	}
}

func (c *toc) id() int {
	c.nextID++
	return c.nextID - 1
}

// addRows adds the entry of a heap's rows, with all of its columns, to be loaded after those of other entries.
func (c *toc) addRows(h *catalog.Heap, table, root *pgarchive.Entry, after []int) {
	e := &pgarchive.Entry{
		ID: c.id(), OID: h.OID, Tag: new(h.Name.Name), Kind: "TABLE DATA", Section: pgarchive.Data,
		Schema: new(h.Name.Schema), Owner: new(""), Dependencies: append([]int{table.ID}, after...), HasData: true,
	}
	e.File = fmt.Sprintf("%d.dat", e.ID)
	var columns []string
	for _, column := range h.Table.Columns {
		if !column.Generated {
			columns = append(columns, column.Name)
		}
	}
	c.rows[h.OID] = e
	c.inOrder = append(c.inOrder, e)
	c.names[e] = spelled(h.Name, table)
	if h.Table.ByRoot && root != nil {
		c.names[e] = spelled(h.Table.Name, root)
		e.Definition = new("-- load via partition root " + c.names[e]) // as pg_dump says it to pg_restore
	}
	c.columns(e, columns)
}

// spelled is a table's name as pg_dump spells it. pg_restore compares it with
// that in COPY, to tell rows that are loaded by way of a partition's root.
func spelled(name catalog.Name, table *pgarchive.Entry) string {
	as, ok := strings.CutPrefix(strings.TrimSuffix(deref(table.Drop), ";\n"), "DROP TABLE ")
	if !ok {
		return name.String()
	}
	return as
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (c *toc) allRows() []int {
	ids := make([]int, len(c.inOrder))
	for i, e := range c.inOrder {
		ids[i] = e.ID
	}
	return ids
}

// columns says which columns the rows of an entry have.
func (c *toc) columns(e *pgarchive.Entry, columns []string) {
	e.Copy = new(copyInto(c.names[e], columns) + ";\n")
}

// complete returns the table of contents with all that follows the rows.
func (c *toc) complete(end subset.Ending) *pgarchive.Archive {
	p := c.schema.split(end.Dangling)
	c.schema.unvalidatable(&p, end.Dangling, c.version)
	edit := c.edits(p)
	var before, after, last []*pgarchive.Entry
	for _, e := range c.archive.Entries {
		change, kept := edit[e.ID]
		if !kept && !slices.Contains(always, e.Kind) {
			continue
		}
		if change != nil {
			e.Definition = new(change(statement(e)))
		}
		switch {
		case isEventTrigger(e):
			last = append(last, e)
		case e.Section == pgarchive.PostData || len(after) > 0:
			after = append(after, e)
		default:
			before = append(before, e)
		}
	}
	c.dependOnRows(after)
	for _, e := range after {
		if c.schema.late.adds(e.ID) {
			e.Dependencies = append(e.Dependencies, c.allRows()...)
		}
	}
	makeObjects, objects := c.objectEntries()
	data := slices.Concat(makeObjects, c.inOrder, c.sequences(end.Sequences), objects)
	refreshes := c.refreshes(end.MatViews)
	c.dependOn(last, refreshes)
	c.archive.Entries = slices.Concat(c.note(), c.told(), before, data, after, refreshes, last)
	return c.archive
}

// note is an entry for people who list the archive, with a statement that
// does nothing.
func (c *toc) note() []*pgarchive.Entry {
	if c.privacy == "" {
		return nil
	}
	return []*pgarchive.Entry{{
		ID: c.id(), Tag: new("personal data: " + c.privacy), Kind: "COMMENT", Section: pgarchive.PreData,
		Definition: new("-- personal data: " + c.privacy + "\n"), Drop: new(""), Owner: new(""),
	}}
}

// told is an entry with the facts of the source, for programs: comments, which do nothing.
func (c *toc) told() []*pgarchive.Entry {
	if c.facts == "" {
		return nil
	}
	return []*pgarchive.Entry{{
		ID: c.id(), Tag: new(facts.Tag), Kind: facts.Kind, Section: pgarchive.PreData,
		Definition: new(c.facts), Drop: new(""), Owner: new(""),
	}}
}

// always are the entries that pg_restore does not list, but needs: settings,
// and CREATE DATABASE for its option --create. The settings of the source's
// database are not among them, because secrets are among those.
var always = []string{"ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE"}

// edits lists by ID what is kept of the schema, and how its statement is
// changed, if it is: the same changes that a script has.
func (c *toc) edits(p post) map[int]func(string) string {
	edit := map[int]func(string) string{}
	for _, e := range slices.Concat(p.indexes, p.objects, p.foreignKeys, p.comments) {
		edit[e.ID] = nil
		if e.IsComment() && c.schema.onPolicy(e) {
			edit[e.ID] = func(s string) string { return guarded(s, missingObject, "comment left out") }
		}
	}
	for _, e := range p.unvalidated {
		edit[e.ID] = func(s string) string { return s + " NOT VALID;\n" }
	}
	for _, e := range p.roled {
		policy := c.schema.policy(e.OID)
		edit[e.ID] = func(s string) string { return guarded(s, missingObject, policy.leftOut(policy.Roles)) }
	}
	for _, e := range p.eventTriggers {
		edit[e.ID] = func(s string) string { return guarded(s, notSuperuser, eventTriggerLeftOut) }
	}
	return edit
}

// statement is an entry's without the semicolon.
func statement(e *pgarchive.Entry) string {
	return strings.TrimSuffix(strings.TrimSpace(deref(e.Definition)), ";")
}

// isEventTrigger also takes their comments. They come last, so that they do
// not fire for anything else: pg_restore itself only keeps them behind keys.
func isEventTrigger(e *pgarchive.Entry) bool {
	return e.Kind == "EVENT TRIGGER" || e.Kind == "COMMENT" && strings.HasPrefix(deref(e.Tag), "EVENT TRIGGER ")
}

func (c *toc) sequences(values []subset.SequenceValue) []*pgarchive.Entry {
	var set []*pgarchive.Entry
	for _, v := range values {
		e := c.find("SEQUENCE", v.Name)
		if v.Extension != "" {
			e = c.find("EXTENSION", catalog.Name{Name: v.Extension})
		}
		if e != nil {
			set = append(set, &pgarchive.Entry{
				ID: c.id(), Catalog: e.Catalog, OID: e.OID, Tag: new(v.Name.Name), Kind: "SEQUENCE SET",
				Section: pgarchive.Data, Definition: new(setvalSQL(v)), Drop: new(""), Schema: new(v.Name.Schema),
				Owner: new(""), Dependencies: []int{e.ID},
			})
		}
	}
	return set
}

// refreshes come one after the other, also when restored in parallel.
func (c *toc) refreshes(views []catalog.Name) []*pgarchive.Entry {
	var refreshes []*pgarchive.Entry
	for _, view := range views {
		e := c.find("MATERIALIZED VIEW", view)
		if e == nil {
			continue
		}
		refresh := &pgarchive.Entry{
			ID: c.id(), OID: e.OID, Tag: e.Tag, Kind: "MATERIALIZED VIEW DATA", Section: pgarchive.PostData,
			Definition: new(refreshSQL(view)), Drop: new(""), Schema: e.Schema, Owner: new(""),
			Dependencies: []int{e.ID},
		}
		c.dependOn([]*pgarchive.Entry{refresh}, refreshes)
		refreshes = append(refreshes, refresh)
	}
	return refreshes
}

// dependOn puts entries behind the last of others.
func (c *toc) dependOn(entries, others []*pgarchive.Entry) {
	if len(others) == 0 {
		return
	}
	for _, e := range entries {
		e.Dependencies = append(e.Dependencies, others[len(others)-1].ID)
	}
}

func (c *toc) find(kind string, name catalog.Name) *pgarchive.Entry {
	for _, e := range c.archive.Entries {
		if e.Is(kind, name.Schema, name.Name) {
			return e
		}
	}
	return nil
}
