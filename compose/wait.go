package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// NotReady names the services that are not ready and what was last seen of
// each.
type NotReady struct {
	Services []Seen
	// Cause is what ended the wait: the deadline, a cancelled context, or
	// compose's own error; nil when a service can never become ready.
	Cause error
}

// Seen is what was last seen of a service's container.
type Seen struct {
	Service string
	// State is "missing" when there is no container.
	State string
	// ExitCode of an exited or restarting container; Restarts so far.
	ExitCode, Restarts int
	// Health is empty without a health check; HealthLog its last output.
	Health, HealthLog string
	// Tail is the end of its log.
	Tail []string
	// Fatal: it will not become ready by waiting.
	Fatal bool

	ready     bool
	steadyIn  time.Duration // when it will be ready if it only keeps running
	container string
}

func (n *NotReady) Error() string {
	names := make([]string, 0, len(n.Services))
	for _, s := range n.Services {
		names = append(names, s.String())
	}
	return "not ready: " + strings.Join(names, "; ")
}

// Unwrap gives the cause.
func (n *NotReady) Unwrap() error { return n.Cause }

// String is one line: the service, its state and why it is not ready.
func (s Seen) String() string {
	text := s.Service + " is " + s.State
	switch {
	case s.State == "exited" || s.State == "restarting":
		text = fmt.Sprintf("%s %s with exit code %d", s.Service, s.State, s.ExitCode)
	case s.Health != "":
		text = s.Service + " is " + s.Health
		if s.HealthLog != "" {
			text += " (" + s.HealthLog + ")"
		}
	}
	if s.Restarts > 0 {
		text += fmt.Sprintf(", restarted %d times", s.Restarts)
	}
	return text
}

const (
	// pollEvery is for what the engine tells nobody about.
	pollEvery = 200 * time.Millisecond
	// lookEvery is how long nothing has to happen to look at containers all the
	// same: events are what is waited for.
	lookEvery = time.Second
	// steadyFor is how long a service without a health check has to run before
	// it counts as ready: most that cannot start end within it.
	steadyFor = 1500 * time.Millisecond
)

// Wait returns when every service that was started is ready: it exited 0, or is
// healthy where it has a health check, or keeps running. Those that the caller
// asks something itself only have to run. When a service cannot become ready
// any more, or after timeout, it is a *NotReady. One that is unhealthy may
// still become healthy: only the timeout ends that.
func (s *Stack) Wait(ctx context.Context, timeout time.Duration, asked ...string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := s.watch(ctx)
	defer w.end()
	defer cancel()
	reported := map[string]bool{}
	var last []Seen
	for {
		changed := w.changed()
		seen, err := s.look(ctx, s.waited(), w)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("wait: %w", err)
		}
		if err == nil {
			last = s.unready(seen, asked, reported)
			if len(last) == 0 {
				return nil
			}
			if slices.ContainsFunc(last, func(one Seen) bool { return one.Fatal }) {
				return s.notReady(ctx, last, nil)
			}
		}
		select {
		case <-ctx.Done():
			return s.notReady(ctx, last, ctx.Err())
		case <-changed:
		case <-time.After(nextLook(last)):
		}
	}
}

// waited are the services that Up has started, all when it has none.
func (s *Stack) waited() map[string]bool {
	if len(s.started) > 0 {
		return s.started
	}
	services := map[string]bool{}
	for name := range s.project.Services {
		services[name] = true
	}
	return services
}

// nextLook is when one of the services may be ready without any event.
func nextLook(waiting []Seen) time.Duration {
	next := lookEvery
	for _, one := range waiting {
		if one.steadyIn > 0 {
			next = min(next, one.steadyIn)
		}
	}
	return next
}

// unready keeps the services that are not ready, and tells of the others once.
func (s *Stack) unready(seen []Seen, asked []string, reported map[string]bool) []Seen {
	var left []Seen
	for _, one := range seen {
		if one.steadyIn > 0 && slices.Contains(asked, one.Service) {
			continue
		}
		if !one.ready {
			left = append(left, one)
			continue
		}
		if !reported[one.Service] {
			reported[one.Service] = true
			s.events.emit(Event{Kind: "wait", Subject: one.Service, Text: one.readiness(), State: Done})
		}
	}
	return left
}

