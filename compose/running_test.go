package compose_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// One stack that runs shows what is claimed of exec, logs, list and run: none of
// them changes it.
func TestRunningStack(t *testing.T) {
	b := app(t, `
  one: {image: app, command: [sh, -c, "echo first; echo second"]}
  two: {image: app, command: [sh, -c, "echo wrong >&2"]}
  web: {image: app, init: true, command: [sh, -c, 'while true; do echo tick; sleep 0.2; done']}
`)
	s := b.built()
	check(t, s.Up(t.Context()))
	b.eventually("one and two have ended", func() bool {
		return only(t, s, "one").State == "exited" && only(t, s, "two").State == "exited"
	})
	r := running{bench: b, stack: s, known: compose.NewStack(b.engine, nameOnly(s.Project().Name), nil)}
	t.Run("Exec_StreamsAndExitCode", r.execStreams)
	t.Run("Exec_LargeOutputComesWhole", r.execLargeOutput)
	t.Run("Exec_NeedsARunningContainer", r.execNeedsARunningOne)
	t.Run("Exec_EndsWithItsContext", r.execEnds)
	t.Run("Logs_EachLineWithItsContainer", r.logsEachLine)
	t.Run("Logs_FollowUntilCancelled", r.logsFollow)
	t.Run("List_ByLabel", r.listByLabel)
	t.Run("Run_ExitCodeAndTheEndOfTheOutput", r.runExitCode)
	t.Run("Run_MissingCommandIsAnErrorAndLeavesNothing", r.runMissingCommand)
	t.Run("Run_CancelledIsRemoved", r.runCancelled)
}

// running is a stack that runs, and the same as it is known by its name.
type running struct {
	bench        *bench
	stack, known *compose.Stack
}

func (r running) execStreams(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code, err := r.stack.Exec(t.Context(), "web", compose.ExecOptions{
		Argv:  []string{"sh", "-c", "cat; echo $COLOR; echo bad >&2; id -u; exit 4"},
		Env:   map[string]string{"COLOR": "green"},
		User:  "1234",
		Stdin: strings.NewReader("typed\n"), Stdout: &stdout, Stderr: &stderr,
	})
	check(t, err)
	if code != 4 || stdout.String() != "typed\ngreen\n1234\n" || stderr.String() != "bad\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
	stdout.Reset()
	code, err = r.stack.Exec(t.Context(), "web",
		compose.ExecOptions{Argv: []string{"test", "-t", "1"}, TTY: true, Stdout: &stdout})
	check(t, err)
	if code != 0 {
		t.Errorf("no terminal was given: exit %d, %q", code, stdout.String())
	}
	if code, err := r.known.Exec(t.Context(), "web", compose.ExecOptions{Argv: []string{"true"}}); code != 0 ||
		err != nil {
		t.Errorf("a stack known by name: %d, %v", code, err)
	}
}

func (r running) execLargeOutput(t *testing.T) {
	var count counter
	code, err := r.stack.Exec(t.Context(), "web",
		compose.ExecOptions{Argv: []string{"dd", "if=/dev/zero", "bs=1M", "count=64"}, Stdout: &count})
	check(t, err)
	if code != 0 || count.n != 64<<20 {
		t.Errorf("exit %d, %d bytes", code, count.n)
	}
}

func (r running) execNeedsARunningOne(t *testing.T) {
	for _, service := range []string{"one", "nobody"} {
		if _, err := r.stack.Exec(t.Context(), service, compose.ExecOptions{Argv: []string{"true"}}); !errors.Is(err,
			compose.ErrNotRunning) {
			t.Errorf("%s: got %v, want ErrNotRunning", service, err)
		}
	}
}

