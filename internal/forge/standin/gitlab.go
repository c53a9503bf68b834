package standin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// gitLab shows a repository as GitLab documents that it would:
// https://docs.gitlab.com/api/merge_requests/, /api/notes/, /api/commits/,
// /api/members/, /api/emoji_reactions/.
type gitLab struct{ *Repository }

// GitLab serves the repository below /api/v4.
func (r *Repository) GitLab(t testing.TB) *httptest.Server {
	t.Helper()
	return r.serve(t, gitLab{r}.routes().ServeHTTP, nil)
}

func (g gitLab) routes() *http.ServeMux {
	const base = "/api/v4/projects/" + Owner + "%2F" + Name
	routes := map[string]http.HandlerFunc{
		"GET /user":                                            g.user,
		"GET /users":                                           g.users,
		"GET /merge_requests":                                  g.list,
		"GET /merge_requests/{number}":                         g.get,
		"GET /members/all/{id}":                                g.member,
		"GET /repository/files/{path}/raw":                     g.file,
		"POST /statuses/{sha}":                                 g.setStatus,
		"GET /merge_requests/{number}/notes":                   g.notes,
		"POST /merge_requests/{number}/notes":                  g.addNote,
		"PUT /merge_requests/{number}/notes/{id}":              g.editNote,
		"DELETE /merge_requests/{number}/notes/{id}":           g.deleteNote,
		"POST /merge_requests/{number}/notes/{id}/award_emoji": g.award,
	}
	mux := http.NewServeMux()
	for route, handle := range routes {
		var method, path string
		_, _ = fmt.Sscan(route, &method, &path)
		under := base
		if path == "/user" || path == "/users" {
			under = "/api/v4"
		}
		mux.HandleFunc(method+" "+under+path, handle)
	}
	mux.HandleFunc("GET /api/v4/projects/{path}", g.project)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { gitLabNotFound(w, "404 Not Found") })
	return mux
}

func gitLabNotFound(w http.ResponseWriter, message string) {
	answer(w, http.StatusNotFound, object{"message": message})
}

// logins gives people their ids.
func (g gitLab) logins() []string {
	var logins []string
	for login := range g.people {
		logins = append(logins, login)
	}
	slices.Sort(logins)
	return logins
}

func (g gitLab) user(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, object{"id": 999, "username": Self, "name": "Offshoot", "state": "active"})
}

func (g gitLab) users(w http.ResponseWriter, req *http.Request) {
	found := []object{}
	for i, login := range g.logins() {
		if login == req.FormValue("username") {
			found = append(found, object{"id": i + 1, "username": login, "name": login, "state": "active"})
		}
	}
	answer(w, http.StatusOK, found)
}

func (g gitLab) member(w http.ResponseWriter, req *http.Request) {
	at, logins := int(pathID(req))-1, g.logins()
	if at < 0 || at >= len(logins) {
		gitLabNotFound(w, "404 Not found")
		return
	}
	level := map[string]int{"admin": 40, "write": 30, "read": 20}[g.people[logins[at]]]
	answer(w, http.StatusOK, object{"id": at + 1, "username": logins[at], "state": "active", "access_level": level})
}

func (g gitLab) list(w http.ResponseWriter, req *http.Request) {
	list := []object{}
	for _, p := range page(g.Repository, w, req, g.open(), "per_page", 100) {
		list = append(list, mergeRequest(p))
	}
	answer(w, http.StatusOK, list)
}

func (g gitLab) get(w http.ResponseWriter, req *http.Request) {
	p, ok := g.pulls[pathNumber(req)]
	if !ok {
		gitLabNotFound(w, "404 Not found")
		return
	}
	answer(w, http.StatusOK, mergeRequest(p))
}

