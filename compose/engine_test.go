package compose_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// testLabel is on all that these tests make, and on nothing else.
const testLabel = "dev.offshoot.test"

// connect reaches the engine; a laptop without one skips.
func connect(t *testing.T) *compose.Engine {
	t.Helper()
	e, err := compose.Connect(t.Context())
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no docker engine: %v", err)
		}
		t.Skipf("no docker engine: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// bench is one preview under test: a folder with a compose file, and the
// busybox that its images are made of.
type bench struct {
	*testing.T
	engine  *compose.Engine
	dir     string
	preview string

	mu     sync.Mutex
	events []compose.Event
}

func newBench(t *testing.T, files map[string]string) *bench {
	t.Helper()
	e := connect(t)
	b := &bench{T: t, engine: e, dir: t.TempDir(), preview: "t-" + strings.ToLower(rand.Text()[:8])}
	for name, text := range files {
		b.write(name, text)
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no static busybox: %v", err)
		}
		t.Skipf("no static busybox: %v", err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "busybox"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
	before := inventory(t, e, b.preview)
	t.Cleanup(func() { b.clean(before) })
	return b
}

func (b *bench) write(name, text string) {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// clean removes the bench by its label and checks that nothing is left of it.
func (b *bench) clean(before []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := compose.RemoveByLabel(ctx, b.engine, b.labels()); err != nil {
		b.Error(err)
	}
	if diff := cmp.Diff(before, inventory(b, b.engine, b.preview)); diff != "" {
		b.Errorf("left behind (-before +after):\n%s", diff)
	}
}

func (b *bench) labels() map[string]string { return map[string]string{testLabel: b.preview} }

// stack loads, transforms and wraps the bench's compose file.
func (b *bench) stack(more ...func(*compose.Options)) *compose.Stack {
	b.Helper()
	p, _, err := compose.Load(b.Context(), compose.Source{Dir: b.dir})
	if err != nil {
		b.Fatal(err)
	}
	o := compose.Options{Preview: b.preview, Generation: 1, Labels: b.labels(), Root: b.dir}
	for _, change := range more {
		change(&o)
	}
	p, _, err = compose.Transform(p, o)
	if err != nil {
		b.Fatal(err)
	}
	return compose.NewStack(b.engine, p, func(e compose.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	})
}

// built is stack with its images built.
func (b *bench) built(more ...func(*compose.Options)) *compose.Stack {
	b.Helper()
	s := b.stack(more...)
	if err := s.Build(b.Context()); err != nil {
		b.fail("build", err)
	}
	return s
}

func (b *bench) fail(what string, err error) {
	b.Helper()
	var broken *compose.BuildError
	if errors.As(err, &broken) {
		b.Fatalf("%s: %v\n%s", what, err, strings.Join(broken.Tail, "\n"))
	}
	b.Fatalf("%s: %v", what, err)
}

// seen tells whether an event of the kind has the text.
func (b *bench) seen(kind, text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.events, func(e compose.Event) bool {
		return e.Kind == kind && strings.Contains(e.Text, text)
	})
}

// eventually polls until ok or a deadline.
func (b *bench) eventually(what string, ok func() bool) {
	b.Helper()
	eventually(b.T, what, ok)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// inventory lists what the engine has that carries the name: containers,
// networks, volumes, images, and all dangling images.
func inventory(t testing.TB, e *compose.Engine, name string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	api := e.Client()
	var all []string
	note := func(kind string, names ...string) {
		for _, n := range names {
			if strings.Contains(n, name) {
				all = append(all, kind+" "+n)
			}
		}
	}
	containers, err := api.ContainerList(ctx, container.ListOptions{All: true})
	check(t, err)
	for _, c := range containers {
		note("container", c.Names...)
	}
	networks, err := api.NetworkList(ctx, network.ListOptions{})
	check(t, err)
	for _, n := range networks {
		note("network", n.Name)
	}
	volumes, err := api.VolumeList(ctx, volume.ListOptions{})
	check(t, err)
	for _, v := range volumes.Volumes {
		note("volume", v.Name)
	}
	images, err := api.ImageList(ctx, image.ListOptions{All: true})
	check(t, err)
	for _, i := range images {
		note("image", append(i.RepoTags, i.Labels[testLabel])...)
	}
	slices.Sort(all)
	return all
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const dockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
`

func TestConnect_SaysWhatToDoWhenNoEngineAnswers(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	_, err := compose.Connect(t.Context())
	if !errors.Is(err, compose.ErrEngineDown) {
		t.Fatalf("got %v, want ErrEngineDown", err)
	}
	if got := err.Error(); strings.Contains(got, "\n") || !strings.Contains(got, "/nowhere/docker.sock") {
		t.Errorf("not one line that names the socket: %q", got)
	}
	if got := hint.Of(err); len(got) != 1 || !strings.Contains(got[0], "DOCKER_HOST") {
		t.Errorf("hints %q, want one about DOCKER_HOST", got)
	}
}

func TestConnect_UnknownContextIsAUsageError(t *testing.T) {
	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONTEXT", "no-such-context")
	if _, err := compose.Connect(t.Context()); !errors.Is(err, hint.ErrUsage) {
		t.Fatalf("got %v, want a usage error", err)
	}
}

func TestEngine_IDStaysTheSame(t *testing.T) {
	e := connect(t)
	first, err := e.ID(t.Context())
	check(t, err)
	second, err := e.ID(t.Context())
	check(t, err)
	if first == "" || first != second {
		t.Errorf("ids %q and %q", first, second)
	}
}

func TestStack_FromBuildToDown(t *testing.T) {
	b := newBench(t, map[string]string{"Dockerfile": dockerfile, "compose.yaml": `
services:
  web:
    build: .
    command: [sh, -c, "echo serving; exec httpd -f -p 8000"]
    ports: ["8000:8000"]
    depends_on:
      init: {condition: service_completed_successfully}
      db: {condition: service_healthy}
      side: {condition: service_started}
  init:
    build: .
    command: [sh, -c, "echo done"]
  db:
    build: .
    command: [sh, -c, "touch /ready; exec sleep 1000"]
    init: true
    healthcheck: {test: [CMD, test, -f, /ready], interval: 1s}
    volumes: [data:/data]
  side:
    build: .
    init: true
    command: [sleep, "1000"]
volumes:
  data:
`})
	s := b.built()
	ctx := t.Context()
	if err := s.Up(ctx, "db"); err != nil {
		b.fail("up db", err)
	}
	if err := s.Wait(ctx, 30*time.Second); err != nil {
		b.fail("wait db", err)
	}
	if err := s.Up(ctx); err != nil {
		b.fail("up", err)
	}
	if err := s.Wait(ctx, 30*time.Second); err != nil {
		b.fail("wait", err)
	}
	var out bytes.Buffer
	code, err := s.Exec(ctx, "web", compose.ExecOptions{Argv: []string{"sh", "-c", "echo hello; exit 7"}, Stdout: &out})
	check(t, err)
	if code != 7 || out.String() != "hello\n" {
		t.Errorf("exec gave %d and %q", code, out.String())
	}
	containers, err := s.Ps(ctx)
	check(t, err)
	var got []string
	for _, c := range containers {
		got = append(got, fmt.Sprintf("%s %s %s", c.Service, c.State, c.Health))
		if c.Labels[testLabel] != b.preview {
			t.Errorf("%s is not labelled", c.Name)
		}
	}
	if diff := cmp.Diff([]string{"db running healthy", "init exited ", "side running ", "web running "},
		got); diff != "" {
		t.Error(diff)
	}
	check(t, s.Down(ctx))
	check(t, s.Down(ctx))
	if left := inventory(t, b.engine, b.preview); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func withCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
