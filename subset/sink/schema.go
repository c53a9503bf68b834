package sink

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// schema is the source's schema in an archive file, and what is to be taken
// out of it.
type schema struct {
	tools    *pgtool.Tools
	dir      workspace // for the archive and lists of its entries
	archive  string
	entries  []pgtool.Entry // in the archive's order, without what is never wanted
	policies []policy
	late     late
	raised   map[string]bool // warnings that statements of the archive may raise
	warnings []string
	lists    int
}

// dumpSchema takes the source's schema in the snapshot of its rows.
func dumpSchema(ctx context.Context, from subset.Origin) (*schema, error) {
	tools, err := pgtool.Find(ctx, from.Catalog.Version/10000)
	if err != nil {
		return nil, err
	}
	s := &schema{tools: tools}
	if s.dir, err = makeWorkspace(); err != nil {
		return nil, err
	}
	s.archive = filepath.Join(s.dir.path, "archive")
	if err := s.read(ctx, from); err != nil {
		_ = s.close()
		return nil, err
	}
	return s, nil
}

func (s *schema) read(ctx context.Context, from subset.Origin) error {
	dump := pgtool.Dump{
		Snapshot: from.Snapshot, Encoding: encoding(from.Catalog), Path: s.archive, Wait: from.LockTimeout,
	}
	for _, name := range from.Excluded {
		dump.Exclude = append(dump.Exclude, name.String())
	}
	if err := s.dump(ctx, from, dump); err != nil {
		return err
	}
	s.policies = policiesOf(from.Catalog)
	if err := s.rewrite(from); err != nil {
		return err
	}
	entries, err := s.tools.List(ctx, s.archive)
	if err != nil {
		return err
	}
	s.entries = without(s.wanted(entries), func(e pgtool.Entry) bool {
		return e.Catalog == pgtool.Extensions && slices.Contains(from.Skip, extensionOf(e))
	})
	return nil
}

// dump has pg_dump write the archive, by the way to the source. That it is gone is
// worth more than what pg_dump says of the server then.
func (s *schema) dump(ctx context.Context, from subset.Origin, dump pgtool.Dump) error {
	passage, err := pgtool.OpenPassage(ctx, from.Way, from.URL, from.Server, s.dir.path)
	if err != nil {
		return err
	}
	err = s.runDump(ctx, from, passage.Env, dump)
	if fault := passage.Close(); fault != nil && err != nil {
		return fault
	}
	return err
}

// encoding is that of the archive and of the rows: UTF8 can hold what any
// server stores, save SQL_ASCII, which are bytes without a meaning.
func encoding(source *catalog.Database) string {
	if source.Encoding == "SQL_ASCII" {
		return "SQL_ASCII"
	}
	return "UTF8"
}

// wanted drops what no target should get: user mappings, which hold
// passwords, and comments on what a target brings along and does not own.
func (s *schema) wanted(entries []pgtool.Entry) []pgtool.Entry {
	var kept []pgtool.Entry
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Text, "USER MAPPING "): // pg_dump gives it no oids
			s.warnings = append(s.warnings, "user mapping left out, because it may hold a password: "+
				strings.TrimPrefix(e.Text, "USER MAPPING - USER MAPPING "))
		case strings.HasPrefix(e.Text, "STATISTICS DATA "): // pg_dump 18 may add it: common values of columns, unmasked
		case e.IsCommentOn("SCHEMA public"), strings.HasPrefix(e.Text, "COMMENT - EXTENSION "):
		default:
			kept = append(kept, e)
		}
	}
	return kept
}

// extensions returns the names of the extensions the schema needs.
func (s *schema) extensions() []string {
	var names []string
	for _, e := range s.entries {
		if e.Catalog == pgtool.Extensions {
			names = append(names, extensionOf(e))
		}
	}
	return names
}

func extensionOf(e pgtool.Entry) string { return strings.TrimPrefix(e.Text, "EXTENSION - ") }

// post is the post-data section, in the order in which it is written.
type post struct {
	indexes       []pgtool.Entry // indexes, primary and unique keys: each touches one table
	objects       []pgtool.Entry // what else there is: attached indexes, triggers, rules, policies
	foreignKeys   []pgtool.Entry // after all indexes
	unvalidated   []pgtool.Entry // keys that kept rows break: added NOT VALID
	roled         []pgtool.Entry // policies that name roles
	comments      []pgtool.Entry
	eventTriggers []pgtool.Entry // last, so that they do not fire for the above
}

