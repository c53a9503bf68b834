package checks

import (
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/queries"
)

// FailWords are what may be beyond the limits: what can be worse about a page, and that main's code breaks.
var FailWords = append([]string{"breaks", "worse"}, kinds()...)

func kinds() []string {
	var words []string
	for _, kind := range queries.Kinds {
		words = append(words, string(kind))
	}
	return words
}

// Exceeded lists how a report is beyond the limits, in a sentence each.
func (s Settings) Exceeded(r *Report) []string {
	if r == nil || r.Compared == nil {
		return nil
	}
	var all []string
	pages := r.Compared.WorsePages()
	for _, word := range s.FailOn {
		switch word {
		case "breaks":
			if r.Migrated != nil && len(r.Migrated.Broken) > 0 {
				all = append(all, r.Migrated.Headline())
			}
		case "worse":
			if pages > 0 {
				all = append(all, r.Compared.Headline())
			}
		default:
			at := slices.IndexFunc(r.Compared.Worse, func(c queries.Change) bool { return string(c.Kind) == word })
			if at >= 0 {
				all = append(all, r.Compared.Worse[at].String())
			}
		}
	}
	if s.WorsePages != nil && pages > *s.WorsePages {
		all = append(all, fmt.Sprintf("%d pages are worse, and %d may be", pages, *s.WorsePages))
	}
	return all
}
