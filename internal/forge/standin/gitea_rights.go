package standin

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// What a token may, as Gitea 1.26 has it: a person's has scopes, and is asked
// for the person's rights as well; a job's has what its workflow asks for, where
// statuses are a matter of contents, and anybody who sees a pull request may
// comment on it.
// https://github.com/go-gitea/gitea/blob/v1.26.0/routers/api/v1/api.go
// https://github.com/go-gitea/gitea/blob/v1.26.0/services/actions/permission_parser.go

// actionsUser is who the tokens of jobs write as.
const actionsUser = "gitea-actions"

func giteaForbidden(w http.ResponseWriter, message string) {
	answer(w, http.StatusForbidden, object{"message": message, "url": "/api/swagger"})
}

// writes is who the token writes as.
func (g gitea) writes() string {
	if g.JobToken {
		return actionsUser
	}
	return Self
}

func (g gitea) level() string { return cmp.Or(g.Level, "admin") }

// scoped refuses a token without the scope.
func (g gitea) scoped(scope string, show http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		need := []string{"write:" + scope}
		if req.Method == http.MethodGet {
			need = append(need, "read:"+scope)
		}
		has := func(s string) bool { return slices.Contains(g.Scopes, s) }
		if !g.JobToken && g.Scopes != nil && !slices.ContainsFunc(need, has) {
			giteaForbidden(w, fmt.Sprintf("token does not have at least one of required scope(s), required=%v", need))
			return
		}
		show(w, req)
	}
}

// may tells whether the token may write to a part of the repository.
func (g gitea) may(part string) bool {
	if g.JobToken {
		return g.Permissions == nil || g.Permissions[part] == "write"
	}
	return g.level() != "read"
}

// writing refuses who may only read a part of the repository.
func (g gitea) writing(part string, show http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if !g.may(part) {
			giteaForbidden(w, "user should have a permission to write to a repo")
			return
		}
		show(w, req)
	}
}

// owning refuses who is neither the author of the comment nor may write to pull
// requests.
func (g gitea) owning(show http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if c := g.comment(pathID(req)); c != nil && c.Author != g.writes() && !g.may("pull-requests") {
			giteaForbidden(w, "")
			return
		}
		show(w, req)
	}
}

// assignees are all who may write, and the members of every team, of those that
// may only read too.
func (g gitea) assignees(w http.ResponseWriter, _ *http.Request) {
	logins := map[string]bool{}
	for login, level := range g.people {
		if level != "read" {
			logins[login] = true
		}
	}
	for _, team := range g.Teams {
		for _, login := range team.Members {
			logins[login] = true
		}
	}
	list := []object{}
	for _, login := range slices.Sorted(maps.Keys(logins)) {
		list = append(list, giteaUser(login))
	}
	answer(w, http.StatusOK, list)
}

func (g gitea) listTeams(w http.ResponseWriter, _ *http.Request) {
	if g.Teams == nil {
		answer(w, http.StatusMethodNotAllowed,
			object{"message": "repo is not owned by an organization", "url": "/api/swagger"})
		return
	}
	list := []object{}
	for i, team := range g.Teams {
		list = append(list, object{
			"id": i + 1, "name": team.Name, "description": "", "permission": team.Level,
			"units_map": object{"repo.code": team.Level},
		})
	}
	answer(w, http.StatusOK, list)
}
