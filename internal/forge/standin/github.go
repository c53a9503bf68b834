package standin

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

//go:embed github.openapi.json
var gitHubDescription []byte

// gitHub shows a repository as GitHub does. Its replies begin as the examples
// in GitHub's description, so that everything is in them that is in GitHub's.
type gitHub struct {
	*Repository
	examples openapi3.Examples
}

// GitHub serves the repository as GitHub Enterprise would, below /api/v3.
func (r *Repository) GitHub(t testing.TB) *httptest.Server {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gitHubDescription)
	if err != nil {
		t.Fatal(err)
	}
	check, err := describe(doc, "/api/v3")
	if err != nil {
		t.Fatal(err)
	}
	g := &gitHub{Repository: r, examples: doc.Components.Examples}
	return r.serve(t, g.routes().ServeHTTP, check)
}

func (g *gitHub) routes() *http.ServeMux {
	const base = "/api/v3/repos/" + Owner + "/" + Name
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v3/user", g.user)
	mux.HandleFunc("GET /api/v3/repos/{owner}/{name}", g.repository("/api/v3/repositories/42", gitHubNotFound))
	mux.HandleFunc("GET /api/v3/repositories/42", g.byNumber)
	mux.HandleFunc("GET "+base+"/pulls", g.listPulls)
	mux.HandleFunc("GET "+base+"/pulls/{number}", g.getPull)
	mux.HandleFunc("GET "+base+"/collaborators/{login}/permission", g.permission)
	mux.HandleFunc("GET "+base+"/contents/{path...}", g.contents)
	mux.HandleFunc("POST "+base+"/statuses/{sha}", g.setStatus)
	mux.HandleFunc("GET "+base+"/issues/{number}/comments", g.listComments)
	mux.HandleFunc("POST "+base+"/issues/{number}/comments", g.addComment)
	mux.HandleFunc("PATCH "+base+"/issues/comments/{id}", g.editComment)
	mux.HandleFunc("DELETE "+base+"/issues/comments/{id}", g.deleteComment)
	mux.HandleFunc("POST "+base+"/issues/comments/{id}/reactions", g.addReaction)
	mux.HandleFunc("GET "+base+"/deployments", g.listDeployments)
	mux.HandleFunc("POST "+base+"/deployments", g.addDeployment)
	mux.HandleFunc("DELETE "+base+"/deployments/{id}", g.deleteDeployment)
	mux.HandleFunc("POST "+base+"/deployments/{id}/statuses", g.setDeployment)
	mux.HandleFunc("DELETE "+base+"/environments/{name}", g.deleteEnvironment)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { gitHubNotFound(w) })
	return mux
}

type object = map[string]any

// example is a copy of one of the published examples; of its first element
// where it is a list.
func (g *gitHub) example(name string) object {
	var found any
	content, err := json.Marshal(g.examples[name].Value.Value)
	if err == nil {
		err = json.Unmarshal(content, &found)
	}
	if list, ok := found.([]any); ok && len(list) > 0 {
		found = list[0]
	}
	made, ok := found.(object)
	if err != nil || !ok {
		panic(fmt.Sprintf("example %s is not usable: %v", name, err))
	}
	return made
}

// with replaces fields.
func with(in object, fields object) object {
	maps.Copy(in, fields)
	return in
}

