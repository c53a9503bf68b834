package walk

import (
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// parentsSQL asks for the parents of some rows of a heap ($1).
func parentsSQL(l *layout) string {
	return l.sql("", func(columns string) string {
		return fmt.Sprintf("SELECT ctid%s FROM ONLY %s WHERE ctid = ANY($1)", columns, l.heap.Name)
	})
}

// parentsByKeySQL asks for rows of a heap by their keys ($1), and for their
// parents.
func parentsByKeySQL(l *layout) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*
  FROM pg_catalog.unnest($1::pg_catalog.int8[]) AS n("offshoot: name")
 CROSS JOIN LATERAL (SELECT ctid%s FROM ONLY %s AS c WHERE %s LIMIT 1) AS c`,
			columns, l.heap.Name, isNamed(l.heap.directory.column))
	})
}

// The queries for candidates give their place and their hash, those with the
// lowest hashes first, and what they reference by some foreign keys. $1 is the
// seed.

// rowsSQL asks for every row of a heap.
func rowsSQL(l *layout) string {
	return l.sql("", func(columns string) string {
		return fmt.Sprintf("SELECT %s%s FROM ONLY %s", hashed(l.heap), columns, l.heap.Name)
	})
}

// filteredSQL asks for rows ($2 of them) that fulfil the user's condition.
func filteredSQL(l *layout, condition string) string {
	return l.sql("", func(columns string) string {
		return l.heap.Filtered(condition, hashed(l.heap)+columns) + ` ORDER BY "offshoot: hash" LIMIT $2`
	})
}

// blocksSQL asks for rows ($4 of them) of some blocks of a heap.
func blocksSQL(l *layout) string {
	return l.sql("", func(columns string) string {
		return fmt.Sprintf(`SELECT %s%s
  FROM ONLY %s TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashed(l.heap), columns, l.heap.Name)
	})
}

// hashed is the place and the hash of rows of a heap.
func hashed(h *heap) string { return fmt.Sprintf(`ctid, %s AS "offshoot: hash"`, hashOf(h.Table, "")) }

// blocksAmongSQL asks the same, for rows alone whose parent by a foreign key is
// one of some rows ($5) of a heap.
func blocksAmongSQL(l *layout, fk *foreignKey, parents *heap) string {
	when := ""
	if fk.When != "" {
		when = "(" + fk.When + "\n) AND "
	}
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT ctid, %s AS "offshoot: hash"%s
  FROM ONLY %s AS c TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 WHERE %sEXISTS (SELECT FROM ONLY %s AS p WHERE p.ctid = ANY($5) AND %s)
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashOf(l.heap.Table, "c."), columns, l.heap.Name, when, parents.Name, fk.Join("p", "c"))
	})
}

// childrenSQL asks for the children ($2 of them) in a heap that rows ($4) of
// another have by a foreign key, and at most $3 of one parent. The place of that
// parent comes along.
func childrenSQL(l *layout, fk *foreignKey, parents *heap) string {
	referenced := make([]string, len(fk.ParentColumns))
	for i, c := range fk.ParentColumns {
		referenced[i] = catalog.Quote(c)
	}
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*, p.ctid AS "offshoot: parent"
  FROM (SELECT ctid, %s FROM ONLY %s WHERE ctid = ANY($4)) AS p
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM %s WHERE %s LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, strings.Join(referenced, ", "), parents.Name,
			hashOf(fk.Child, "c."), columns, childrenIn(l.heap, fk), fk.Join("p", "c"))
	})
}

// childrenByKeySQL asks the same of parents by their keys ($4), by a foreign
// key for which that will do.
func childrenByKeySQL(l *layout, fk *foreignKey) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*
  FROM pg_catalog.unnest($4::pg_catalog.int8[]) AS n("offshoot: name")
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM ONLY %s AS c WHERE %s LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, hashOf(fk.Child, "c."), columns, l.heap.Name, isNamed(fk.ChildColumns[0]))
	})
}

// isNamed holds where a column is one of the keys that are asked about.
func isNamed(column string) string {
	return "c." + catalog.Quote(column) + ` OPERATOR(pg_catalog.=) n."offshoot: name"`
}

// everyChildSQL asks for all children in a heap that rows ($1) of another have
// by a foreign key.
func everyChildSQL(fk *foreignKey, h, parents *heap) string {
	return fmt.Sprintf("SELECT c.ctid FROM ONLY %s AS p JOIN %s ON %s WHERE p.ctid = ANY($1)",
		parents.Name, childrenIn(h, fk), fk.Join("p", "c"))
}

// childrenIn is the rows of a heap for which the foreign key holds, as c.
func childrenIn(h *heap, fk *foreignKey) string {
	if fk.When != "" {
		return fmt.Sprintf("(SELECT ctid, * FROM ONLY %s WHERE %s\n) AS c", h.Name, fk.When)
	}
	return "ONLY " + h.Name.String() + " AS c"
}
