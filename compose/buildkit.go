package compose

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/moby/buildkit/client"
	"golang.org/x/sync/errgroup"
)

// builder is the engine's own BuildKit, reached through the engine's API, so
// that no CLI plugin is needed.
func (e *Engine) builder(ctx context.Context) (*client.Client, error) {
	api := e.Client()
	return client.New(ctx, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return api.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return api.DialHijack(ctx, "/session", proto, meta)
		}))
}

// buildImage builds the image of services that build the same.
func (s *Stack) buildImage(ctx context.Context, services []string) error {
	name := services[0]
	var images []string
	for _, service := range services {
		images = append(images, s.project.Services[service].Image)
	}
	opt, err := s.solveOptions(s.project.Services[name], images...)
	if err != nil {
		return &BuildError{Service: name, Err: err}
	}
	builder, err := s.engine.builder(ctx)
	if err != nil {
		return &BuildError{Service: name, Err: err}
	}
	defer builder.Close()
	watch := &buildWatch{service: name, events: s.events, steps: map[string]*buildStep{}}
	status := make(chan *client.SolveStatus)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := builder.Solve(ctx, nil, *opt, status)
		return err
	})
	group.Go(func() error {
		for st := range status {
			watch.update(st)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		s.events.emit(Event{Kind: "build", Subject: name, Text: "failed", State: Failed})
		return watch.failure(err)
	}
	for i, service := range services {
		s.events.emit(Event{Kind: "build", Subject: service, Text: "built " + images[i], State: Done})
	}
	return nil
}

// buildWatch turns BuildKit's progress into events and keeps what a failure
// needs.
type buildWatch struct {
	service string
	events  *observer
	steps   map[string]*buildStep
	failed  *buildStep
}

type buildStep struct {
	name, err     string
	started, done bool
	out           *output
}

func (w *buildWatch) update(status *client.SolveStatus) {
	for _, v := range status.Vertexes {
		step := w.step(string(v.Digest))
		step.name = v.Name
		if v.Started != nil && !step.started {
			step.started = true
			w.emit(v.Name, Working)
		}
		if v.Completed == nil || step.done {
			continue
		}
		step.done = true
		switch {
		case v.Error != "":
			step.err = v.Error
			// Steps that only stop because another failed say so.
			if w.failed == nil || strings.Contains(w.failed.err, context.Canceled.Error()) {
				w.failed = step
			}
			w.emit(v.Name, Failed)
		case v.Cached:
			w.emit("cached "+v.Name, Done)
		default:
			w.emit(v.Name, Done)
		}
	}
	for _, log := range status.Logs {
		step := w.step(string(log.Vertex))
		to := step.out.stdout
		if log.Stream == 2 {
			to = step.out.stderr
		}
		_, _ = to.Write(log.Data)
	}
	for _, warning := range status.Warnings {
		w.emit(string(warning.Short), Warning)
	}
}

func (w *buildWatch) step(digest string) *buildStep {
	if w.steps[digest] == nil {
		w.steps[digest] = &buildStep{out: newOutput(func(line string) { w.emit(line, Output) })}
	}
	return w.steps[digest]
}

func (w *buildWatch) emit(text string, state EventState) {
	w.events.emit(Event{Kind: "build", Subject: w.service, Text: text, State: state})
}

func (w *buildWatch) failure(err error) error {
	failed := &BuildError{Service: w.service, Err: err}
	if w.failed == nil {
		return failed
	}
	failed.Step = w.failed.name
	failed.Tail = w.failed.out.tail()
	failed.Err = &stepError{text: reason(w.failed.err), err: err}
	return failed
}

// reason drops the command line that BuildKit repeats: process "/bin/sh -c …"
// did not complete successfully: exit code: 1.
func reason(text string) string {
	if _, after, ok := strings.Cut(text, "did not complete successfully: "); ok {
		return after
	}
	return text
}

// stepError says only why a step failed and still is the builder's error.
type stepError struct {
	text string
	err  error
}

func (e *stepError) Error() string   { return e.text }
func (e *stepError) Unwrap() error   { return e.err }
func (e *stepError) Is(t error) bool { return errors.Is(e.err, t) }
