package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// password is that of all people of the play.
const password = "Aa1!life-of-pulls"

// ask sends a request to Gitea as somebody, by the administrator's right to be
// anybody, and reads the answer.
func (w *world) ask(ctx context.Context, as, method, path string, body, into any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+"/api/v1"+path, &content)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "token "+w.token)
	req.Header.Set("Content-Type", "application/json")
	if as != "" {
		req.Header.Set("Sudo", as)
	}
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode >= 400 {
		return fmt.Errorf("%s %s as %q: %d %.300s %w", method, path, as, reply.StatusCode, text, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

type object = map[string]any

// commit puts a page on a branch of a repository, from another branch where it
// is new.
func (w *world) commit(ctx context.Context, as, repository, from, branch, page string) error {
	path := "/repos/" + repository + "/contents/www/index.html"
	at := from
	if at == "" {
		at = branch
	}
	var old struct{ SHA string }
	if err := w.ask(ctx, as, "GET", path+"?ref="+url.QueryEscape(at), nil, &old); err != nil {
		return err
	}
	change := object{
		"content": base64.StdEncoding.EncodeToString([]byte(page)), "sha": old.SHA, "branch": at,
		"message": page,
	}
	if from != "" {
		change["new_branch"] = branch
	}
	return w.ask(ctx, as, "PUT", path, change, nil)
}

// pull is what the play needs to know of a pull request.
type pull struct {
	Number int
	State  string
	Head   struct{ SHA string }
}

// open opens a pull request whose page is its branch's name.
func (w *world) open(ctx context.Context, branch string, more object) (int, error) {
	if err := w.commit(ctx, "wendy", repository, "main", branch, branch); err != nil {
		return 0, err
	}
	body := object{"head": branch, "base": "main", "title": branch}
	for key, value := range more {
		body[key] = value
	}
	var made pull
	err := w.ask(ctx, "wendy", "POST", "/repos/"+repository+"/pulls", body, &made)
	return made.Number, err
}

func (w *world) edit(ctx context.Context, number int, change object) error {
	return w.ask(ctx, "wendy", "PATCH", fmt.Sprintf("/repos/%s/pulls/%d", repository, number), change, nil)
}

func (w *world) say(ctx context.Context, as string, number int, text string) (id int64, err error) {
	var made struct{ ID int64 }
	err = w.ask(ctx, as, "POST", fmt.Sprintf("/repos/%s/issues/%d/comments", repository, number), object{"body": text},
		&made)
	return made.ID, err
}

type comment struct {
	ID   int64
	Body string
	User struct{ Login string }
}

func (w *world) comments(ctx context.Context, number int) (ours []comment, err error) {
	var all []comment
	err = w.ask(ctx, "", "GET", fmt.Sprintf("/repos/%s/issues/%d/comments", repository, number), nil, &all)
	for _, c := range all {
		if strings.HasPrefix(c.Body, "<!-- offshoot") {
			ours = append(ours, c)
		}
	}
	return ours, err
}

// run is one run of a workflow.
type run struct {
	ID           int64
	Status       string
	Conclusion   string
	Event        string
	DisplayTitle string `json:"display_title"`
}

func (r run) over() bool { return r.Status == "completed" }

func (w *world) runs(ctx context.Context) ([]run, error) {
	var all struct {
		Runs []run `json:"workflow_runs"`
	}
	err := w.ask(ctx, "", "GET", "/repos/"+repository+"/actions/runs?limit=50", nil, &all)
	return all.Runs, err
}

// approveRun lets the workflow of somebody who is new run, which only the pages
// of Gitea can.
func (w *world) approveRun(ctx context.Context, id int64) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, form := range []struct {
		path   string
		values url.Values
	}{
		{"/user/login", url.Values{"user_name": {"ann"}, "password": {password}}},
		{fmt.Sprintf("/%s/actions/runs/%d/approve", repository, id), nil},
	} {
		req, err := http.NewRequestWithContext(ctx, "POST", w.base+form.path, strings.NewReader(form.values.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", w.base)
		reply, err := client.Do(req)
		if err != nil {
			return err
		}
		reply.Body.Close()
		if reply.StatusCode >= 400 {
			return fmt.Errorf("POST %s: %d", form.path, reply.StatusCode)
		}
	}
	return nil
}

// tokenOf makes a token of somebody, who has to say it themselves.
func (w *world) tokenOf(ctx context.Context, name string, scopes ...string) (string, error) {
	body, err := json.Marshal(object{"name": "life", "scopes": scopes})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", w.base+"/api/v1/users/"+name+"/tokens", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(name, password)
	req.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	var made struct {
		SHA1 string `json:"sha1"`
	}
	err = json.NewDecoder(reply.Body).Decode(&made)
	if made.SHA1 == "" {
		return "", fmt.Errorf("no token of %s: %d %w", name, reply.StatusCode, err)
	}
	return made.SHA1, err
}
