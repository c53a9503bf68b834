package walk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// telling is what answers say of a row beside its place.
type telling struct {
	own  string // the column that names it, if any
	keys []told
}

// told is a key of which answers tell the parent: its name, or else its place
// and (where the parent's rows have names) that too.
type told struct {
	*catalog.ForeignKey
	named bool
	own   string // the parent's column
}

// telling is what is asked about rows of a heap by some keys.
func (w *walk) telling(heap int, keys []int) telling {
	var t telling
	if d := w.directories[heap]; d != nil {
		t.own = d.column
	}
	for _, k := range keys {
		one := told{ForeignKey: w.plan.ForeignKeys[k], named: w.named[k] != nil}
		if len(one.ParentHeaps) == 1 {
			if d := w.directories[w.number[one.ParentHeaps[0].OID]]; d != nil {
				one.own = d.column
			}
		}
		t.keys = append(t.keys, one)
	}
	return t
}

// linked adds to a query for rows of a heap, which gives their places, their
// names and what each of them references. By some keys that is the name of the
// parent; by each of the others heap (where there are several) and place of the
// parent, NULL where there is none, its name (where it has one), and (where it
// may rightly reference nothing) whether there should be one. The query is
// given the columns it has to give. The limit has the server take the index of
// the parent's key for each row: a hash of a whole parent costs more than some
// thousand steps down its index.
func linked(query func(columns string) string, answers []string, tell telling, alias string) string {
	answers = slices.Clone(answers)
	columns, joins := "", ""
	taken := map[string]bool{}
	take := func(column string) {
		if !taken[column] {
			taken[column] = true
			columns += ", " + alias + catalog.Quote(column)
		}
	}
	if tell.own != "" {
		take(tell.own)
		answers = append(answers, "c."+catalog.Quote(tell.own))
	}
	for i, k := range tell.keys {
		for _, c := range k.ChildColumns {
			take(c)
		}
		if k.named {
			answers = append(answers, "c."+catalog.Quote(k.ChildColumns[0]))
			continue
		}
		which, references := k.Join("p", "c"), k.References("c")
		if k.When != "" {
			when := catalog.Quote(fmt.Sprintf("offshoot: when %d", i))
			columns += ", (" + k.When + "\n) AS " + when
			which, references = "c."+when+" AND "+which, "COALESCE(c."+when+", false) AND "+references
		}
		found := "p.tableoid, p.ctid"
		if len(k.ParentHeaps) != 1 {
			answers = append(answers, fmt.Sprintf("p%d.tableoid", i))
		}
		answers = append(answers, fmt.Sprintf("p%d.ctid", i))
		if k.own != "" {
			found += ", p." + catalog.Quote(k.own) + ` AS "offshoot: name"`
			answers = append(answers, fmt.Sprintf(`p%d."offshoot: name"`, i))
		}
		if k.ForeignKey.Optional() {
			answers = append(answers, references)
		}
		joins += fmt.Sprintf("\n  LEFT JOIN LATERAL (SELECT %s FROM %s AS p WHERE %s LIMIT 1) AS p%d ON true", found, k.FromParent(), which, i)
	}
	return fmt.Sprintf("SELECT %s\n  FROM (%s) AS c%s", strings.Join(answers, ", "), query(columns), joins)
}

// namedSQL asks for rows of a heap by their names ($1), and for their parents.
func namedSQL(h *catalog.Heap, tell telling) string {
	return linked(func(columns string) string {
		return fmt.Sprintf(`SELECT c.*
  FROM pg_catalog.unnest($1::pg_catalog.int8[]) AS n("offshoot: name")
 CROSS JOIN LATERAL (SELECT ctid%s FROM ONLY %s AS c WHERE c.%s OPERATOR(pg_catalog.=) n."offshoot: name" LIMIT 1) AS c`,
			columns, h.Name, catalog.Quote(tell.own))
	}, []string{"c.ctid"}, tell, "c.")
}

// parentSQL asks for the parents of some rows of a heap ($1).
func parentSQL(h *catalog.Heap, tell telling) string {
	return linked(func(columns string) string {
		return fmt.Sprintf("SELECT ctid%s FROM ONLY %s WHERE ctid = ANY($1)", columns, h.Name)
	}, []string{"c.ctid"}, tell, "")
}

// The queries for candidates give their place and their hash, those with the
// lowest hashes first, and what they reference by some keys. $1 is the seed.

var candidateAnswers = []string{"c.ctid", `c."offshoot: hash"`}

// rowsSQL asks for every row of a heap.
func rowsSQL(h *catalog.Heap, tell telling) string {
	return linked(func(columns string) string {
		return fmt.Sprintf(`SELECT ctid, %s AS "offshoot: hash"%s FROM ONLY %s`, hashOf(h.Table, ""), columns, h.Name)
	}, candidateAnswers, tell, "")
}

