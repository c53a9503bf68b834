// Package standin answers in place of GitHub, GitLab and Gitea in tests.
//
//	request ─▶ faults ─▶ checked by the published description ─▶ one of three faces ─▶ Repository
//	reply   ◀─────────── checked by the published description ◀──┘
//
// GitHub's and Gitea's descriptions are theirs, trimmed to what offshoot uses;
// GitLab publishes none of the kind, its face is made after its documentation.
package standin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// Names that every stand-in knows.
const (
	Owner = "acme"
	Name  = "shop"
	Token = "standin-token"
	// Self is the user that the token belongs to.
	Self = "offshoot-bot"
)

// A Repository is what the three faces show: one repository, its pull requests
// and the people around it.
type Repository struct {
	// JobToken makes the token that of a CI job: it belongs to no user.
	JobToken bool
	// Scopes are those of the token, in Gitea's words; nil: all.
	Scopes []string
	// Permissions are what the workflow asks for its token, where JobToken is
	// set; nil: all of them to write, as before Gitea 1.26.
	Permissions map[string]string
	// Level is what Self may on the repository; empty: admin.
	Level string
	// Teams have the repository, which then belongs to an organization; Gitea.
	Teams []Team
	// Formerly are names that the repository had, as owner/name.
	Formerly []string
	// Unchecked leaves the description alone: for lists of many megabytes.
	Unchecked bool
	// PageSize is the most on a page; 0: what the forge has.
	PageSize int
	// Fault may answer in place of the forge; false: it does not. Called for
	// each request, with its method and path.
	Fault func(w http.ResponseWriter, request string) bool
	// Lose tells whether the reply to a request is lost on its way back.
	Lose func(request string) bool

	mutex       sync.Mutex
	pulls       map[int]forge.Pull
	comments    []Comment
	statuses    []Status
	deployments []Deployment
	reactions   map[int64][]string
	people      map[string]string // login → admin, write, read
	files       map[string]string // branch:path → content
	requests    []string
	removed     []string // environments
	last        int64    // id
}

// A Comment on a pull request.
type Comment struct {
	ID     int64
	Number int
	Author string
	Bot    bool
	Body   string
}

// A Team of an organization.
type Team struct {
	Name, Level string // Level is admin, write or read
	Members     []string
}

// A Status of a commit, in the forge's own words.
type Status struct {
	Commit, Context, State, Text, URL string
}

// A Deployment, in the forge's own words.
type Deployment struct {
	ID                       int64
	Commit, Environment, URL string
	States                   []string
	Transient, Production    bool
}

// Put makes or replaces a pull request.
func (r *Repository) Put(p forge.Pull) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.pulls == nil {
		r.pulls = map[int]forge.Pull{}
	}
	r.pulls[p.Number] = p
}

// PutFile makes or replaces a file at the head of a branch.
func (r *Repository) PutFile(branch, path, content string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.files == nil {
		r.files = map[string]string{}
	}
	r.files[branch+":"+path] = content
}

// Pull reads one back.
func (r *Repository) Pull(number int) forge.Pull {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.pulls[number]
}

// Allow gives a person a permission: admin, write or read.
func (r *Repository) Allow(login, permission string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.people == nil {
		r.people = map[string]string{}
	}
	r.people[login] = permission
}

// Say adds a comment of somebody.
func (r *Repository) Say(number int, author, body string) int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.say(Comment{Number: number, Author: author, Body: body})
}

func (r *Repository) say(c Comment) int64 {
	c.ID = r.id()
	r.comments = append(r.comments, c)
	return c.ID
}

func (r *Repository) id() int64 {
	r.last++
	return r.last
}

// Comments are those on a pull request.
func (r *Repository) Comments(number int) []Comment {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(r.comments), func(c Comment) bool { return c.Number != number })
}

// Statuses are all that were set, in their order.
func (r *Repository) Statuses() []Status {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.statuses)
}

// Deployments are those that there are.
func (r *Repository) Deployments() []Deployment {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.deployments)
}

// RemovedEnvironments are those that were deleted.
func (r *Repository) RemovedEnvironments() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.removed)
}

// Reactions to a comment.
func (r *Repository) Reactions(comment int64) []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.reactions[comment])
}

