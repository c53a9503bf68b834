package compose_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// app makes a bench whose services all use one image: services is their yaml,
// where "image: app" is the built one.
func TestRun_IsLikeTheService(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile": dockerfile + "ENTRYPOINT [\"sh\", \"-c\", \"echo entry; exec \\\"$@\\\"\", \"sh\"]\n",
		"notes.txt":  "from a bind mount\n",
		"key.txt":    "from a file\n",
		".env":       "TOKEN=from-dotenv\n",
		"compose.yaml": `
services:
  db: {build: ., init: true, command: [httpd, -f, -p, "80"]}
  web:
    build: .
    command: [echo, own command]
    environment: {COLOR: green, SIZE: big}
    depends_on: {db: {condition: service_healthy}}
    restart: always
    healthcheck: {test: [CMD, "false"]}
    post_start: [{command: [echo, hook]}]
    volumes: ["./notes.txt:/notes.txt:ro", "data:/data"]
    secrets: [key, env]
    configs: [inline]
    networks: {default: {aliases: [www]}, back: {}}
secrets:
  key: {file: key.txt}
  env: {environment: TOKEN}
configs:
  inline: {content: "from content"}
networks: {back: {}}
volumes: {data: {}}
`,
	})
	s := b.built()
	check(t, s.Up(t.Context(), "db"))
	for _, c := range []struct {
		run  compose.OneOff
		want []string
	}{
		{compose.OneOff{Service: "web"}, []string{"entry", "own command"}},
		{compose.OneOff{
			Service: "web", Command: []string{"sh", "-c", "echo $COLOR $SIZE $NEW"},
			Env: map[string]string{"SIZE": "small", "NEW": "new"},
		}, []string{"entry", "green small new"}},
		{
			compose.OneOff{
				Service: "web", Entrypoint: []string{"cat"},
				Command: []string{"/notes.txt", "/run/secrets/key", "/run/secrets/env"},
			},
			[]string{"from a bind mount", "from a file", "from-dotenv"},
		},
		{
			compose.OneOff{Service: "web", Entrypoint: []string{"cat"}, Command: []string{"/inline"}},
			[]string{"from content"},
		},
		{
			compose.OneOff{
				Service: "web", Entrypoint: []string{"sh", "-c"},
				Command: []string{"echo | nc -w 5 db 80 >/dev/null && echo reached; ls -d /data"},
			},
			[]string{"reached", "/data"},
		},
	} {
		var out bytes.Buffer
		c.run.Out = &out
		exit, err := s.Run(t.Context(), c.run)
		check(t, err)
		if exit.Code != 0 {
			t.Errorf("%v: exit code %d", c.run.Command, exit.Code)
		}
		if diff := cmp.Diff(c.want, exit.Tail); diff != "" {
			t.Errorf("%v: %s", c.run.Command, diff)
		}
		if got := strings.TrimSuffix(out.String(), "\n"); got != strings.Join(c.want, "\n") {
			t.Errorf("%v: streamed %q", c.run.Command, got)
		}
	}
	containers, err := s.Ps(t.Context())
	check(t, err)
	if len(containers) != 1 || containers[0].Service != "db" {
		t.Errorf("one-offs or dependencies are left: %+v", containers)
	}
}

func TestRun_ExitCodeAndTheEndOfTheOutput(t *testing.T) {
	b := app(t, "")
	s := b.built()
	exit, err := s.Run(t.Context(),
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
	if !b.seen("run", "500") {
		t.Error("no event has the output")
	}
}

func TestRun_MissingCommandIsAnErrorAndLeavesNothing(t *testing.T) {
	b := app(t, "")
	s := b.built()
	if _, err := s.Run(t.Context(),
		compose.OneOff{Service: "builder", Command: []string{"/no/such/command"}}); err == nil ||
		!strings.Contains(err.Error(), "run in builder: ") {
		t.Errorf("got %v", err)
	}
	if _, err := s.Run(t.Context(), compose.OneOff{Service: "nobody"}); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("got %v, want a usage error", err)
	}
	if containers, err := s.Ps(t.Context()); err != nil || len(containers) > 0 {
		t.Errorf("left: %v, %v", containers, err)
	}
}

