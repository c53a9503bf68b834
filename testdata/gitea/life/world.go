package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// repository is where the play takes place: of an organization with a team that
// may only read, so that a job's token is told the least.
const repository = "acme/life"

// A world is the Gitea, its runner and its people.
type world struct {
	base, token, runner, runnerToken string
	checkout, actions, work, source  string

	running *exec.Cmd
	seen    map[int64]bool // runs that were looked at
}

// prepare makes the people, the repository and its secrets, and starts the runner.
func (w *world) prepare(ctx context.Context) error {
	w.seen = map[int64]bool{}
	for _, name := range []string{"ann", "wendy", "rita", "mallory", "robot"} {
		err := w.ask(ctx, "", "POST", "/admin/users", object{
			"username": name, "email": name + "@life.test", "password": password, "must_change_password": false,
		}, nil)
		if err != nil {
			return err
		}
	}
	var team struct{ ID int64 }
	for _, step := range []struct {
		as, method, path string
		body, into       any
	}{
		{"ann", "POST", "/orgs", object{"username": "acme"}, nil},
		{"ann", "POST", "/orgs/acme/repos", object{"name": "life", "auto_init": true, "default_branch": "main"}, nil},
		{
			"ann", "POST", "/orgs/acme/teams",
			object{
				"name": "readers", "permission": "read",
				"units": []string{"repo.code", "repo.issues", "repo.pulls"}, "includes_all_repositories": true,
			},
			&team,
		},
		{"ann", "PUT", "/repos/" + repository + "/collaborators/wendy", object{"permission": "write"}, nil},
		{"ann", "PUT", "/repos/" + repository + "/collaborators/robot", object{"permission": "admin"}, nil},
		{"ann", "POST", "/repos/" + repository + "/labels", object{"name": "preview", "color": "#00aabb"}, nil},
		{"ann", "POST", "/repos/" + repository + "/labels", object{"name": "size/L", "color": "#aabbcc"}, nil},
		{
			"ann", "PUT", "/repos/" + repository + "/actions/secrets/PRODUCTION_DATABASE_URL",
			object{"data": w.source},
			nil,
		},
		{
			"ann", "PUT", "/repos/" + repository + "/actions/secrets/OFFSHOOT_MASK_KEY",
			object{"data": "0123456789abcdef"},
			nil,
		},
	} {
		if err := w.ask(ctx, step.as, step.method, step.path, step.body, step.into); err != nil {
			return err
		}
	}
	if err := w.ask(ctx, "ann", "PUT", fmt.Sprintf("/teams/%d/members/rita", team.ID), nil, nil); err != nil {
		return err
	}
	if err := w.fill(ctx); err != nil {
		return err
	}
	return w.startRunner(ctx)
}

// fill commits the checkout.
func (w *world) fill(ctx context.Context) error {
	var files []object
	err := filepath.WalkDir(w.checkout, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && entry.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(w.checkout, path)
		files = append(files,
			object{
				"operation": "create", "path": filepath.ToSlash(name),
				"content": base64.StdEncoding.EncodeToString(text),
			})
		return err
	})
	if err != nil {
		return err
	}
	return w.ask(ctx, "ann", "POST", "/repos/"+repository+"/contents",
		object{"branch": "main", "message": "the shop", "files": files}, nil)
}

func (w *world) startRunner(ctx context.Context) error {
	log, err := os.Create(filepath.Join(w.work, "runner.log"))
	if err != nil {
		return err
	}
	w.running = exec.Command(w.runner, "-gitea", w.base, "-actions", w.actions, "-work", w.work, "-hold", w.hold())
	w.running.Env = append(os.Environ(), "RUNNER_TOKEN="+w.runnerToken)
	w.running.Stdout, w.running.Stderr = log, log
	w.running.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return w.running.Start()
}

// hold names the file that keeps the runner from taking jobs while it is there.
func (w *world) hold() string { return filepath.Join(w.work, "hold") }

func (w *world) pause() error  { return os.WriteFile(w.hold(), nil, 0o644) }
func (w *world) resume() error { return os.Remove(w.hold()) }

func (w *world) stopRunner() error {
	if w.running == nil {
		return nil
	}
	if err := w.running.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := w.running.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return nil
	}
	return err
}

