package compose_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// app makes a bench whose services all use one image: services is their yaml,
// where "image: app" is the one that builder builds, which runs in no container
// of its own.
func app(t *testing.T, services string) *bench {
	t.Helper()
	t.Parallel()
	return newBench(t, map[string]string{
		"Dockerfile":   dockerfile,
		"compose.yaml": "services:\n  builder: {build: ., image: app, scale: 0, command: ['true']}\n" + services,
	})
}

func TestUp_FailedDependencyIsNamed(t *testing.T) {
	b := app(t, `
  migrate: {image: app, command: [sh, -c, "echo column is missing; exit 3"]}
  web: {image: app, command: [sleep, "1000"], depends_on: {migrate: {condition: service_completed_successfully}}}
`)
	err := b.built().Up(t.Context())
	seen := notReady(t, err)
	if len(seen) != 1 || seen[0].Service != "migrate" || seen[0].ExitCode != 3 || seen[0].State != "exited" {
		t.Fatalf("seen %+v", seen)
	}
	if diff := cmp.Diff([]string{"column is missing"}, seen[0].Tail); diff != "" {
		t.Error(diff)
	}
	if got, want := err.Error(), "up: not ready: migrate exited with exit code 3"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

// The engine calls db unhealthy, after one try as after many, and what depends
// on it does not start.
func TestUp_UnhealthyDependency(t *testing.T) {
	b := app(t, `
  db:
    image: app
    init: true
    command: [sleep, "1000"]
    healthcheck: {test: [CMD-SHELL, "echo no route to disk; exit 1"], interval: 500ms, retries: 1}
  web: {image: app, command: [sleep, "1000"], depends_on: {db: {condition: service_healthy}}}
`)
	s := b.built()
	t.Run("EndsWithItsContext", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := s.Up(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the deadline", err)
		}
		if seen := notReady(t, err); len(seen) != 1 || seen[0].Service != "db" {
			t.Errorf("seen %+v", seen)
		}
		containers, err := s.Ps(t.Context())
		check(t, err)
		for _, c := range containers {
			if c.Service == "web" && c.State == "running" {
				t.Error("web was started although its dependency was not healthy")
			}
		}
	})
	t.Run("IsNamedWhenPatienceEnds", func(t *testing.T) {
		var err error
		var seen []compose.Seen
		// On a busy machine the engine takes seconds to ask for the first time.
		for s.Patience = 2 * time.Second; s.Patience < time.Minute; s.Patience *= 2 {
			err = s.Up(t.Context())
			if seen = notReady(t, err); len(seen) == 1 && seen[0].Health == "unhealthy" {
				break
			}
		}
		if len(seen) != 1 || seen[0].Service != "db" || seen[0].Health != "unhealthy" ||
			seen[0].HealthLog != "no route to disk" {
			t.Fatalf("seen %+v", seen)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline as the cause", err)
		}
	})
}

// The engine calls db unhealthy at once, and would ask late for the first time
// after an hour. What came up is then stopped and resumed, and in the end removed.
func TestUp_SlowAndOptionalDependencies(t *testing.T) {
	b := app(t, `
  db:
    image: app
    init: true
    command: [sh, -c, "sleep 3; touch /ready; exec sleep 1000"]
    healthcheck: {test: [CMD, test, -f, /ready], interval: 2s, retries: 1}
  late:
    image: app
    init: true
    user: "1000"
    environment: {WANTED: "1000"}
    command: [sleep, "1000"]
    healthcheck: {test: [CMD-SHELL, "test $$(id -u) = $$WANTED"], interval: 1h}
  once: {image: app, command: [sh, -c, "sleep 1"]}
  extra: {image: app, command: ["false"]}
  web:
    image: app
    init: true
    command: [sleep, "1000"]
    depends_on:
      db: {condition: service_healthy}
      late: {condition: service_healthy}
      once: {condition: service_completed_successfully}
      extra: {condition: service_completed_successfully, required: false}
`)
	s := b.built()
	s.Patience = time.Minute
	check(t, s.Up(t.Context()))
	t.Run("AreWaitedForAndAskedOften", func(t *testing.T) {
		for _, one := range notReady(t, s.Wait(t.Context(), time.Minute)) { // web has not run for long
			if one.Service != "extra" && one.Service != "web" {
				t.Errorf("%s was ready before, and is not", one)
			}
		}
	})
	t.Run("OptionalDependencyMayFail", func(t *testing.T) {
		if c := only(t, s, "web"); c.State != "running" {
			t.Errorf("web is %s", c.State)
		}
		if !b.seen("up", "without what it may depend on: extra exited with exit code 1") {
			t.Error("nothing is said of what web starts without")
		}
	})
	t.Run("ResumeAsksThemItselfAndMindsNoneThatFailedBefore", func(t *testing.T) { resumes(t, b, s) })
	t.Run("TwoRemovalsAtOnce", func(t *testing.T) { removesTwiceAtOnce(t, b) })
}