func TestRun_CancelledIsRemoved(t *testing.T) {
	b := app(t, "")
	s := b.built()
	ctx, cancel := withCancel(t)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx,
			compose.OneOff{Service: "builder", Command: []string{"sh", "-c", "echo begun; sleep 1000"}})
		done <- err
	}()
	b.eventually("it has begun", func() bool { return b.seen("run", "begun") })
	containers, err := compose.List(t.Context(), b.engine, b.labels())
	check(t, err)
	if len(containers) != 1 || !containers[0].OneOff || containers[0].Service != "builder" {
		t.Errorf("while running: %+v", containers)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if containers, err := s.Ps(t.Context()); err != nil || len(containers) > 0 {
		t.Errorf("left: %v, %v", containers, err)
	}
}

func TestExec_StreamsAndExitCode(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sleep, '1000']}\n")
	s := b.built()
	check(t, s.Up(t.Context(), "web"))
	var stdout, stderr bytes.Buffer
	code, err := s.Exec(t.Context(), "web", compose.ExecOptions{
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
	code, err = s.Exec(t.Context(), "web",
		compose.ExecOptions{Argv: []string{"test", "-t", "1"}, TTY: true, Stdout: &stdout})
	check(t, err)
	if code != 0 {
		t.Errorf("no terminal was given: exit %d, %q", code, stdout.String())
	}
	found := compose.NewStack(b.engine, nameOnly(s.Project().Name), nil)
	if code, err := found.Exec(t.Context(), "web", compose.ExecOptions{Argv: []string{"true"}}); code != 0 ||
		err != nil {
		t.Errorf("a stack known by name: %d, %v", code, err)
	}
}

func TestExec_LargeOutputComesWhole(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sleep, '1000']}\n")
	s := b.built()
	check(t, s.Up(t.Context(), "web"))
	var count counter
	code, err := s.Exec(t.Context(), "web",
		compose.ExecOptions{Argv: []string{"dd", "if=/dev/zero", "bs=1M", "count=64"}, Stdout: &count})
	check(t, err)
	if code != 0 || count.n != 64<<20 {
		t.Errorf("exit %d, %d bytes", code, count.n)
	}
}

func TestExec_NeedsARunningContainer(t *testing.T) {
	b := app(t, "")
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
	for _, service := range []string{"builder", "nobody"} {
		if _, err := s.Exec(t.Context(), service, compose.ExecOptions{Argv: []string{"true"}}); !errors.Is(err,
			compose.ErrNotRunning) {
			t.Errorf("%s: got %v, want ErrNotRunning", service, err)
		}
	}
}

func TestExec_EndsWithItsContext(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sleep, '1000']}\n")
	s := b.built()
	check(t, s.Up(t.Context(), "web"))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Exec(ctx, "web", compose.ExecOptions{Argv: []string{"sleep", "1000"}}); !errors.Is(err,
		context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestLogs_EachLineWithItsContainer(t *testing.T) {
	b := app(t, `
  one: {image: app, command: [sh, -c, "echo first; echo second"]}
  two: {image: app, command: [sh, -c, "echo wrong >&2"]}
`)
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
	logs := func(s *compose.Stack, o compose.LogOptions) []string {
		var out bytes.Buffer
		check(t, s.Logs(t.Context(), o, &out))
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return sortedKeys(count(lines))
	}
	all := []string{"one-1 | first", "one-1 | second", "two-1 | wrong"}
	if diff := cmp.Diff(all, logs(s, compose.LogOptions{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"one-1 | second"},
		logs(s, compose.LogOptions{Services: []string{"one"}, Tail: 1})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(all,
		logs(compose.NewStack(b.engine, nameOnly(s.Project().Name), nil), compose.LogOptions{})); diff != "" {
		t.Errorf("of a stack known by name: %s", diff)
	}
}

func TestLogs_FollowUntilCancelled(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sh, -c, 'while true; do echo tick; sleep 0.1; done']}\n")
	s := b.built()
	check(t, s.Up(t.Context(), "web"))
	ctx, cancel := withCancel(t)
	defer cancel()
	out := &safeBuffer{}
	done := make(chan error, 1)
	go func() { done <- s.Logs(ctx, compose.LogOptions{Follow: true, Tail: 1}, out) }()
	b.eventually("three lines", func() bool { return strings.Count(out.String(), "web-1 | tick\n") >= 3 })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("cancelled logs gave %v", err)
	}
}

