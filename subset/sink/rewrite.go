package sink

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// rewrite makes of the archive of pg_dump what a subset needs, before anything is made of it: personal data is taken
// out of the texts, the source's schemas are searched, and constraints that want all rows come after them.
func (s *schema) rewrite(from subset.Origin) error {
	texts, comments := from.Rewrite.Replace, from.Rewrite.Comments
	a, err := readArchive(s.archive)
	var unknown *pgarchive.VersionError
	if errors.As(err, &unknown) && len(texts)+len(comments) == 0 {
		return nil // it is as pg_dump made it
	}
	if err != nil {
		return fmt.Errorf("rewrite schema: %w", err)
	}
	a.Entries = slices.DeleteFunc(a.Entries, func(e *pgarchive.Entry) bool { return isDropped(e, comments) })
	replacer := replacing(texts)
	for _, e := range a.Entries {
		if e.Definition != nil && e.Kind != "TYPE" && e.Kind != "TABLE ATTACH" {
			e.Definition = new(replacer.Replace(*e.Definition))
		}
	}
	s.raised = map[string]bool{}
	s.late.raised = s.raised
	for _, e := range a.Entries {
		switch e.Kind {
		case "SEARCHPATH":
			e.Definition = new(catalog.SearchPathSQL(from.Catalog.LoadPath()) + "\n")
		case "EXTENSION":
			s.mayLack(e, from.Catalog)
		}
	}
	s.late.put(a, from.Catalog.LateChecks, replacer)
	return os.WriteFile(s.archive, a.Encode(), 0o600)
}

// mayLack has a target do without an extension that it refuses, where nothing depends on it.
func (s *schema) mayLack(e *pgarchive.Entry, source *catalog.Database) {
	name := deref(e.Tag)
	if x, ok := source.Extension(name); !ok || x.Needed || source.HasExtras(name) {
		return
	}
	warning := "extension " + name + " left out: the target refuses it, and nothing depends on it"
	s.raised[warning] = true
	e.Definition = new(guarded(statement(e), "OTHERS", warning))
}

func readArchive(path string) (*pgarchive.Archive, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return pgarchive.Read(file)
}

// replacing tries longer texts first: one may begin with another.
func replacing(texts map[string]string) *strings.Replacer {
	sorted := slices.SortedFunc(maps.Keys(texts),
		func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, text := range sorted {
		pairs = append(pairs, text, texts[text])
	}
	return strings.NewReplacer(pairs...)
}

// isDropped recognizes a comment by its text.
func isDropped(e *pgarchive.Entry, comments map[string]bool) bool {
	if e.Kind != "COMMENT" {
		return false
	}
	for text := range comments {
		if strings.HasSuffix(deref(e.Definition), " IS '"+strings.ReplaceAll(text, "'", "''")+"';\n") {
			return true
		}
	}
	return false
}