// until waits for a condition, and says what it last saw.
func until(ctx context.Context, what string, seen func() (string, bool, error)) error {
	deadline := time.Now().Add(3 * time.Minute)
	for {
		last, ok, err := seen()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		case ok:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%s: not within 3 minutes: %s", what, last)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// settled waits until no run waits or runs.
func (w *world) settled(ctx context.Context) error {
	quiet := 0
	return until(ctx, "all runs end", func() (string, bool, error) {
		all, err := w.runs(ctx)
		open := ""
		for _, r := range all {
			if !r.over() {
				open += fmt.Sprintf(" %d %s %s;", r.ID, r.Event, r.Status)
			}
		}
		// Gitea makes the run of an event a moment later.
		if quiet++; open != "" {
			quiet = 0
		}
		return open, quiet > 4, err
	})
}

// allGreen settles, and looks at the runs that came since: whatever ran has
// succeeded. Gitea cancels a run that waits for a newer one.
func (w *world) allGreen(ctx context.Context) error {
	if err := w.settled(ctx); err != nil {
		return err
	}
	all, err := w.runs(ctx)
	for _, r := range all {
		if w.seen[r.ID] {
			continue
		}
		w.seen[r.ID] = true
		if r.Conclusion == "failure" {
			err = errors.Join(err, fmt.Errorf("run %d of %s failed", r.ID, r.Event))
		}
	}
	return err
}

var link = regexp.MustCompile(`http://pr-[0-9]+\.[a-z0-9-]+\.localhost:[0-9]+`)

// one is the one comment of ours on a pull request.
func (w *world) one(ctx context.Context, number int) (comment, error) {
	ours, err := w.comments(ctx, number)
	if err == nil && len(ours) != 1 {
		err = fmt.Errorf("%d comments of ours on %d", len(ours), number)
	}
	if err != nil {
		return comment{}, err
	}
	return ours[0], nil
}

// serves waits until all runs ended, and then the one comment has a link that
// shows a page.
func (w *world) serves(ctx context.Context, number int, page string) error {
	if err := w.settled(ctx); err != nil {
		return err
	}
	c, err := w.one(ctx, number)
	if err != nil {
		return err
	}
	at := link.FindString(c.Body)
	if at == "" || !strings.Contains(c.Body, "ready") {
		return fmt.Errorf("pull request %d should show %q, its comment says: %s", number, page, c.Body)
	}
	if strings.Contains(strings.ReplaceAll(c.Body, "://", ""), "//") {
		return fmt.Errorf("a link with two slashes: %s", c.Body)
	}
	got, err := get(ctx, at+"/")
	if err != nil || got != page {
		return fmt.Errorf("pull request %d: %s shows %q, want %q: %v", number, at, got, page, err)
	}
	return nil
}

// gone waits until all runs ended, and then nothing of a preview is there and
// its comment, where there is one, says so.
func (w *world) gone(ctx context.Context, number int) error {
	if err := w.settled(ctx); err != nil {
		return err
	}
	left, err := engine(ctx, "ps", "-aq", "--filter", "label=dev.offshoot.repository="+w.label(), "--filter",
		fmt.Sprintf("label=dev.offshoot.pull-request=%d", number))
	if err != nil || left != "" {
		return fmt.Errorf("containers of pull request %d: %q %v", number, left, err)
	}
	ours, err := w.comments(ctx, number)
	if err != nil || len(ours) > 1 || len(ours) == 1 && !strings.Contains(strings.ToLower(ours[0].Body), "removed") {
		return fmt.Errorf("pull request %d is gone, and its comments say %v: %v", number, ours, err)
	}
	return nil
}

// label is what offshoot calls the repository on the engine.
func (w *world) label() string {
	return regexp.MustCompile(`^https?://([^:/]+).*`).ReplaceAllString(w.base, "$1") + "/" + repository
}

func engine(ctx context.Context, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// get follows a link of a preview: *.localhost is this computer.
func get(ctx context.Context, address string) (string, error) {
	local := &http.Transport{DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(at)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}}
	defer local.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return "", err
	}
	reply, err := (&http.Client{Transport: local, Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	return strings.TrimSpace(string(text)), err
}

// explain prints how the last jobs went.
func (w *world) explain() {
	logs, _ := filepath.Glob(filepath.Join(w.work, "*", "log"))
	for _, path := range logs[max(0, len(logs)-4):] {
		text, _ := os.ReadFile(path)
		fmt.Printf("--- %s\n%s\n", path, text)
	}
}
