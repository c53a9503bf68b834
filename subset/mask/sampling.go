package mask

import (
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// half is how much is looked at of a long value, from its begin and from its
// end.
const half = 64 << 10

// Sampled is what to select of a column to look at its values: of long ones
// the begin and the end, so that a few of them fit into memory.
func Sampled(column string, d catalog.ColumnDetail) string {
	name := catalog.Quote(column)
	const header = 4
	switch class := types[typeName(d)].class; {
	case d.Array, class == other, class == jsonText, class == hstore, class == xmlText:
	case class == text && (d.Modifier < 0 || d.Modifier-header > half) && d.Base != "name":
	case class == bytea:
		const sql = `CASE WHEN pg_catalog.octet_length(%[1]s) > %[2]d THEN pg_catalog.substring(%[1]s, 1, %[3]d) ` +
			`OPERATOR(pg_catalog.||) pg_catalog.substring(%[1]s, pg_catalog.octet_length(%[1]s) - %[4]d) ELSE %[1]s END`
		return fmt.Sprintf(sql, name, 2*half, half, half-1)
	default:
		return name
	}
	const sql = `CASE WHEN pg_catalog.octet_length(%[1]s::pg_catalog.text) > %[2]d THEN ` +
		`pg_catalog."left"(%[1]s::pg_catalog.text, %[3]d) OPERATOR(pg_catalog.||) ` +
		`pg_catalog."right"(%[1]s::pg_catalog.text, %[3]d) ELSE %[1]s::pg_catalog.text END`
	return fmt.Sprintf(sql, name, 2*half, half)
}
