package relay

import (
	"slices"
	"strings"
)

func cutPair(pair string) (name, value string, ok bool) { return strings.Cut(pair, "=") }

// kept are the variables that say what is asked, not where.
var kept = []string{"PGDATABASE", "PGUSER", "PGAPPNAME"}

// isOfTheWay tells variables that say how to reach a server. Options of a session
// are for the relay's own, too.
func isOfTheWay(name string) bool {
	return strings.HasPrefix(name, "PG") && !slices.Contains(kept, name)
}