// filteredSQL asks for rows ($2 of them) that fulfil the user's condition.
func filteredSQL(h *catalog.Heap, condition string, tell telling) string {
	return linked(func(columns string) string {
		return h.Filtered(condition, fmt.Sprintf(`ctid, %s AS "offshoot: hash"%s`, hashOf(h.Table, ""), columns)) + ` ORDER BY "offshoot: hash" LIMIT $2`
	}, candidateAnswers, tell, "")
}

// blocksSQL asks for rows ($4 of them) of some blocks of a heap.
func blocksSQL(h *catalog.Heap, tell telling) string {
	return linked(func(columns string) string {
		return fmt.Sprintf(`SELECT ctid, %s AS "offshoot: hash"%s
  FROM ONLY %s TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashOf(h.Table, ""), columns, h.Name)
	}, candidateAnswers, tell, "")
}

// blocksAmongSQL asks the same, for rows alone whose parent by a key is one of
// some rows ($5) of a heap.
func blocksAmongSQL(k *catalog.ForeignKey, h, parent *catalog.Heap, tell telling) string {
	when := ""
	if k.When != "" {
		when = "(" + k.When + "\n) AND "
	}
	return linked(func(columns string) string {
		return fmt.Sprintf(`SELECT ctid, %s AS "offshoot: hash"%s
  FROM ONLY %s AS c TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 WHERE %sEXISTS (SELECT FROM ONLY %s AS p WHERE p.ctid = ANY($5) AND %s)
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashOf(h.Table, "c."), columns, h.Name, when, parent.Name, k.Join("p", "c"))
	}, candidateAnswers, tell, "c.")
}

// childrenSQL asks for the children ($2 of them) in a heap that rows ($4) of
// another have by a key, and at most $3 of one parent. The place of that parent
// comes behind the hash.
func childrenSQL(k *catalog.ForeignKey, h, parent *catalog.Heap, tell telling) string {
	child := "ONLY " + h.Name.String() + " AS c"
	if k.When != "" {
		child = fmt.Sprintf("(SELECT ctid, * FROM ONLY %s WHERE %s\n) AS c", h.Name, k.When)
	}
	referenced := make([]string, len(k.ParentColumns))
	for i, c := range k.ParentColumns {
		referenced[i] = catalog.Quote(c)
	}
	return linked(func(columns string) string {
		return fmt.Sprintf(`SELECT c.*, p.ctid AS "offshoot: parent"
  FROM (SELECT ctid, %s FROM ONLY %s WHERE ctid = ANY($4)) AS p
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM %s WHERE %s LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, strings.Join(referenced, ", "), parent.Name, hashOf(k.Child, "c."), columns, child, k.Join("p", "c"))
	}, append(slices.Clone(candidateAnswers), `c."offshoot: parent"`), tell, "c.")
}

// childrenByNameSQL asks the same of parents by their names ($4), by a key for
// which that will do.
func childrenByNameSQL(k *catalog.ForeignKey, h *catalog.Heap, tell telling) string {
	return linked(func(columns string) string {
		return fmt.Sprintf(`SELECT c.*
  FROM pg_catalog.unnest($4::pg_catalog.int8[]) AS n("offshoot: name")
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM ONLY %s AS c WHERE c.%s OPERATOR(pg_catalog.=) n."offshoot: name" LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, hashOf(k.Child, "c."), columns, h.Name, catalog.Quote(k.ChildColumns[0]))
	}, candidateAnswers, tell, "c.")
}

// everyChildSQL asks for all children in a heap that rows ($1) of another have
// by a key.
func everyChildSQL(k *catalog.ForeignKey, h, parent *catalog.Heap) string {
	child := "ONLY " + h.Name.String() + " AS c"
	if k.When != "" {
		child = fmt.Sprintf("(SELECT ctid, * FROM ONLY %s WHERE %s\n) AS c", h.Name, k.When)
	}
	return fmt.Sprintf("SELECT c.ctid FROM ONLY %s AS p JOIN %s ON %s WHERE p.ctid = ANY($1)", parent.Name, child, k.Join("p", "c"))
}

// hashOf is a number that decides which rows come first, the same for a row
// in every run with the same seed ($1), whatever rows come and go beside it:
// a hash of the row's key, or of its place when it has none.
func hashOf(t *catalog.Table, alias string) string {
	if len(t.Keys) == 0 {
		return fmt.Sprintf(`pg_catalog.hashtextextended(%sctid::pg_catalog.text COLLATE pg_catalog."C", pg_catalog.hashoidextended(%stableoid, $1))`, alias, alias)
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
