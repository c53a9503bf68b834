package sink

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// rewrite takes personal data out of the schema in an archive of pg_dump,
// before anything is made of it.
func rewrite(path string, texts map[string]string, comments map[string]bool) error {
	if len(texts)+len(comments) == 0 {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	a, err := pgarchive.Read(file)
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
	return os.WriteFile(path, a.Encode(), 0o600)
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
