package provision

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Table is one table of the database after it was loaded.
type Table struct {
	Name string `json:"name"` // with its schema
	Rows int64  `json:"rows"`
}

// countSQL counts the rows of every table, one statement each: an archive holds
// a subset. A database so large that a table takes longer is not counted.
const countSQL = `
SET statement_timeout = '3s';
SELECT pg_catalog.format('SELECT %L, pg_catalog.count(*) FROM %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, c.relname \gexec
`

// countTables says what the archive held, the biggest table first. That it is
// not known is no reason to fail.
func (f *filling) countTables(ctx context.Context) []Table {
	s := f.server
	var out bounded
	code, err := runIn(ctx, f.Docker.Client(), s.container, command{
		argv: []string{
			"psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-U", s.user, "-d",
			s.dbname(), "-f", "-",
		},
		env: s.env(), stdin: strings.NewReader(countSQL), stdout: &out,
	})
	if err != nil || code != 0 {
		return nil
	}
	return tablesOf(out.String())
}

func tablesOf(output string) []Table {
	var tables []Table
	for line := range strings.Lines(output) {
		name, count, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if rows, err := strconv.ParseInt(count, 10, 64); err == nil {
			tables = append(tables, Table{Name: printable(name), Rows: rows})
		}
	}
	slices.SortStableFunc(tables, func(a, b Table) int { return int(min(1, max(-1, b.Rows-a.Rows))) })
	return tables
}
