package compose

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// A watch tells those who wait for containers of a stack when to look again:
// when the engine says that something happened to one, or when a health check
// has succeeded that it runs itself.
type watch struct {
	stack *Stack
	group sync.WaitGroup

	mu   sync.Mutex
	next chan struct{}
}

// watch begins one. It ends with ctx, and end waits for that.
func (s *Stack) watch(ctx context.Context) *watch {
	w := &watch{stack: s, next: make(chan struct{})}
	w.group.Go(func() { w.listen(ctx) })
	return w
}

func (w *watch) end() { w.group.Wait() }

// changed is closed when it is time to look again. It has to be asked for
// before the look that it follows.
func (w *watch) changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

func (w *watch) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.next)
	w.next = make(chan struct{})
}

// listen follows the engine's events. Without them there is still lookEvery.
func (w *watch) listen(ctx context.Context) {
	filter := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)),
		filters.Arg("label", api.ProjectLabel+"="+w.stack.project.Name))
	for _, action := range []events.Action{
		events.ActionStart, events.ActionDie, events.ActionDestroy,
		events.ActionHealthStatus,
	} {
		filter.Add("event", string(action))
	}
	happened, failed := w.stack.engine.Client().Events(ctx, events.ListOptions{Filters: filter})
	for {
		select {
		case <-happened:
			w.tell()
		case <-failed: // also when ctx ends
			return
		}
	}
}

// An answer is what a container said to its health check when we ran it.
type answer struct {
	started string // when the container was: one that starts anew is asked anew
	status  string // the engine's at that time: one that became unhealthy since is asked anew
	asking  bool
	passed  bool
	output  string // of the last time
}

// What the engine takes where a health check does not say.
// https://docs.docker.com/reference/dockerfile/#healthcheck
const (
	checkTimeout  = 30 * time.Second
	checkInterval = 30 * time.Second
)

// ask runs the health check of a running container that the engine does not
// call healthy, by and by until it succeeds once, and tells how it stands. The
// engine itself asks after an interval first, which may be a minute, and gives
// up after some failures; from 25.0 on it can be told to be quicker.
func (w *watch) ask(ctx context.Context, info container.InspectResponse) answer {
	argv := question(info.Config)
	if argv == nil {
		return answer{}
	}
	s, status := w.stack, info.State.Health.Status
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answers[info.ID]
	if a == nil || a.started != info.State.StartedAt || a.passed && a.status != status {
		a = &answer{started: info.State.StartedAt, status: status}
		s.answers[info.ID] = a
	}
	if !a.passed && !a.asking && !askedOften(info) {
		a.asking = true
		w.group.Go(func() { w.keepAsking(ctx, info.ID, a, argv, info.Config.Healthcheck) })
	}
	return *a
}

// keepAsking asks until the answer is yes, or the container will not be asked.
// It never asks twice at a time: what takes longer than its timeout has failed,
// but it goes on inside the container until it ends by itself.
func (w *watch) keepAsking(ctx context.Context, id string, a *answer, argv []string, check *container.HealthConfig) {
	s := w.stack
	for {
		began := time.Now()
		out := newOutput(nil)
		code, err := s.engine.exec(ctx, id, ExecOptions{Argv: argv, Stdout: out.stdout, Stderr: out.stderr})
		took := time.Since(began)
		s.mu.Lock()
		a.output = oneLine(strings.Join(out.tail(), " "))
		a.passed = err == nil && code == 0 && took <= orElse(check.Timeout, checkTimeout)
		a.asking = err == nil && !a.passed && s.answers[id] == a
		again := a.asking
		s.mu.Unlock()
		if a.passed {
			w.tell()
		}
		if !again || !rest(ctx, askPause(took, check)) {
			s.mu.Lock()
			a.asking = false
			s.mu.Unlock()
			return
		}
	}
}

// askPause is short for a check that costs little, and never longer than the
// engine's own.
func askPause(took time.Duration, check *container.HealthConfig) time.Duration {
	const shortest = 500 * time.Millisecond
	return max(shortest, min(3*took, orElse(check.Interval, checkInterval)))
}

// question is the command of a health check, as the engine runs it; nil: none.
func question(c *container.Config) []string {
	if c == nil || c.Healthcheck == nil || len(c.Healthcheck.Test) < 2 {
		return nil
	}
	test := c.Healthcheck.Test
	switch test[0] {
	case "CMD":
		return test[1:]
	case "CMD-SHELL":
		shell := []string{"/bin/sh", "-c"}
		if len(c.Shell) > 0 {
			shell = c.Shell
		}
		return append(slices.Clone(shell), test[1])
	}
	return nil
}

// askedOften tells whether the engine asks as often as we would, which it does
// in the start period from 25.0 on, where the check has a start interval.
func askedOften(info container.InspectResponse) bool {
	check := info.Config.Healthcheck
	started, err := time.Parse(time.RFC3339Nano, info.State.StartedAt)
	return err == nil && check.StartInterval > 0 && check.StartInterval <= time.Second &&
		time.Since(started) < check.StartPeriod
}

func orElse(d, missing time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return missing
}

// rest pauses, and tells whether there is time left.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