func (r running) execEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := r.stack.Exec(ctx, "web", compose.ExecOptions{Argv: []string{"sleep", "1000"}}); !errors.Is(err,
		context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func (r running) logsEachLine(t *testing.T) {
	logs := func(s *compose.Stack, o compose.LogOptions) []string {
		var out bytes.Buffer
		check(t, s.Logs(t.Context(), o, &out))
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return sortedKeys(count(lines))
	}
	all := []string{"one-1 | first", "one-1 | second", "two-1 | wrong", "web-1 | tick"}
	if diff := cmp.Diff(all, logs(r.stack, compose.LogOptions{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"one-1 | second"},
		logs(r.stack, compose.LogOptions{Services: []string{"one"}, Tail: 1})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(all, logs(r.known, compose.LogOptions{})); diff != "" {
		t.Errorf("of a stack known by name: %s", diff)
	}
}

func (r running) logsFollow(t *testing.T) {
	ctx, cancel := withCancel(t)
	defer cancel()
	out := &safeBuffer{}
	done := make(chan error, 1)
	o := compose.LogOptions{Services: []string{"web"}, Follow: true, Tail: 1}
	go func() { done <- r.stack.Logs(ctx, o, out) }()
	eventually(t, "three lines", func() bool { return strings.Count(out.String(), "web-1 | tick\n") >= 3 })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("cancelled logs gave %v", err)
	}
}

func (r running) listByLabel(t *testing.T) {
	name := r.stack.Project().Name
	for _, labels := range []map[string]string{
		r.bench.labels(), {testLabel: r.bench.preview, "com.docker.compose.service": ""},
	} {
		found, err := compose.List(t.Context(), r.bench.engine, labels)
		check(t, err)
		var names []string
		for _, c := range found {
			names = append(names, c.Name)
			if c.Project != name || c.OneOff || time.Since(c.Created) > time.Hour || c.ID == "" || c.Image == "" {
				t.Errorf("%+v", c)
			}
		}
		if want := []string{name + "-one-1", name + "-two-1", name + "-web-1"}; !slices.Equal(names, want) {
			t.Errorf("found %q, want %q", names, want)
		}
	}
	found, err := compose.List(t.Context(), r.bench.engine, map[string]string{testLabel: "nobody"})
	if err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
	ctx, cancel := withCancel(t)
	cancel()
	if _, err := compose.List(ctx, r.bench.engine, r.bench.labels()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

func (r running) runExitCode(t *testing.T) {
	exit, err := r.stack.Run(t.Context(),
		compose.OneOff{
			Service: "builder",
			Command: []string{"sh", "-c", "seq 1 500; echo last >&2; printf 'no end'; exit 17"},
		})
	check(t, err)
	if n := len(exit.Tail); exit.Code != 17 || n < 30 || n > 60 || !contains(exit.Tail, "500") {
		t.Errorf("exit %d, %d lines: %q", exit.Code, n, exit.Tail)
	}
	if !contains(exit.Tail, "last") || !contains(exit.Tail, "no end") {
		t.Errorf("the end is lost: %q", exit.Tail)
	}
	if !r.bench.seen("run", "500") {
		t.Error("no event has the output")
	}
}

func (r running) runMissingCommand(t *testing.T) {
	if _, err := r.stack.Run(t.Context(),
		compose.OneOff{Service: "builder", Command: []string{"/no/such/command"}}); err == nil ||
		!strings.Contains(err.Error(), "run in builder: ") {
		t.Errorf("got %v", err)
	}
	if _, err := r.stack.Run(t.Context(), compose.OneOff{Service: "nobody"}); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("got %v, want a usage error", err)
	}
	if left := r.oneOffs(t); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

func (r running) runCancelled(t *testing.T) {
	ctx, cancel := withCancel(t)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := r.stack.Run(ctx,
			compose.OneOff{Service: "builder", Command: []string{"sh", "-c", "echo begun; sleep 1000"}})
		done <- err
	}()
	eventually(t, "it has begun", func() bool { return r.bench.seen("run", "begun") })
	if found := r.oneOffs(t); len(found) != 1 || !found[0].OneOff {
		t.Errorf("while running: %+v", found)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if left := r.oneOffs(t); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

// oneOffs lists what there is of the service that only one-offs run of.
func (r running) oneOffs(t *testing.T) []compose.Container {
	t.Helper()
	found, err := compose.List(t.Context(), r.bench.engine, r.bench.labels())
	check(t, err)
	return slices.DeleteFunc(found, func(c compose.Container) bool { return c.Service != "builder" })
}