// resumes stops the stack, and has it go on by what the engine knows of it.
func resumes(t *testing.T, b *bench, s *compose.Stack) {
	t.Helper()
	name := s.Project().Name
	check(t, compose.StopProject(t.Context(), b.engine, name))
	again, err := compose.Existing(t.Context(), b.engine, name, nil)
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	check(t, again.Resume(ctx))
	for _, service := range []string{"late", "web"} {
		if c := only(t, again, service); c.State != "running" {
			t.Errorf("%s is %s", service, c.State)
		}
	}
}

func TestUp_DependencyWithoutAHealthCheckIsExplained(t *testing.T) {
	b := app(t, `
  db: {image: app, init: true, command: [sleep, "1000"]}
  web: {image: app, init: true, command: [sleep, "1000"], depends_on: {db: {condition: service_healthy}}}
`)
	err := b.built().Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "web waits for db to be healthy") || len(hint.Of(err)) != 1 {
		t.Errorf("got %v with hints %q", err, hint.Of(err))
	}
}

func TestUp_UnknownServiceIsAUsageError(t *testing.T) {
	b := app(t, "")
	if err := b.stack().Up(t.Context(), "nobody"); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("got %v", err)
	}
}

func TestUp_SecondTimeKeepsWhatRuns(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sleep, '1000']}\n")
	s := b.built()
	check(t, s.Up(t.Context(), "web"))
	before := only(t, s, "web")
	check(t, s.Up(t.Context()))
	if after := only(t, s, "web"); after.ID != before.ID {
		t.Error("the container was made anew")
	}
	b.write("compose.yaml", "services:\n  web: {build: ., init: true, command: [sleep, '2000']}\n")
	changed := b.built()
	check(t, changed.Up(t.Context(), "web"))
	if after := only(t, changed, "web"); after.ID == before.ID {
		t.Error("the container was not made anew after a change")
	}
}

func TestWait_TellsEveryServiceThatIsNotReadyAndGivesAnUnhealthyOneItsTime(t *testing.T) {
	b := app(t, `
  fine: {image: app, init: true, command: [sleep, "1000"]}
  once: {image: app, command: ["true"]}
  slow:
    image: app
    init: true
    command: [sh, -c, "echo starting slowly; exec sleep 1000"]
    healthcheck: {test: [CMD-SHELL, "echo not yet; exit 1"], interval: 2s, retries: 1000}
  sick:
    image: app
    init: true
    command: [sleep, "1000"]
    healthcheck: {test: [CMD-SHELL, "echo disk is full; exit 1"], interval: 2s, retries: 1}
  loop: {image: app, restart: always, command: [sh, -c, "echo crash; sleep 0.5; exit 9"]}
`)
	s := b.built()
	check(t, s.Up(t.Context()))
	var seen []compose.Seen
	// On a busy machine one look takes seconds: give "fine" the time to be found steady, and the engine that to ask.
	for timeout := 4 * time.Second; timeout < time.Minute; timeout *= 2 {
		began := time.Now()
		err := s.Wait(t.Context(), timeout)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) < timeout {
			t.Errorf("got %v after %v, want the deadline of %v as the cause", err, time.Since(began), timeout)
		}
		if seen = notReady(t, err); len(seen) == 3 && seen[1].Health == "unhealthy" {
			break
		}
	}
	if len(seen) != 3 || seen[0].Service != "loop" || seen[1].Service != "sick" || seen[2].Service != "slow" {
		t.Fatalf("seen %+v", seen)
	}
	if loop := seen[0]; loop.ExitCode != 9 && loop.State != "running" || loop.Restarts == 0 ||
		!contains(loop.Tail, "crash") {
		t.Errorf("loop: %+v", loop)
	}
	if sick := seen[1]; sick.String() != "sick is unhealthy (disk is full)" || sick.Fatal {
		t.Errorf("sick: %s, fatal: %v", sick, sick.Fatal)
	}
	if slow := seen[2]; slow.Health != "starting" || slow.HealthLog != "not yet" ||
		!contains(slow.Tail, "starting slowly") {
		t.Errorf("slow: %+v", slow)
	}
	for _, text := range []string{"finished", "running"} {
		if !b.seen("wait", text) {
			t.Errorf("no event %q", text)
		}
	}
}

