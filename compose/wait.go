package compose

import (
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
	pollEvery = 200 * time.Millisecond
	// steadyFor is how long a service without a health check has to run before
	// it counts as ready: most that cannot start end within it.
	steadyFor = 1500 * time.Millisecond
)

// Wait returns when every service that was started is ready: it exited 0, or is
// healthy where it has a health check, or keeps running. When a service cannot
// become ready any more, or after timeout, it is a *NotReady.
func (s *Stack) Wait(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	services := s.started
	if len(services) == 0 {
		services = map[string]bool{}
		for name := range s.project.Services {
			services[name] = true
		}
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	steadies, reported := map[string]steady{}, map[string]bool{}
	var last []Seen
	for {
		seen, err := s.look(ctx, services, steadies)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("wait: %w", err)
		}
		if err == nil {
			last = s.unready(seen, reported)
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
		case <-tick.C:
		}
	}
}

// unready keeps the services that are not ready, and tells of the others once.
func (s *Stack) unready(seen []Seen, reported map[string]bool) []Seen {
	var left []Seen
	for _, one := range seen {
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
		return s.Health
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
func (s *Stack) look(ctx context.Context, services map[string]bool, steadies map[string]steady) ([]Seen, error) {
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
			one, err := s.judge(ctx, c, steadies)
			if err != nil {
				return nil, err
			}
			if worst.State == "missing" || one.Fatal || worst.ready && !one.ready {
				worst = one
			}
		}
		worst.ready = worst.ready && missing <= 0
		seen = append(seen, worst)
	}
	return seen, nil
}

func (s *Stack) judge(ctx context.Context, c Container, steadies map[string]steady) (Seen, error) {
	info, err := s.engine.Client().ContainerInspect(ctx, c.ID)
	if err != nil {
		return Seen{}, fmt.Errorf("inspect %s: %w", c.Name, err)
	}
	state := info.State
	one := Seen{Service: c.Service, State: state.Status, ExitCode: state.ExitCode, Restarts: info.RestartCount, container: c.ID}
	if h := state.Health; h != nil && h.Status != container.NoHealthcheck {
		one.Health = h.Status
		if n := len(h.Log); n > 0 {
			one.HealthLog = oneLine(h.Log[n-1].Output)
		}
	}
	switch state.Status {
	case "running":
		one.ready = one.Health == container.Healthy || one.Health == "" && isSteady(steadies, c.ID, state.StartedAt)
		one.Fatal = one.Health == container.Unhealthy && info.Config != nil && hopeless(state.Health.FailingStreak, info.Config.Healthcheck)
	case "exited":
		one.ready, one.Fatal = state.ExitCode == 0, state.ExitCode != 0
	case "dead", "removing":
		one.Fatal = true
	}
	return one, nil
}

// hopeless tells whether an unhealthy service has had its second chance: as many
// checks again as made it unhealthy, and at least three more.
func hopeless(failed int, check *container.HealthConfig) bool {
	retries := 3 // the engine's default
	if check != nil && check.Retries > 0 {
		retries = check.Retries
	}
	return failed >= retries+max(retries, 3)
}

func isSteady(steadies map[string]steady, id, started string) bool {
	was, ok := steadies[id]
	if !ok || was.started != started {
		steadies[id] = steady{started: started, since: time.Now()}
		return false
	}
	return time.Since(was.since) >= steadyFor
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