// Requests are all that came, as method and path.
func (r *Repository) Requests() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.requests)
}

func (r *Repository) react(comment int64, name string) (isNew bool) {
	if r.reactions == nil {
		r.reactions = map[int64][]string{}
	}
	if slices.Contains(r.reactions[comment], name) {
		return false
	}
	r.reactions[comment] = append(r.reactions[comment], name)
	return true
}

// writer is who the token writes as.
func (r *Repository) writer() (login string, bot bool) {
	if r.JobToken {
		return "github-actions[bot]", true
	}
	return Self, false
}

// open lists the open pull requests by number.
func (r *Repository) open() []forge.Pull {
	var open []forge.Pull
	for _, p := range r.pulls {
		if p.Open {
			open = append(open, p)
		}
	}
	slices.SortFunc(open, func(a, b forge.Pull) int { return cmp.Compare(a.Number, b.Number) })
	return open
}

// comment finds a comment by its id.
func (r *Repository) comment(id int64) *Comment {
	if at := slices.IndexFunc(r.comments, func(c Comment) bool { return c.ID == id }); at >= 0 {
		return &r.comments[at]
	}
	return nil
}

func (r *Repository) removeComment(id int64) bool {
	before := len(r.comments)
	r.comments = slices.DeleteFunc(r.comments, func(c Comment) bool { return c.ID == id })
	return len(r.comments) < before
}

// A face answers as one forge does. The repository is locked.
type face func(w http.ResponseWriter, req *http.Request)

// serve starts a server for a face. What its check finds wrong fails the test.
func (r *Repository) serve(t testing.TB, show face, check *description) *httptest.Server {
	handle := func(w http.ResponseWriter, req *http.Request) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		show(w, req)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		request := req.Method + " " + req.URL.Path
		r.mutex.Lock()
		r.requests = append(r.requests, request)
		r.mutex.Unlock()
		if r.Fault != nil && r.Fault(w, request) {
			return
		}
		if !authorised(req) {
			http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
			return
		}
		reply := httptest.NewRecorder()
		check := check
		if r.Unchecked || undescribed(req) {
			check = nil
		}
		if err := check.around(reply, req, handle); err != nil {
			t.Errorf("%s: %v", request, err)
		}
		if r.Lose != nil && r.Lose(request) {
			panic(http.ErrAbortHandler) // the server closes the connection
		}
		copyReply(w, reply)
	}))
	t.Cleanup(server.Close)
	return server
}

func authorised(req *http.Request) bool {
	return strings.HasSuffix(req.Header.Get("Authorization"), Token) || req.Header.Get("Private-Token") == Token
}

func copyReply(w http.ResponseWriter, reply *httptest.ResponseRecorder) {
	for name, values := range reply.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(reply.Code)
	_, _ = w.Write(reply.Body.Bytes())
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(err) // a value of ours that is no JSON
	}
}

// read decodes the body of a request.
func read(req *http.Request, into any) error {
	content, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

// page cuts one page out of a list, and links to its neighbours as GitHub and
// Gitea do.
func page[T any](r *Repository, w http.ResponseWriter, req *http.Request, all []T, sizeName string, most int) []T {
	if r.PageSize > 0 {
		most = r.PageSize
	}
	number, size := max(1, numberOf(req, "page")), min(most, numberOf(req, sizeName))
	if size == 0 {
		size = min(30, most)
	}
	from, to := min(len(all), (number-1)*size), min(len(all), number*size)
	w.Header().Set("X-Total-Count", fmt.Sprint(len(all)))
	if to < len(all) {
		next := *req.URL
		query := next.Query()
		query.Set("page", fmt.Sprint(number+1))
		next.RawQuery = query.Encode()
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s>; rel="next"`, req.Host, next.RequestURI()))
		w.Header().Set("X-Next-Page", fmt.Sprint(number+1)) // GitLab's
	}
	return all[from:to]
}

func numberOf(req *http.Request, name string) int {
	n := 0
	_, _ = fmt.Sscan(req.FormValue(name), &n)
	return n
}

// then is the time at which everything happens.
const then = "2026-03-01T12:00:00Z"

func when(t time.Time) string {
	if t.IsZero() {
		return then
	}
	return t.UTC().Format(time.RFC3339)
}