func gitHubNotFound(w http.ResponseWriter) {
	answer(w, http.StatusNotFound,
		object{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
}

func (g *gitHub) user(w http.ResponseWriter, _ *http.Request) {
	if g.JobToken {
		answer(w, http.StatusForbidden,
			object{
				"message":           "Resource not accessible by integration",
				"documentation_url": "https://docs.github.com/rest",
			})
		return
	}
	answer(w, http.StatusOK,
		with(g.example("private-user-response-with-public-and-private-profile-information"),
			object{"login": Self, "user_view_type": "private"}))
}

func (g *gitHub) listPulls(w http.ResponseWriter, req *http.Request) {
	list := []object{}
	for _, p := range page(g.Repository, w, req, g.open(), "per_page", 100) {
		list = append(list, g.pull("pull-request-simple-items", p))
	}
	answer(w, http.StatusOK, list)
}

func (g *gitHub) getPull(w http.ResponseWriter, req *http.Request) {
	p, ok := g.pulls[pathNumber(req)]
	if !ok {
		gitHubNotFound(w)
		return
	}
	answer(w, http.StatusOK, with(g.pull("pull-request", p), object{"merged": p.Merged}))
}

func (g *gitHub) pull(example string, p forge.Pull) object {
	made := g.example(example)
	labels := []object{}
	for i, name := range p.Labels {
		labels = append(labels,
			object{
				"id": i, "node_id": "", "url": "", "name": name, "description": "", "color": "f29513",
				"default": false,
			})
	}
	state := "closed"
	if p.Open {
		state = "open"
	}
	var merged, closed any
	if p.Merged {
		merged = then
	}
	if !p.Open {
		closed = then
	}
	base, head := made["base"].(object), made["head"].(object)
	base["ref"], base["sha"], head["ref"], head["sha"] = p.Base, p.BaseCommit, p.Branch, p.Commit
	if g.Unchecked { // and in a hurry
		base["repo"], head["repo"] = object{}, object{}
	}
	base["repo"].(object)["id"], head["repo"].(object)["id"] = 1, 1
	if p.Fork {
		head["repo"].(object)["id"] = 2
	}
	made["user"].(object)["login"] = p.Author
	return with(made, object{
		"number": p.Number, "title": p.Title, "state": state, "draft": p.Draft, "labels": labels, "html_url": p.URL,
		"merged_at": merged, "closed_at": closed, "updated_at": when(p.Updated),
		// The teams of the example lack a field that the description requires.
		"requested_teams": []object{},
	})
}

func (g *gitHub) permission(w http.ResponseWriter, req *http.Request) {
	login := req.PathValue("login")
	level, known := g.people[login]
	if !known {
		gitHubNotFound(w)
		return
	}
	made := g.example("repository-collaborator-permission-response-if-user-has-admin-permissions")
	with(made["user"].(object), object{"login": login, "role_name": level})
	answer(w, http.StatusOK, with(made, object{"permission": level, "role_name": level}))
}

func (g *gitHub) setStatus(w http.ResponseWriter, req *http.Request) {
	var body struct {
		State, Context, Description string
		TargetURL                   string `json:"target_url"`
	}
	if err := read(req, &body); err != nil {
		panic(err)
	}
	g.statuses = append(g.statuses,
		Status{req.PathValue("sha"), body.Context, body.State, body.Description, body.TargetURL})
	answer(w, http.StatusCreated,
		with(g.example("status"),
			object{"state": body.State, "context": body.Context, "description": body.Description}))
}

func (g *gitHub) listComments(w http.ResponseWriter, req *http.Request) {
	on := slices.DeleteFunc(slices.Clone(g.comments), func(c Comment) bool { return c.Number != pathNumber(req) })
	list := []object{}
	for _, c := range page(g.Repository, w, req, on, "per_page", 100) {
		list = append(list, g.commentOf(c))
	}
	answer(w, http.StatusOK, list)
}

func (g *gitHub) commentOf(c Comment) object {
	made := g.example("issue-comment")
	kind := "User"
	if c.Bot {
		kind = "Bot"
	}
	with(made["user"].(object), object{"login": c.Author, "type": kind})
	return with(made, object{"id": c.ID, "body": c.Body})
}

func (g *gitHub) addComment(w http.ResponseWriter, req *http.Request) {
	number := pathNumber(req)
	if _, ok := g.pulls[number]; !ok {
		gitHubNotFound(w)
		return
	}
	var body struct{ Body string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	author, bot := g.writer()
	id := g.say(Comment{Number: number, Author: author, Bot: bot, Body: body.Body})
	answer(w, http.StatusCreated, g.commentOf(*g.comment(id)))
}

func (g *gitHub) editComment(w http.ResponseWriter, req *http.Request) {
	c := g.comment(pathID(req))
	if c == nil {
		gitHubNotFound(w)
		return
	}
	var body struct{ Body string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	c.Body = body.Body
	answer(w, http.StatusOK, g.commentOf(*c))
}

func (g *gitHub) deleteComment(w http.ResponseWriter, req *http.Request) {
	if !g.removeComment(pathID(req)) {
		gitHubNotFound(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *gitHub) addReaction(w http.ResponseWriter, req *http.Request) {
	var body struct{ Content string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	status := http.StatusOK
	if g.react(pathID(req), body.Content) {
		status = http.StatusCreated
	}
	answer(w, status, with(g.example("reaction"), object{"content": body.Content}))
}

func pathNumber(req *http.Request) int { return int(pathValue(req, "number")) }
func pathID(req *http.Request) int64   { return pathValue(req, "id") }

func pathValue(req *http.Request, name string) int64 {
	var n int64
	_, _ = fmt.Sscan(req.PathValue(name), &n)
	return n
}
