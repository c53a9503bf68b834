package catalog

import "github.com/jackc/pgx/v5"

// Policy is a row-level security policy that names roles. Roles belong to the
// server, so another one may lack them.
type Policy struct {
	OID   uint32
	Table Name
	Name  string
	Roles []string // sorted
}

const policiesSQL = `
SELECT p.oid, n.nspname::text, c.relname::text, p.polname::text, r.rolname::text
  FROM pg_catalog.pg_policy AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles AS r ON r.oid = ANY (p.polroles)
 ORDER BY p.oid, r.rolname`

func (r *reader) policies() query {
	return query{name: "policies", sql: policiesSQL, scan: func(rows pgx.Rows) error {
		var p Policy
		var role string
		if err := rows.Scan(&p.OID, &p.Table.Schema, &p.Table.Name, &p.Name, &role); err != nil {
			return err
		}
		last := len(r.db.Policies) - 1
		if last < 0 || r.db.Policies[last].OID != p.OID {
			r.db.Policies = append(r.db.Policies, p)
			last++
		}
		r.db.Policies[last].Roles = append(r.db.Policies[last].Roles, role)
		return nil
	}}
}
