package remote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// TestMain makes this program the one that is put on the machines of the
// tests: called as the agent, it is one whose up is a play.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "agent" {
		os.Exit(m.Run())
	}
	ctx, cancel := interruptible()
	defer cancel()
	err := remote.Agent{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Up: play, Errand: playErrand, Fetch: copyLink,
		Redact: func(text string) string { return text },
	}.Run(ctx, os.Args[2:])
	var said *remote.SaidError
	switch {
	case errors.As(err, &said):
		os.Exit(said.Code)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(0)
}

// play is an up that its request directs by variables: it tells of STEPS
// steps, waits for the file GATE after each, reads the file SHOW of the
// checkout, and ends with EXIT.
func play(ctx context.Context, request remote.Request, observe func(provision.Event)) remote.Outcome {
	o, env := request.Options, request.Options.Environment
	var steps, exit int
	_, _ = fmt.Sscan(env["STEPS"], &steps)
	_, _ = fmt.Sscan(env["EXIT"], &exit)
	for n := range steps {
		observe(provision.Event{
			Step: provision.StepImages, Kind: provision.Progress,
			Text: fmt.Sprintf("%d %s", n, strings.Repeat("x", 2000)),
		})
		for gate := env["GATE"]; gate != "" && !exists(fmt.Sprintf("%s-%d", gate, n)); {
			select {
			case <-ctx.Done():
				return remote.Outcome{Exit: 130, Error: "interrupted"}
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	if exit != 0 {
		return remote.Outcome{
			Exit: exit, Error: "up pr-1: migrate: tool: exit 1", Hints: []string{"mend it"},
			Part: "tool", Tail: []string{"no such table"},
		}
	}
	shown, err := os.ReadFile(filepath.Join(o.Source.Dir, env["SHOW"]))
	loaded, _ := os.ReadFile(o.Archive)
	for _, name := range slices.Sorted(maps.Keys(o.Archives)) {
		other, _ := os.ReadFile(o.Archives[name])
		loaded = append(loaded, (" " + name + ": " + string(other))...)
	}
	if err != nil && env["SHOW"] != "" {
		return remote.Outcome{Exit: 1, Error: err.Error()}
	}
	return remote.Outcome{Result: &provision.Result{
		Preview: o.Preview, Commit: o.Commit,
		Links:    []provision.Link{{Service: "web", URL: "http://" + request.Front.Address.String() + "/"}},
		Migrated: &provision.Migrated{Output: []string{string(shown), string(loaded)}},
	}}
}

// playErrand tells what it was asked for, in parts, and answers with its length.
func playErrand(_ context.Context, errand json.RawMessage, tell func(json.RawMessage)) remote.Outcome {
	var words []string
	if err := json.Unmarshal(errand, &words); err != nil {
		return remote.Outcome{Exit: 1, Error: "the errand cannot be read"}
	}
	for _, word := range words {
		content, _ := json.Marshal(word)
		tell(content)
	}
	return remote.Outcome{Exit: 3, Error: "a check failed", Answer: json.RawMessage(fmt.Sprint(len(words)))}
}

// copyLink fetches links that are files.
func copyLink(_ context.Context, f remote.Fetching, path string) error {
	content, err := os.ReadFile(f.Link)
	if err != nil {
		return errors.New("no such link") // without its name, which is a secret
	}
	return os.WriteFile(path, content, 0o600)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// rig is a checkout, and a machine that is a folder of this computer.
type rig struct {
	*testing.T
	site     remote.Site
	checkout string
	commit   string
}

func newRig(t *testing.T, h host.Host) *rig {
	t.Helper()
	r := &rig{T: t, checkout: t.TempDir(), commit: "c0ffee"}
	folder := filepath.Join(t.TempDir(), "offshoot")
	r.site = remote.Site{Host: h, Folder: folder, Pause: time.Millisecond, Patience: time.Minute}
	git(t, r.checkout, "init", "-q")
	r.write("compose.yaml", "services: {}\n", 0o644)
	if err := r.site.Install(t.Context(), program(t)); err != nil {
		t.Fatal(err)
	}
	return r
}

// program leads to this one: a file of its size would cost every test a second.
func program(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "offshoot")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec "+host.Quote(own)+" \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	args = append([]string{
		"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c",
		"protocol.file.allow=always",
	}, args...)
	if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func (r *rig) write(name, content string, mode os.FileMode) {
	r.Helper()
	path := filepath.Join(r.checkout, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		r.Fatal(err)
	}
}

// delivery asks for an up that the variables direct.
func (r *rig) delivery(environment map[string]string) remote.Delivery {
	r.Helper()
	paths, err := worktree.List(r.Context(), r.checkout)
	if err != nil {
		r.Fatal(err)
	}
	return remote.Delivery{
		Checkout: r.checkout, Paths: paths, Dir: ".",
		Request: remote.Request{Options: provision.Options{
			Preview: provision.Preview{ID: "shop-pr-1", Name: "pr-1"}, Commit: r.commit, Environment: environment,
			Source: compose.Source{},
		}},
	}
}

func (r *rig) up(d remote.Delivery) (*provision.Result, []provision.Event) {
	r.Helper()
	var events []provision.Event
	result, err := r.site.Up(r.Context(), d, func(e provision.Event) { events = append(events, e) })
	if err != nil {
		r.Fatalf("up: %v", err)
	}
	return result, events
}

// runs are the folders of the runs on the machine.
func (r *rig) runs() []string {
	r.Helper()
	found, err := filepath.Glob(filepath.Join(r.site.Folder, "runs", "*"))
	if err != nil {
		r.Fatal(err)
	}
	return found
}

// recorder is a host that counts what is run over it.
type recorder struct {
	host.Host
	commands [][]string
	sent     bytes.Buffer // standard input of receive
}

func (h *recorder) Run(ctx context.Context, c host.Command) error {
	h.commands = append(h.commands, c.Args)
	if len(c.Args) > 2 && c.Args[2] == "receive" {
		h.sent.Reset()
		c.Stdin = &tee{c.Stdin, &h.sent}
	}
	return h.Host.Run(ctx, c)
}
