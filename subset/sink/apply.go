package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// statements are the entries of the schema's archive with their SQL, by ID.
// Running them over connections that are open anyway, what does not get into
// each other's way at the same time, saves starting pg_restore several times,
// and its connections.
type statements struct {
	entries  map[int]*pgarchive.Entry
	sections map[int]pgarchive.Section
}

// readStatements reads the archive. There is nothing, and no error, when it is
// of a version that only its own pg_restore knows.
func readStatements(path string) (*statements, error) {
	made, err := readArchive(path)
	var unknown *pgarchive.VersionError
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &statements{entries: map[int]*pgarchive.Entry{}, sections: map[int]pgarchive.Section{}}
	section := pgarchive.PreData
	for _, e := range made.Entries {
		if e.Section != pgarchive.None {
			section = e.Section // a comment is in that of what it is about
		}
		s.entries[e.ID], s.sections[e.ID] = e, section
	}
	return s, nil
}

// of is those of the entries that are in a section.
func (s *statements) of(section pgtool.Section, entries []pgtool.Entry) []*pgarchive.Entry {
	want := pgarchive.PreData
	if section == pgtool.PostData {
		want = pgarchive.PostData
	}
	var found []*pgarchive.Entry
	for _, e := range entries {
		if made := s.entries[e.ID]; made != nil && s.sections[e.ID] == want {
			found = append(found, made)
		}
	}
	return found
}

// apply runs one entry as pg_restore would, without owner and tablespace.
func apply(ctx context.Context, conn *pgconn.PgConn, e *pgarchive.Entry) error {
	sql := ""
	if e.Definition != nil {
		sql = *e.Definition
	}
	if e.Is("SCHEMA", "", "public") && strings.HasPrefix(sql, "CREATE SCHEMA public;") {
		sql = "CREATE SCHEMA IF NOT EXISTS public"
	}
	if e.AccessMethod != nil && *e.AccessMethod != "" && e.RelKind != 'p' {
		sql = "SET default_table_access_method = " + catalog.Quote(*e.AccessMethod) + ";\n" + sql
	}
	if strings.TrimSpace(sql) == "" {
		return nil
	}
	_, err := conn.Exec(ctx, sql).ReadAll()
	return serverError(describe(e), err)
}

// describe names an entry as pg_restore --list does.
func describe(e *pgarchive.Entry) string {
	name := strings.ToLower(e.Kind)
	if e.Schema != nil && *e.Schema != "" {
		name += " " + *e.Schema
	}
	if e.Tag != nil {
		name += " " + *e.Tag
	}
	return strings.Join(strings.Fields(name), " ")
}

// inOrder runs entries one after the other.
func (d *database) inOrder(ctx context.Context, section pgtool.Section, entries []pgtool.Entry) error {
	if d.statements == nil {
		return d.restore(ctx, section, entries, 1)
	}
	for _, e := range d.statements.of(section, entries) {
		if err := apply(ctx, d.control, e); err != nil {
			return fmt.Errorf("%s: %w", section, err)
		}
	}
	return nil
}

// together runs entries of the post-data section on all connections, those
// that lock a common table one after the other. Largest tables come first.
func (d *database) together(ctx context.Context, entries []pgtool.Entry, jobs int) error {
	if d.statements == nil {
		return d.restore(ctx, pgtool.PostData, entries, jobs)
	}
	var tasks []task
	for _, e := range d.statements.of(pgtool.PostData, entries) {
		tasks = append(tasks, task{tables: d.locks(e), do: func(ctx context.Context, conn *pgconn.PgConn) error {
			return apply(ctx, conn, e)
		}})
	}
	if err := d.share(ctx, tasks); err != nil {
		return fmt.Errorf("%s: %w", pgtool.PostData, err)
	}
	return nil
}

// locks are the tables that an entry takes a strong lock on: both ends of a
// foreign key, partitions counted with their table, else the table it is on.
func (d *database) locks(e *pgarchive.Entry) []uint32 {
	for _, k := range d.source.ForeignKeys {
		if e.Catalog == pgtool.Constraints && k.OID == e.OID {
			return []uint32{k.Child.OID, k.Parent.OID}
		}
	}
	var tables []uint32
	for _, id := range e.Dependencies {
		if on := d.statements.entries[id]; on != nil && on.Kind == "TABLE" {
			tables = append(tables, d.rootOf(on.OID))
		}
	}
	return tables
}

func (d *database) rootOf(oid uint32) uint32 {
	for _, t := range d.source.Tables {
		if slices.ContainsFunc(t.Heaps, func(h *catalog.Heap) bool { return h.OID == oid }) {
			return t.OID
		}
	}
	return oid
}