func (s Seen) readiness() string {
	switch {
	case s.State == "exited":
		return "finished"
	case s.Health != "":
		return container.Healthy // the engine may not have asked yet
	}
	return s.State
}

func (s *Stack) notReady(ctx context.Context, seen []Seen, cause error) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	for _, one := range seen {
		s.events.emit(Event{Kind: "wait", Subject: one.Service, Text: one.String(), State: Failed})
	}
	return fmt.Errorf("wait: %w", &NotReady{Services: s.tails(ctx, seen), Cause: cause})
}

func (s *Stack) tails(ctx context.Context, seen []Seen) []Seen {
	for i := range seen {
		if seen[i].container != "" {
			seen[i].Tail = s.engine.tail(ctx, seen[i].container)
		}
	}
	return seen
}

// steady is since when a container was seen running without a new start.
type steady struct {
	started string
	since   time.Time
}

// look judges each service by its containers; the worst one speaks for it.
// With a watch, health checks are run that the engine takes its time with.
func (s *Stack) look(ctx context.Context, services map[string]bool, w *watch) ([]Seen, error) {
	all, err := s.Ps(ctx)
	if err != nil {
		return nil, err
	}
	var seen []Seen
	for _, name := range sorted(services) {
		service := s.project.Services[name]
		missing := service.GetScale()
		worst := Seen{Service: name, State: "missing", ready: true}
		for _, c := range all {
			if c.OneOff || c.Service != name {
				continue
			}
			missing--
			one, err := s.judge(ctx, c, w)
			if err != nil {
				return nil, err
			}
			if worst.State == "missing" || one.Fatal || worst.ready && !one.ready ||
				worst.steadyIn > 0 && !one.ready && one.steadyIn == 0 {
				worst = one
			}
		}
		if missing > 0 {
			worst.ready, worst.steadyIn = false, 0
		}
		seen = append(seen, worst)
	}
	return seen, nil
}

func (s *Stack) judge(ctx context.Context, c Container, w *watch) (Seen, error) {
	info, err := s.engine.Client().ContainerInspect(ctx, c.ID)
	if err != nil {
		return Seen{}, fmt.Errorf("inspect %s: %w", c.Name, err)
	}
	state := info.State
	one := Seen{
		Service: c.Service, State: state.Status, ExitCode: state.ExitCode, Restarts: info.RestartCount,
		container: c.ID,
	}
	if h := state.Health; h != nil && h.Status != container.NoHealthcheck {
		one.Health = h.Status
		if n := len(h.Log); n > 0 {
			one.HealthLog = oneLine(h.Log[n-1].Output)
		}
	}
	switch state.Status {
	case "running":
		s.judgeRunning(ctx, &one, info, w)
	case "exited":
		one.ready, one.Fatal = state.ExitCode == 0, state.ExitCode != 0
	case "dead", "removing":
		one.Fatal = true
	}
	return one, nil
}

func (s *Stack) judgeRunning(ctx context.Context, one *Seen, info container.InspectResponse, w *watch) {
	switch {
	case one.Health == "":
		one.steadyIn = max(0, steadyFor-time.Since(s.since(one.Service, info)))
		one.ready = one.steadyIn == 0
	case one.Health == container.Healthy:
		one.ready = true
	case w != nil:
		said := w.ask(ctx, info)
		one.ready = said.passed
		one.HealthLog = cmp.Or(one.HealthLog, said.output)
	}
}

// since is how long a container is known to have run without a new start, by
// our own clock: from when we started it, or else from when it was first seen.
func (s *Stack) since(service string, info container.InspectResponse) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.steadies[info.ID]
	if !ok || was.started != info.State.StartedAt {
		was = steady{started: info.State.StartedAt, since: time.Now()}
		if began, ours := s.began[service]; ours && info.RestartCount == 0 {
			was.since = began
		}
		s.steadies[info.ID] = was
	}
	return was.since
}

// oneLine is the end of a health check's output on one line.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 200 {
		text = "…" + string(r[len(r)-200:])
	}
	return text
}

func isDeadline(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// afterwards is a context for what has to be done although ctx has ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
}