func TestStop_KeepsContainersAndTheirVolumes(t *testing.T) {
	b := newBench(t, map[string]string{"Dockerfile": dockerfile, "compose.yaml": `
services:
  db: {build: ., init: true, command: [sh, -c, "test -f /data/x || echo made > /data/x; cat /data/x; exec sleep 1000"], volumes: ["data:/data"]}
volumes: {data: {}}
`})
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
	check(t, s.Stop(t.Context()))
	check(t, s.Stop(t.Context()))
	if c := only(t, s, "db"); c.State != "exited" || c.ExitCode == 0 {
		t.Errorf("after stop: %s with exit code %d", c.State, c.ExitCode)
	}
	name := s.Project().Name + "_data"
	check(t, s.Down(t.Context(), name))
	if diff := cmp.Diff([]string{"volume " + name}, inventory(t, b.engine, b.preview)); diff != "" {
		t.Errorf("after down that keeps the volume: %s", diff)
	}
	next := b.built(func(o *compose.Options) {
		o.Generation = 2
		o.ReuseVolumes = map[string]string{"data": name}
	})
	check(t, next.Up(t.Context()))
	exit, err := next.Exec(t.Context(), "db", compose.ExecOptions{Argv: []string{"grep", "-q", "made", "/data/x"}})
	if err != nil || exit != 0 {
		t.Errorf("the next generation does not have the data: %d, %v", exit, err)
	}
	check(t, next.Down(t.Context()))
	if diff := cmp.Diff([]string{"volume " + name}, inventory(t, b.engine, b.preview)); diff != "" {
		t.Errorf("after down of the next generation: %s", diff)
	}
}

func TestStack_TwoGenerationsSideBySide(t *testing.T) {
	b := app(t, `
  db: {image: app, init: true, command: [sh, -c, "echo $$HOSTNAME > /index.html; exec httpd -f -p 80"], container_name: shop-db, ports: ["18765:80"]}
`)
	var stacks []*compose.Stack
	for generation := 1; generation <= 2; generation++ {
		s := b.built(func(o *compose.Options) { o.Generation = generation })
		check(t, s.Up(t.Context()))
		check(t, s.Wait(t.Context(), time.Minute))
		stacks = append(stacks, s)
	}
	reach := func(from *compose.Stack, address string) bool {
		code, err := from.Exec(t.Context(), "db",
			compose.ExecOptions{Argv: []string{"sh", "-c", "echo | nc -w 2 " + address + " 80"}})
		check(t, err)
		return code == 0
	}
	for name, address := range only(t, stacks[1], "db").Networks {
		if !reach(stacks[1], address) {
			t.Errorf("generation 2 does not reach itself at %q in %s", address, name)
		}
		if reach(stacks[0], address) {
			t.Errorf("generation 1 reaches %s of generation 2", address)
		}
	}
	if !reach(stacks[0], "shop-db") {
		t.Error("the old container name does not resolve inside")
	}
	check(t, stacks[0].Down(t.Context()))
	if c := only(t, stacks[1], "db"); c.State != "running" {
		t.Errorf("generation 2 is %s after generation 1 went", c.State)
	}
}

// notReady unwraps the error that Up and Wait give.
