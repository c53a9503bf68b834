package standin

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

//go:embed gitea.openapi.json
var giteaDescription []byte

// gitea shows a repository as Gitea and Forgejo do.
type gitea struct{ *Repository }

// Gitea serves the repository below /api/v1.
func (r *Repository) Gitea(t testing.TB) *httptest.Server {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(giteaDescription)
	if err != nil {
		t.Fatal(err)
	}
	check, err := describe(doc, "/api/v1")
	if err != nil {
		t.Fatal(err)
	}
	return r.serve(t, gitea{r}.routes().ServeHTTP, check)
}

func (g gitea) routes() *http.ServeMux {
	const base = "/api/v1/repos/" + Owner + "/" + Name
	mux := http.NewServeMux()
	handle := func(pattern, scope string, show http.HandlerFunc) { mux.HandleFunc(pattern, g.scoped(scope, show)) }
	handle("GET /api/v1/user", "user", g.user)
	handle("GET /api/v1/repos/{owner}/{name}", "repository", g.repository(base, giteaNotFound))
	handle("GET "+base+"/pulls", "repository", g.list)
	handle("GET "+base+"/pulls/{number}", "repository", g.get)
	handle("GET "+base+"/collaborators/{login}/permission", "repository", g.permission)
	handle("GET "+base+"/assignees", "repository", g.assignees)
	handle("GET "+base+"/teams", "repository", g.listTeams)
	handle("GET "+base+"/raw/{path...}", "repository",
		func(w http.ResponseWriter, req *http.Request) { g.raw(w, req, giteaNotFound) })
	handle("POST "+base+"/statuses/{sha}", "repository", g.writing("contents", g.setStatus))
	handle("GET "+base+"/issues/{number}/comments", "issue", g.listComments)
	handle("POST "+base+"/issues/{number}/comments", "issue", g.addComment)
	handle("PATCH "+base+"/issues/comments/{id}", "issue", g.owning(g.editComment))
	handle("DELETE "+base+"/issues/comments/{id}", "issue", g.owning(g.deleteComment))
	handle("POST "+base+"/issues/comments/{id}/reactions", "issue", g.addReaction)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { giteaNotFound(w) })
	return mux
}

func giteaNotFound(w http.ResponseWriter) {
	answer(w, http.StatusNotFound, object{"message": "not found", "url": "/api/swagger", "errors": []string{}})
}

func giteaUser(login string) object {
	id := 7
	if login == actionsUser {
		id = -2
	}
	return object{
		"id": id, "login": login, "login_name": "", "full_name": "", "email": login + "@noreply.gitea.test",
		"is_admin": false, "active": true, "created": then,
	}
}

func (g gitea) user(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, giteaUser(g.writes()))
}

func (g gitea) list(w http.ResponseWriter, req *http.Request) {
	list := []object{}
	for _, p := range page(g.Repository, w, req, g.open(), "limit", 50) {
		list = append(list, giteaPull(p))
	}
	answer(w, http.StatusOK, list)
}

func (g gitea) get(w http.ResponseWriter, req *http.Request) {
	p, ok := g.pulls[pathNumber(req)]
	if !ok {
		giteaNotFound(w)
		return
	}
	answer(w, http.StatusOK, giteaPull(p))
}

func giteaPull(p forge.Pull) object {
	state, head := "closed", 1
	if p.Open {
		state = "open"
	}
	if p.Fork {
		head = 2
	}
	labels := []object{}
	for i, name := range p.Labels {
		labels = append(labels,
			object{
				"id": i, "name": name, "color": "00aabb", "exclusive": false, "is_archived": false,
				"description": "", "url": "",
			})
	}
	branch := func(ref, sha string, repository int) object {
		return object{
			"label": ref, "ref": ref, "sha": sha, "repo_id": repository,
			"repo": object{"id": repository, "name": Name, "full_name": Owner + "/" + Name},
		}
	}
	return object{
		"id": 1000 + p.Number, "number": p.Number, "url": p.URL, "html_url": p.URL, "title": p.Title, "body": "",
		"state": state,
		"draft": p.Draft, "is_locked": false, "merged": p.Merged, "mergeable": true, "user": giteaUser(p.Author),
		"labels":     labels,
		"base":       branch(p.Base, "0000000000000000000000000000000000000001", 1),
		"head":       branch(p.Branch, p.Commit, head),
		"created_at": then, "updated_at": when(p.Updated), "comments": 0, "merge_base": p.BaseCommit,
	}
}

