package subset

import (
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// parentsSQL asks for the parents that rows of a heap have by a key: position
// of the child, heap and position of the parent, NULL where the child
// references a row that does not exist.
func parentsSQL(k *catalog.ForeignKey, h *catalog.Heap, which string) string {
	columns := make([]string, len(k.ChildColumns))
	for i, c := range k.ChildColumns {
		columns[i] = catalog.Quote(c)
	}
	if k.When != "" {
		which += " AND (" + k.When + "\n)"
	}
	return fmt.Sprintf(`SELECT c.ctid, p.tableoid, p.ctid
  FROM (SELECT ctid, %s FROM ONLY %s WHERE %s) AS c
  LEFT JOIN %s AS p ON %s
 WHERE %s`, strings.Join(columns, ", "), h.Name, which, k.FromParent(), k.Join("p", "c"), k.References("c"))
}

// childrenSQL asks for children that rows of a heap have by a key, those with
// the lowest hashes first.
func childrenSQL(k *catalog.ForeignKey, h *catalog.Heap) string {
	child := k.FromChild() + " AS c"
	if k.When != "" {
		child = fmt.Sprintf("(SELECT tableoid, ctid, * FROM %s WHERE %s\n) AS c", k.FromChild(), k.When)
	}
	return fmt.Sprintf(`SELECT c.tableoid, c.ctid, %s AS hash
  FROM ONLY %s AS p
  JOIN %s ON %s
 WHERE p.ctid = ANY($2)
 ORDER BY hash
 LIMIT $3`, hashOf(k.Child, "c."), h.Name, child, k.Join("p", "c"))
}

// rowsSQL asks for every row of a heap.
func rowsSQL(h *catalog.Heap) string {
	return fmt.Sprintf("SELECT tableoid, ctid, %s AS hash FROM ONLY %s", hashOf(h.Table, ""), h.Name)
}

// filteredSQL asks for the rows of a heap that fulfil the user's condition.
func filteredSQL(h *catalog.Heap, condition string) string {
	return filtered(h, condition, "tableoid, ctid, "+hashOf(h.Table, "")+" AS hash") + " ORDER BY hash LIMIT $2"
}

func filtered(h *catalog.Heap, condition, columns string) string {
	return fmt.Sprintf("SELECT %s FROM ONLY %s WHERE (%s\n)", columns, h.Name, condition)
}

// blocksSQL asks for rows of some blocks of a heap.
func blocksSQL(h *catalog.Heap) string {
	return fmt.Sprintf(`SELECT tableoid, ctid, %s AS hash
  FROM ONLY %s TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 ORDER BY hash
 LIMIT $4`, hashOf(h.Table, ""), h.Name)
}

// hashOf is a number that decides which rows come first, the same for a row
// in every run with the same seed ($1), whatever rows come and go beside it:
// a hash of the row's key, or of its place when it has none.
func hashOf(t *catalog.Table, alias string) string {
	text := alias + "tableoid::pg_catalog.regclass::pg_catalog.text || " + alias + "ctid::pg_catalog.text"
	if len(t.Keys) > 0 {
		columns := make([]string, len(t.Keys[0].Columns))
		for i, c := range t.Keys[0].Columns {
			columns[i] = alias + catalog.Quote(c)
		}
		text = columns[0] + "::pg_catalog.text"
		if len(columns) > 1 {
			text = "ROW(" + strings.Join(columns, ", ") + ")::pg_catalog.text"
		}
	}
	return fmt.Sprintf(`COALESCE(pg_catalog.hashtextextended((%s) COLLATE pg_catalog."C", $1), 0)`, text)
}

// copySQL asks for rows of a heap in COPY's text format.
func copySQL(h *catalog.Heap, columns []string, rows []row) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s WHERE ctid = ANY('%s'::pg_catalog.tid[])) TO STDOUT",
		strings.Join(quoted, ", "), h.Name, tidArray(rows))
}
