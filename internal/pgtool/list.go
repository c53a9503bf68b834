package pgtool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Entry is one line of an archive's table of contents, such as
//
//	3223; 2606 16405 FK CONSTRAINT public child child_parent_fkey postgres
//
// The words after the numbers are not quoted: know an object by its oids.
type Entry struct {
	ID      int
	Catalog uint32 // oid of the system catalog that lists the object; 0 for a comment
	OID     uint32 // of the object
	Text    string // type, schema, name, owner
}

// Oids of system catalogs, the same in every version.
const (
	Constraints   = 2606 // pg_constraint
	Extensions    = 3079 // pg_extension
	EventTriggers = 3466 // pg_event_trigger
	Policies      = 3256 // pg_policy
)

// List returns the table of contents of an archive.
func (t *Tools) List(ctx context.Context, archive string) ([]Entry, error) {
	var out bytes.Buffer
	if err := t.run(ctx, "pg_restore", []string{"--list", archive}, base(), &out); err != nil {
		return nil, err
	}
	return parseList(out.String())
}

func parseList(s string) ([]Entry, error) {
	var entries []Entry
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, ";") {
			continue
		}
		e, err := parseEntry(line)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parseEntry(line string) (Entry, error) {
	words := strings.SplitN(line, " ", 4)
	if len(words) < 4 {
		return Entry{}, fmt.Errorf("archive contents: unexpected line %q", line)
	}
	id, err := strconv.Atoi(strings.TrimSuffix(words[0], ";"))
	if err != nil {
		return Entry{}, fmt.Errorf("archive contents: %w", err)
	}
	catalog, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return Entry{}, fmt.Errorf("archive contents: %w", err)
	}
	oid, err := strconv.ParseUint(words[2], 10, 32)
	if err != nil {
		return Entry{}, fmt.Errorf("archive contents: %w", err)
	}
	return Entry{ID: id, Catalog: uint32(catalog), OID: uint32(oid), Text: words[3]}, nil
}

// IsComment reports whether the entry is a COMMENT ON.
func (e Entry) IsComment() bool { return strings.HasPrefix(e.Text, "COMMENT ") }

// IsCommentOn reports whether the entry is a COMMENT ON an object, given as
// in SQL but without its schema, such as "EXTENSION postgis".
func (e Entry) IsCommentOn(object string) bool {
	return e.IsComment() && strings.Contains(e.Text+" ", " "+object+" ")
}

// WriteList writes the file that Restore.Contents names.
func WriteList(path string, entries []Entry) error {
	var b strings.Builder
	for _, e := range entries {
		// pg_restore reads the number and takes the rest for a remark.
		fmt.Fprintf(&b, "%d; %d %d\n", e.ID, e.Catalog, e.OID)
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
