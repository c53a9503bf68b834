package walk

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// hashOf is a number that decides which rows come first, the same for a row
// in every run with the same seed ($1), whatever rows come and go beside it:
// a hash of the row's key, or of its place when it has none.
func hashOf(t *catalog.Table, alias string) string {
	if len(t.Keys) == 0 {
		return fmt.Sprintf(`pg_catalog.hashtextextended(%sctid::pg_catalog.text COLLATE pg_catalog."C", `+
			`pg_catalog.hashoidextended(%stableoid, $1))`, alias, alias)
	}
	var texts []string
	sum := "$1"
	for _, name := range t.Keys[0].Columns {
		column := alias + catalog.Quote(name)
		texts = append(texts, column)
		if sum != "" {
			sum = hashOfType(t.Column(name).Type, column, sum)
		}
	}
	switch {
	case sum != "":
		return "COALESCE(" + sum + ", 0)"
	case len(texts) == 1:
		return hashOfText(texts[0] + "::pg_catalog.text")
	}
	return hashOfText("ROW(" + strings.Join(texts, ", ") + ")::pg_catalog.text")
}

func hashOfText(text string) string {
	return fmt.Sprintf(`COALESCE(pg_catalog.hashtextextended((%s) COLLATE pg_catalog."C", $1), 0)`, text)
}

// hashOfType is the server's own hash of the commonest types, ten times
// cheaper than that of their text, or nothing. The seed of a column is the
// hash of those before it.
func hashOfType(kind, column, seed string) string {
	kind, _, _ = strings.Cut(kind, "(")
	switch kind {
	case "smallint":
		return "pg_catalog.hashint2extended(" + column + ", " + seed + ")"
	case "integer":
		return "pg_catalog.hashint4extended(" + column + ", " + seed + ")"
	case "bigint":
		return "pg_catalog.hashint8extended(" + column + ", " + seed + ")"
	case "numeric":
		return "pg_catalog.hash_numeric_extended(" + column + ", " + seed + ")"
	case "uuid":
		return "pg_catalog.uuid_hash_extended(" + column + ", " + seed + ")"
	case "timestamp with time zone", "timestamp without time zone":
		return "pg_catalog.timestamp_hash_extended(" + column + "::pg_catalog.timestamp, " + seed + ")"
	case "text", "character varying":
		return "pg_catalog.hashtextextended(" + column + `::pg_catalog.text COLLATE pg_catalog."C", ` + seed + ")"
	}
	return ""
}

// seed is another one for each table: equal keys of two tables must not be
// chosen together.
func (t *table) seed(seed uint64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Table.Name.String())) // never fails
	return h.Sum64() ^ seed
}

// blockSeed is for REPEATABLE, which takes no more bits.
func (t *table) blockSeed(seed uint64) float64 { return float64(t.seed(seed) >> 11) }
