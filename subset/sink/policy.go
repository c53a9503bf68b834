package sink

import (
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// policy is one that names roles: a target may lack them.
type policy catalog.Policy

func policiesOf(db *catalog.Database) []policy {
	policies := make([]policy, len(db.Policies))
	for i, p := range db.Policies {
		policies[i] = policy(p)
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
