package catalog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// foreignKeysSQL asks for both column lists in the order of the constraint.
// conenforced and conperiod exist from PostgreSQL 18 on. A key over a period
// needs every parent whose range overlaps the child's.
// An operator over a pseudo-type (arrays, enums, ranges) needs no cast.
const foreignKeysSQL = `
SELECT k.oid, k.conname::text, k.conrelid, k.confrelid, k.confmatchtype = 'f',
       k.convalidated AND COALESCE((pg_catalog.to_jsonb(k) ->> 'conenforced')::bool, true),
       k.condeferrable, pg_catalog.pg_get_constraintdef(k.oid),
       p.child, p.parent, p.nullable, p.operators, p.parent_types, p.child_types, p.collations
  FROM pg_catalog.pg_constraint AS k
 CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(c.attname::text ORDER BY n) AS child,
           pg_catalog.array_agg(f.attname::text ORDER BY n) AS parent,
           pg_catalog.bool_or(NOT c.attnotnull) AS nullable,
           pg_catalog.array_agg(CASE WHEN n = pg_catalog.cardinality(k.conkey) AND (pg_catalog.to_jsonb(k) ->> 'conperiod')::bool
                THEN 'pg_catalog.&&'
                ELSE pg_catalog.quote_ident(os.nspname) || '.' || o.oprname END ORDER BY n) AS operators,
           pg_catalog.array_agg(CASE WHEN f.atttypid <> o.oprleft AND lt.typtype <> 'p'
                THEN pg_catalog.format_type(o.oprleft, NULL) ELSE '' END ORDER BY n) AS parent_types,
           pg_catalog.array_agg(CASE WHEN c.atttypid <> o.oprright AND rt.typtype <> 'p'
                THEN pg_catalog.format_type(o.oprright, NULL) ELSE '' END ORDER BY n) AS child_types,
           pg_catalog.array_agg(CASE WHEN c.attcollation <> f.attcollation AND f.attcollation <> 0
                THEN pg_catalog.quote_ident(ls.nspname) || '.' || pg_catalog.quote_ident(l.collname) ELSE '' END ORDER BY n) AS collations
      FROM pg_catalog.generate_series(1, pg_catalog.cardinality(k.conkey)) AS n
      JOIN pg_catalog.pg_attribute AS c ON c.attrelid = k.conrelid AND c.attnum = k.conkey[n]
      JOIN pg_catalog.pg_attribute AS f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[n]
      JOIN pg_catalog.pg_operator AS o ON o.oid = k.conpfeqop[n]
      JOIN pg_catalog.pg_namespace AS os ON os.oid = o.oprnamespace
      JOIN pg_catalog.pg_type AS lt ON lt.oid = o.oprleft
      JOIN pg_catalog.pg_type AS rt ON rt.oid = o.oprright
      LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = f.attcollation
      LEFT JOIN pg_catalog.pg_namespace AS ls ON ls.oid = l.collnamespace) AS p
 WHERE k.contype = 'f' AND k.conparentid = 0`

func (r *reader) foreignKeys() query {
	return query{name: "foreign keys", sql: foreignKeysSQL, scan: func(rows pgx.Rows) error {
		var k ForeignKey
		var child, parent uint32
		var operators, parentTypes, childTypes, collations []string
		err := rows.Scan(&k.OID, &k.Name, &child, &parent, &k.MatchFull, &k.Validated, &k.Deferrable, &k.Definition,
			&k.ChildColumns, &k.ParentColumns, &k.Nullable, &operators, &parentTypes, &childTypes, &collations)
		if err != nil {
			return err
		}
		for i := range operators {
			k.Operators = append(k.Operators, Operator{
				Name: operators[i], ParentType: parentTypes[i], ChildType: childTypes[i], Collation: collations[i],
			})
		}
		r.addKey(&k, r.byOID[child], r.byOID[parent])
		return nil
	}}
}

func (r *reader) sortKeys() {
	slices.SortFunc(r.db.ForeignKeys, func(a, b *ForeignKey) int {
		return cmp.Or(compareNames(a.ChildRel, b.ChildRel), cmp.Compare(a.Name, b.Name))
	})
	slices.Sort(r.db.Warnings)
}

func (r *reader) addKey(k *ForeignKey, child, parent *relation) {
	if child == nil || child.table == nil {
		return // its rows are not copied, so nothing of them can dangle
	}
	k.ChildRel = child.name
	if parent != nil && parent.extra != nil {
		return // all its rows come along, by the extension or as users' rows
	}
	if parent == nil || parent.table == nil {
		r.db.Warnings = append(r.db.Warnings,
			fmt.Sprintf("foreign key %s is not followed: the rows it references are left out", k))
		return
	}
	k.Child, k.ChildHeaps = child.table, child.heaps
	k.Parent, k.ParentRel, k.ParentHeaps = parent.table, parent.name, parent.heaps
	k.Index, k.Indexed = r.indexOn(child, k.ChildColumns)
	r.db.ForeignKeys = append(r.db.ForeignKeys, k)
}

// indexOn finds an index of the relation, or one on each of its partitions,
// that leads with these columns in any order.
func (r *reader) indexOn(rel *relation, columns []string) (name string, found bool) {
	for _, index := range r.indexed[rel.oid] {
		if leads(index.Columns, columns) {
			return index.Name, true
		}
	}
	for _, p := range rel.partitions {
		if _, found := r.indexOn(p, columns); !found {
			return "", false
		}
	}
	return "", len(rel.partitions) > 0
}

func leads(index, columns []string) bool {
	if len(index) < len(columns) {
		return false
	}
	for _, c := range index[:len(columns)] {
		if !slices.Contains(columns, c) {
			return false
		}
	}
	return true
}
