package compose

import (
	"bytes"
	"context"
	"strings"
	"sync"

	"github.com/docker/compose/v5/pkg/api"
)

// Event is one thing that happened to a stack.
type Event struct {
	// Kind is what is going on: "build", "pull", "up", "run", "wait", "stop" or "down".
	Kind string
	// Subject is the service, or the container, network, volume or image.
	Subject string
	// Text says what happened, in a few words or one line of output.
	Text string
	// State of the subject in this kind.
	State EventState
	// Current of Total bytes, when both are known.
	Current, Total int64
}

// EventState tells how far a subject is.
type EventState int

// The states of a subject.
const (
	Working EventState = iota
	Done
	Warning
	Failed
	// Output is a line that a build step, a container or a one-off printed.
	Output
)

// bus turns compose's own progress into events.
type bus struct {
	kind string
	to   *observer
}

func (*bus) Start(context.Context, string) {}
func (*bus) Done(string, bool)             {}

func (b *bus) On(resources ...api.Resource) {
	for _, r := range resources {
		text := strings.ToLower(r.Text)
		if r.Details != "" {
			text += ": " + r.Details
		}
		states := map[api.EventStatus]EventState{api.Working: Working, api.Done: Done, api.Warning: Warning, api.Error: Failed}
		b.to.emit(Event{Kind: b.kind, Subject: r.ID, Text: text, State: states[r.Status], Current: r.Current, Total: r.Total})
	}
}

// tailLines is how many lines are kept of an output for an error.
const tailLines = 30

// lines splits what is written into lines, keeps the last ones, and hands each
// on. It is safe for concurrent use.
type lines struct {
	mu      sync.Mutex
	partial []byte
	tail    []string
	each    func(line string)
}

// maxLine bounds what is kept of a line that does not end.
const maxLine = 8 << 10

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 && len(l.partial) < maxLine {
			return len(p), nil
		}
		if end < 0 {
			end = len(l.partial) - 1
		}
		l.add(l.partial[:end])
		l.partial = l.partial[end+1:]
	}
}

func (l *lines) add(line []byte) {
	text := strings.TrimRight(string(line), "\r")
	l.tail = append(l.tail, text)
	if len(l.tail) > tailLines {
		l.tail = l.tail[1:]
	}
	if l.each != nil {
		l.each(text)
	}
}

// end flushes a last line without an end and gives the last lines.
func (l *lines) end() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.add(l.partial)
		l.partial = nil
	}
	return l.tail
}