func TestWait_EndsAtOnceWhenAServiceHasFailed(t *testing.T) {
	b := app(t, `
  web: {image: app, command: [sh, -c, "sleep 1; echo no configuration; exit 5"]}
  slow: {image: app, init: true, command: [sleep, "1000"], healthcheck: {test: [CMD, "false"], interval: 1s, retries: 1000}}
`)
	s := b.built()
	check(t, s.Up(t.Context()))
	began := time.Now()
	err := s.Wait(t.Context(), 5*time.Minute)
	if time.Since(began) > time.Minute {
		t.Error("it waited for the deadline")
	}
	var failed *compose.NotReady
	if !errors.As(err, &failed) || failed.Cause != nil {
		t.Fatalf("got %v with cause %v", err, failed)
	}
	if text := err.Error(); !strings.Contains(text, "web exited with exit code 5") ||
		!strings.Contains(text, "slow is starting") {
		t.Errorf("error %q", text)
	}
}

func TestWait_AServiceMayRecover(t *testing.T) {
	b := app(t, `
  db:
    image: app
    init: true
    command: [sleep, "1000"]
    healthcheck: {test: [CMD-SHELL, "echo x >> /count; test $$(wc -l < /count) -ge 4"], interval: 500ms, retries: 1}
`)
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
}

// An image may be anyone's: what it says in our name is not believed.
func TestUp_LabelsOfTheImageAreNotInherited(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile": dockerfile +
			"LABEL dev.offshoot.run=web dev.offshoot.gateway=here dev.offshoot.test=forged team=shop\n",
		"compose.yaml": "services: {web: {build: ., init: true, command: [sleep, '1000']}}",
	})
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
	c := only(t, s, "web")
	got := []string{
		c.Labels["dev.offshoot.run"], c.Labels["dev.offshoot.gateway"], c.Labels[testLabel],
		c.Labels["team"],
	}
	if diff := cmp.Diff([]string{"", "", b.preview, "shop"}, got); diff != "" || c.OneOff {
		t.Errorf("one-off %v, labels %s", c.OneOff, diff)
	}
	exit, err := s.Run(t.Context(), compose.OneOff{Service: "web", Command: []string{"echo", "ran"}})
	check(t, err)
	if diff := cmp.Diff([]string{"ran"}, exit.Tail); diff != "" {
		t.Error(diff)
	}
}

func TestWait_MissingContainerIsNotReady(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, command: [sleep, '1000']}\n")
	seen := notReady(t, b.built().Wait(t.Context(), 300*time.Millisecond))
	if len(seen) != 1 || seen[0].State != "missing" {
		t.Errorf("seen %+v", seen)
	}
}

func TestWait_AllReplicasCount(t *testing.T) {
	b := app(t, "  web: {image: app, init: true, scale: 2, command: [sleep, '1000']}\n  none: {image: app, scale: 0}\n")
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
	containers, err := s.Ps(t.Context())
	check(t, err)
	if len(containers) != 2 {
		t.Fatalf("%d containers, want two of web", len(containers))
	}
	check(t, b.engine.Client().ContainerRemove(t.Context(), containers[1].ID, container.RemoveOptions{Force: true}))
	if err := s.Wait(t.Context(), 300*time.Millisecond); err == nil {
		t.Error("one of two counts as ready")
	}
}

func notReady(t *testing.T, err error) []compose.Seen {
	t.Helper()
	var failed *compose.NotReady
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want NotReady", err)
	}
	return failed.Services
}

// only is the single container of a service.
func only(t *testing.T, s *compose.Stack, service string) compose.Container {
	t.Helper()
	containers, err := s.Ps(t.Context())
	check(t, err)
	var found []compose.Container
	for _, c := range containers {
		if c.Service == service {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d containers of %s", len(found), service)
	}
	return found[0]
}

func contains(lines []string, want string) bool {
	return count(lines)[want] > 0
}

func count(lines []string) map[string]int {
	m := map[string]int{}
	for _, l := range lines {
		m[strings.TrimRight(l, "\r")]++
	}
	return m
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// nameOnly is a project of which only the name is known.
func nameOnly(name string) *types.Project { return &types.Project{Name: name} }
