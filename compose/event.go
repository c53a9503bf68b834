package compose

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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
		states := map[api.EventStatus]EventState{
			api.Working: Working, api.Done: Done, api.Warning: Warning,
			api.Error: Failed,
		}
		b.to.emit(Event{
			Kind: b.kind, Subject: r.ID, Text: text, State: states[r.Status], Current: r.Current,
			Total: r.Total,
		})
	}
}

// tailLines is how many lines are kept of each stream for an error.
const tailLines = 30

// lines splits what is written into lines, keeps the last ones, and hands each
// on. It is safe for concurrent use.
type lines struct {
	mu      sync.Mutex
	partial []byte
	tail    []numbered
	each    func(line string)
	// order numbers the lines of several streams in the order they come.
	order *atomic.Int64
}

type numbered struct {
	number int64
	text   string
}

// maxLine bounds what is kept of a line that does not end.
const maxLine = 8 << 10

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		switch {
		case end >= 0:
			l.add(l.partial[:end])
			l.partial = l.partial[end+1:]
		case len(l.partial) >= maxLine:
			l.add(l.partial[:maxLine])
			l.partial = l.partial[maxLine:]
		default:
			return len(p), nil
		}
	}
}

func (l *lines) add(line []byte) {
	text := strings.TrimRight(string(line), "\r")
	l.tail = append(l.tail, numbered{l.order.Add(1), text})
	if len(l.tail) > tailLines {
		l.tail = l.tail[1:]
	}
	if l.each != nil {
		l.each(text)
	}
}

// end flushes a last line without an end and gives the last lines.
func (l *lines) end() []numbered {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.add(l.partial)
		l.partial = nil
	}
	return l.tail
}

// output is stdout and stderr of one command. The end of each is kept: they
// come by ways of their own, and much on one would push out the other's error.
type output struct{ stdout, stderr *lines }

func newOutput(each func(line string)) *output {
	order := &atomic.Int64{}
	return &output{stdout: &lines{each: each, order: order}, stderr: &lines{each: each, order: order}}
}

// tail is the end of both streams, in the order the lines came.
func (o *output) tail() []string {
	all := append(slices.Clone(o.stdout.end()), o.stderr.end()...)
	slices.SortStableFunc(all, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	var texts []string
	for _, line := range all {
		texts = append(texts, line.text)
	}
	return texts
}

// copy copies both streams of a container from r until it ends, and to raw,
// when it is not nil, as they come.
func (o *output) copy(tty bool, raw io.Writer, r io.Reader) error {
	if raw == nil {
		return copyOutput(tty, o.stdout, o.stderr, r)
	}
	return copyOutput(tty, io.MultiWriter(o.stdout, raw), io.MultiWriter(o.stderr, raw), r)
}