// split sorts the entries after the data. Entries of the pre-data section are
// among them; pg_restore skips them by section.
func (s *schema) split(dangling []*catalog.ForeignKey) post {
	var p post
	broken := map[uint32]bool{}
	for _, key := range dangling {
		broken[key.OID] = true
	}
	for _, e := range s.entries {
		switch {
		case e.Catalog == pgtool.Constraints && broken[e.OID]:
			p.unvalidated = append(p.unvalidated, e)
		case e.Catalog == pgtool.Policies && s.policy(e.OID) != nil:
			p.roled = append(p.roled, e)
		case e.Catalog == pgtool.EventTriggers, strings.HasPrefix(e.Text, "COMMENT - EVENT TRIGGER "):
			p.eventTriggers = append(p.eventTriggers, e)
		case e.IsComment():
			p.comments = append(p.comments, e)
		case strings.HasPrefix(e.Text, "INDEX ") && !strings.HasPrefix(e.Text, "INDEX ATTACH "),
			strings.HasPrefix(e.Text, "CONSTRAINT "):
			p.indexes = append(p.indexes, e)
		case strings.HasPrefix(e.Text, "FK CONSTRAINT "):
			p.foreignKeys = append(p.foreignKeys, e)
		default:
			p.objects = append(p.objects, e)
		}
	}
	return p
}

// unvalidatable tells which of the keys cannot be added NOT VALID to a server
// of that version, returns the rest, and drops comments on the former.
// https://www.postgresql.org/docs/18/release-18.html allows it on partitioned tables.
func (s *schema) unvalidatable(p *post, dangling []*catalog.ForeignKey, version int) {
	if version >= 180000 {
		return
	}
	for _, key := range dangling {
		if len(key.ChildHeaps) == 1 && key.ChildHeaps[0].Name == key.ChildRel {
			continue
		}
		p.unvalidated = without(p.unvalidated, func(e pgtool.Entry) bool { return e.OID == key.OID })
		p.comments = without(p.comments, func(e pgtool.Entry) bool {
			return commentsOn(e, "CONSTRAINT", key.Name, key.ChildRel.Name)
		})
		s.warnings = append(s.warnings, fmt.Sprintf(
			"foreign key %s of %s left out: kept rows break it as rows of the source do, and before PostgreSQL 18 "+
				"a partitioned table cannot have it NOT VALID",
			key.Name, key.ChildRel))
	}
}

func without(entries []pgtool.Entry, drop func(pgtool.Entry) bool) []pgtool.Entry {
	var kept []pgtool.Entry
	for _, e := range entries {
		if !drop(e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// commentsOn recognizes COMMENT ON kind name ON table; pg_dump quotes each
// name only where it must.
func commentsOn(e pgtool.Entry, kind, name, table string) bool {
	for _, n := range []string{name, catalog.Quote(name)} {
		for _, t := range []string{table, catalog.Quote(table)} {
			if e.IsCommentOn(kind + " " + n + " ON " + t) {
				return true
			}
		}
	}
	return false
}

// take says which entries of a section to restore.
func (s *schema) take(section pgtool.Section, entries []pgtool.Entry) (pgtool.Restore, error) {
	s.lists++
	path := filepath.Join(s.dir.path, "list"+strconv.Itoa(s.lists))
	r := pgtool.Restore{Archive: s.archive, Section: section, Contents: path}
	return r, pgtool.WriteList(path, entries)
}

// script returns the statements of some entries of a section, tidied up.
func (s *schema) script(ctx context.Context, section pgtool.Section, entries []pgtool.Entry) (string, error) {
	if len(entries) == 0 {
		return "", nil
	}
	r, err := s.take(section, entries)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := s.tools.Script(ctx, r, &out); err != nil {
		return "", err
	}
	return tidy(out.String()), nil
}

// statement returns the one statement of an entry of the post-data section,
// without the semicolon.
func (s *schema) statement(ctx context.Context, e pgtool.Entry) (string, error) {
	text, err := s.script(ctx, pgtool.PostData, []pgtool.Entry{e})
	if err != nil {
		return "", err
	}
	_, body, ok := strings.Cut(text, "\n-- Name: ")
	if !ok {
		return "", fmt.Errorf("archive entry %d: no statement", e.ID)
	}
	_, body, _ = strings.Cut(body, "\n--\n")
	return strings.TrimSuffix(strings.TrimSpace(body), ";"), nil
}

// mayRaise is nothing as long as there is no schema.
func (s *schema) mayRaise() map[string]bool {
	if s == nil {
		return nil
	}
	return s.raised
}

func (s *schema) close() error { return s.dir.remove() }

// tidy keeps of a script of pg_restore the settings and the statements. It
// drops the versions, a setting that servers before 17 do not know, and the
// \restrict lines: they hold a random key, and pgtool.Restrict also fits a psql
// that does not know them.
func tidy(script string) string {
	const first, last = "\n--\n-- Name: ", "\n--\n-- PostgreSQL database dump complete\n--\n"
	if i := strings.LastIndex(script, last); i >= 0 {
		script = script[:i+1]
	}
	header, body := script, ""
	if i := strings.Index(script, first); i >= 0 {
		header, body = script[:i+1], script[i+1:]
	}
	var kept strings.Builder
	for line := range strings.Lines(header) {
		setting := strings.HasPrefix(line, "SET ") || strings.HasPrefix(line, "SELECT pg_catalog.set_config(")
		if setting && !strings.HasPrefix(line, "SET transaction_timeout") {
			kept.WriteString(line)
		}
	}
	return kept.String() + "\n" + body
}
