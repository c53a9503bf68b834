package walk

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestHashOf_IsTheServersOwnWhereItHasOneForEachColumn(t *testing.T) {
	for types, want := range map[string]string{
		"bigint":            `COALESCE(pg_catalog.hashint8extended(c."k0", $1), 0)`,
		"integer, smallint": `COALESCE(pg_catalog.hashint2extended(c."k1", pg_catalog.hashint4extended(c."k0", $1)), 0)`,
		"numeric(8)":        `COALESCE(pg_catalog.hash_numeric_extended(c."k0", $1), 0)`,
		"point":             `COALESCE(pg_catalog.hashtextextended((c."k0"::pg_catalog.text) COLLATE pg_catalog."C", $1), 0)`,
		"bigint, point": `COALESCE(pg_catalog.hashtextextended((ROW(c."k0", c."k1")::pg_catalog.text) ` +
			`COLLATE pg_catalog."C", $1), 0)`,
		"point, bigint": `COALESCE(pg_catalog.hashtextextended((ROW(c."k0", c."k1")::pg_catalog.text) ` +
			`COLLATE pg_catalog."C", $1), 0)`,
		"": `pg_catalog.hashtextextended(c.ctid::pg_catalog.text COLLATE pg_catalog."C", ` +
			`pg_catalog.hashoidextended(c.tableoid, $1))`,
	} {
		table := &catalog.Table{}
		if types != "" {
			table.Keys = []catalog.Key{{}}
			for i, kind := range strings.Split(types, ", ") {
				name := "k" + string(rune('0'+i))
				table.Columns = append(table.Columns, catalog.Column{Name: name, Type: kind})
				table.Keys[0].Columns = append(table.Keys[0].Columns, name)
			}
		}
		if got := hashOf(table, "c."); got != want {
			t.Errorf("of %q: %s\nwant %s", types, got, want)
		}
	}
}
