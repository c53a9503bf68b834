package sink

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// policy is a row-level security policy that names roles. Roles belong to the
// server, so a target may lack them.
type policy struct {
	OID   uint32
	Table catalog.Name
	Name  string
	Roles []string
}

const policiesSQL = `
SELECT p.oid, n.nspname, c.relname, p.polname, r.rolname
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.oid = ANY (p.polroles)
ORDER BY p.oid, r.rolname`

// readPolicies asks the source, in the snapshot of the archive.
func readPolicies(ctx context.Context, from subset.Origin) ([]policy, error) {
	config, err := from.Way.ParseAt(from.URL, from.Server)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["client_encoding"] = encoding(from.Catalog)
	conn, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		return nil, unreachable("source", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
	if from.Snapshot != "" {
		begin += "SET TRANSACTION SNAPSHOT " + catalog.Literal(from.Snapshot) + ";"
	}
	// Nobody else's operators are found, whatever path the role's sessions have.
	rows, err := query(ctx, conn, begin+"SET LOCAL search_path = '';"+policiesSQL+"; ROLLBACK")
	if err != nil {
		return nil, fmt.Errorf("read policies of the source: %w", err)
	}
	return groupPolicies(rows), nil
}

func groupPolicies(rows [][]string) []policy {
	var policies []policy
	for _, row := range rows {
		oid, _ := strconv.ParseUint(row[0], 10, 32)
		if n := len(policies); n > 0 && policies[n-1].OID == uint32(oid) {
			policies[n-1].Roles = append(policies[n-1].Roles, row[4])
			continue
		}
		policies = append(policies, policy{
			OID: uint32(oid), Table: catalog.Name{Schema: row[1], Name: row[2]}, Name: row[3], Roles: []string{row[4]},
		})
	}
	return policies
}

func (s *schema) policy(oid uint32) *policy {
	for i := range s.policies {
		if s.policies[i].OID == oid {
			return &s.policies[i]
		}
	}
	return nil
}

// withRoles returns the entries of policies all of whose roles exist, with
// their comments among others. The rest is left out with a warning: a table
// with row-level security and no policy shows nothing, so nothing leaks.
func (s *schema) withRoles(p *post, exists map[string]bool) {
	var kept []pgtool.Entry
	for _, e := range p.roled {
		policy := s.policy(e.OID)
		missing := policy.missing(exists)
		if len(missing) == 0 {
			kept = append(kept, e)
			continue
		}
		p.comments = without(p.comments, func(e pgtool.Entry) bool {
			return commentsOn(e, "POLICY", policy.Name, policy.Table.Name)
		})
		s.warnings = append(s.warnings, policy.leftOut(missing))
	}
	p.roled = kept
}

func (p *policy) missing(exists map[string]bool) []string {
	var names []string
	for _, role := range p.Roles {
		if !exists[role] {
			names = append(names, role)
		}
	}
	return names
}

func (p *policy) leftOut(roles []string) string {
	return "policy " + p.Name + " of " + p.Table.String() + " left out: the target has no role " +
		strings.Join(roles, ", ")
}

// onPolicy recognizes the comment on a policy that names roles.
func (s *schema) onPolicy(e pgtool.Entry) bool {
	return slices.ContainsFunc(s.policies, func(p policy) bool {
		return commentsOn(e, "POLICY", p.Name, p.Table.Name)
	})
}