func mergeRequest(p forge.Pull) object {
	state, source := "opened", 1
	switch {
	case p.Merged:
		state = "merged"
	case !p.Open:
		state = "closed"
	}
	if p.Fork {
		source = 2
	}
	return object{
		"id": 1000 + p.Number, "iid": p.Number, "project_id": 1, "title": p.Title, "state": state, "draft": p.Draft,
		"author": object{"id": 5, "username": p.Author, "name": p.Author, "state": "active"}, "web_url": p.URL,
		"source_branch": p.Branch, "target_branch": p.Base, "source_project_id": source, "target_project_id": 1,
		"sha": p.Commit, "labels": append([]string{}, p.Labels...), "created_at": then, "updated_at": when(p.Updated),
		"merge_commit_sha": nil, "detailed_merge_status": "mergeable", "user_notes_count": 0,
		"diff_refs": object{"base_sha": p.BaseCommit, "head_sha": p.Commit, "start_sha": p.BaseCommit},
	}
}

// setStatus refuses the state that a job has already, as GitLab does.
func (g gitLab) setStatus(w http.ResponseWriter, req *http.Request) {
	var body struct {
		State, Name, Description string
		TargetURL                string `json:"target_url"`
	}
	if err := read(req, &body); err != nil {
		panic(err)
	}
	for _, s := range slices.Backward(g.statuses) {
		if s.Commit == req.PathValue("sha") && s.Context == body.Name {
			if s.State == body.State {
				answer(w, http.StatusBadRequest,
					object{"message": "Cannot transition status via :run from :running (Reason(s): Status cannot " +
						"transition via \"run\")"})
				return
			}
			break
		}
	}
	g.statuses = append(g.statuses,
		Status{req.PathValue("sha"), body.Name, body.State, body.Description, body.TargetURL})
	answer(w, http.StatusCreated,
		object{
			"id": 93, "sha": req.PathValue("sha"), "status": body.State, "name": body.Name,
			"description": body.Description,
		})
}

func (g gitLab) notes(w http.ResponseWriter, req *http.Request) {
	on := slices.DeleteFunc(slices.Clone(g.comments), func(c Comment) bool { return c.Number != pathNumber(req) })
	list := []object{}
	for _, c := range page(g.Repository, w, req, on, "per_page", 100) {
		list = append(list, noteOf(c))
	}
	answer(w, http.StatusOK, list)
}

func noteOf(c Comment) object {
	return object{
		"id": c.ID, "body": c.Body,
		"author":     object{"id": 7, "username": c.Author, "name": c.Author, "state": "active"},
		"created_at": then, "updated_at": then, "system": false, "noteable_type": "MergeRequest",
		"noteable_iid": c.Number,
		"resolvable":   false, "internal": false,
	}
}

func (g gitLab) addNote(w http.ResponseWriter, req *http.Request) {
	number := pathNumber(req)
	if _, ok := g.pulls[number]; !ok {
		gitLabNotFound(w, "404 Noteable Not Found")
		return
	}
	var body struct{ Body string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	id := g.say(Comment{Number: number, Author: Self, Body: body.Body})
	answer(w, http.StatusCreated, noteOf(*g.comment(id)))
}

func (g gitLab) editNote(w http.ResponseWriter, req *http.Request) {
	c := g.comment(pathID(req))
	if c == nil {
		gitLabNotFound(w, "404 Not found")
		return
	}
	var body struct{ Body string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	c.Body = body.Body
	answer(w, http.StatusOK, noteOf(*c))
}

func (g gitLab) deleteNote(w http.ResponseWriter, req *http.Request) {
	if !g.removeComment(pathID(req)) {
		gitLabNotFound(w, "404 Not found")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g gitLab) award(w http.ResponseWriter, req *http.Request) {
	var body struct{ Name string }
	if err := read(req, &body); err != nil {
		panic(err)
	}
	if !g.react(pathID(req), body.Name) {
		gitLabNotFound(w, "404 Award Emoji Name has already been taken")
		return
	}
	answer(w, http.StatusCreated,
		object{"id": 345, "name": body.Name, "awardable_id": pathID(req), "awardable_type": "Note"})
}