func (g gitea) permission(w http.ResponseWriter, req *http.Request) {
	login := req.PathValue("login")
	if g.JobToken || g.level() != "admin" && login != Self {
		giteaForbidden(w,
			"Only admins can query all permissions, repo admins can query all repo permissions, collaborators can "+
				"query only their own")
		return
	}
	level, known := g.people[login]
	if !known {
		giteaNotFound(w)
		return
	}
	answer(w, http.StatusOK, object{"permission": level, "role_name": level, "user": giteaUser(login)})
}

func (g gitea) setStatus(w http.ResponseWriter, req *http.Request) {
	var body struct {
		State, Context, Description string
		TargetURL                   string `json:"target_url"`
	}
	if err := read(req, &body); err != nil {
		panic(err)
	}
	g.statuses = append(g.statuses,
		Status{req.PathValue("sha"), body.Context, body.State, body.Description, body.TargetURL})
	answer(w, http.StatusCreated, object{
		"id": g.id(), "status": body.State, "context": body.Context, "description": body.Description,
		"target_url": body.TargetURL, "url": "",
		"creator": giteaUser(Self), "created_at": then, "updated_at": then,
	})
}

// listComments has no pages: Gitea gives all comments of an issue at once.
func (g gitea) listComments(w http.ResponseWriter, req *http.Request) {
	if _, ok := g.pulls[pathNumber(req)]; !ok {
		// as Gitea 1.26 does
		answer(w, http.StatusInternalServerError, object{"message": "issue does not exist", "url": ""})
		return
	}
	on := slices.DeleteFunc(slices.Clone(g.comments), func(c Comment) bool { return c.Number != pathNumber(req) })
	list := []object{}
	for _, c := range on {
		list = append(list, giteaComment(c))
	}
	answer(w, http.StatusOK, list)
}

func giteaComment(c Comment) object {
	return object{
		"id": c.ID, "body": c.Body, "user": giteaUser(c.Author), "html_url": "", "pull_request_url": "",
		"issue_url":       "",
		"original_author": "", "original_author_id": 0, "assets": []object{}, "created_at": then, "updated_at": then,
	}
}

func (g gitea) addComment(w http.ResponseWriter, req *http.Request) {
	number := pathNumber(req)
	if _, ok := g.pulls[number]; !ok {
		giteaNotFound(w)
		return
	}
	var body struct{ Body string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	id := g.say(Comment{Number: number, Author: g.writes(), Body: body.Body})
	answer(w, http.StatusCreated, giteaComment(*g.comment(id)))
}

func (g gitea) editComment(w http.ResponseWriter, req *http.Request) {
	c := g.comment(pathID(req))
	if c == nil {
		giteaNotFound(w)
		return
	}
	var body struct{ Body string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	c.Body = body.Body
	answer(w, http.StatusOK, giteaComment(*c))
}

func (g gitea) deleteComment(w http.ResponseWriter, req *http.Request) {
	if !g.removeComment(pathID(req)) {
		giteaNotFound(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g gitea) addReaction(w http.ResponseWriter, req *http.Request) {
	var body struct{ Content string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	status := http.StatusOK
	if g.react(pathID(req), body.Content) {
		status = http.StatusCreated
	}
	answer(w, status, object{"content": body.Content, "user": giteaUser(Self), "created_at": then})
}
