// Package ui turns what happens into what a person or a program reads.
//
//	steps, warnings ─▶ redact ─▶ clean ─▶ live lines (a terminal)
//	                                 └──▶ plain lines (a file, a CI log)
//	a result ────────▶ redact ─────────▶ one JSON document (--json)
//
// Text from elsewhere (branch names, container logs, server messages) is never
// trusted: secrets are replaced, control characters and the log commands of CI
// systems lose their meaning before anything is written.
package ui

import (
	"io"
	"sync"
	"time"
)

// Options say where the lines of a UI go and what their reader understands.
type Options struct {
	Err     io.Writer        // where every line goes
	Live    bool             // Err is a terminal: running steps are redrawn in place, with colour
	Width   func() int       // columns of the terminal now; 80 when nil
	Now     func() time.Time // time.Now when nil
	Redraw  <-chan time.Time // when to redraw running steps; ten times a second when nil
	Secrets *Secrets         // replaced wherever they would show; none when nil
	Every   time.Duration    // pause between two progress lines of one step when not Live; 10 s when 0
	Tell    func(Event)      // gets what the lines would say, in their place; not when Live
}

// UI writes the lines of one command. Its methods may be called from several
// goroutines. Close must be called last.
type UI struct {
	opts Options
	out  io.WriteCloser // Err behind the redactor

	mu     sync.Mutex
	active []*Step
	drawn  int // live lines on the screen now
	closed bool

	stop chan struct{}
	done chan struct{}
}

// New returns a UI ready for use.
func New(opts Options) *UI {
	if opts.Width == nil {
		opts.Width = func() int { return 80 }
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Secrets == nil {
		opts.Secrets = &Secrets{}
	}
	if opts.Every == 0 {
		opts.Every = 10 * time.Second
	}
	u := &UI{opts: opts, out: opts.Secrets.Writer(opts.Err), stop: make(chan struct{}), done: make(chan struct{})}
	if !opts.Live {
		close(u.done)
		return u
	}
	go u.redraw()
	return u
}

// redraw owns the ticker; Close waits for it.
func (u *UI) redraw() {
	defer close(u.done)
	ticks := u.opts.Redraw
	if ticks == nil {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case <-u.stop:
			return
		case <-ticks:
			u.mu.Lock()
			u.print("")
			u.mu.Unlock()
		}
	}
}

// Close ends the drawing and clears what is live. Steps still running are
// written once more as they stand. It is safe to call twice.
func (u *UI) Close() {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		<-u.done
		return
	}
	u.closed = true
	running := u.active
	u.active = nil
	u.print("")
	if u.opts.Live {
		for _, s := range running {
			u.print(u.line(markRunning, s.name, u.elapsed(s), s.detail))
		}
	}
	close(u.stop)
	_ = u.out.Close() // as for every line: a reader that went away must not stop the work
	u.mu.Unlock()
	<-u.done
}

// Info writes one line that needs no action.
func (u *UI) Info(text string) { u.say(markNone, text) }

// Warn writes one line that the reader should see.
func (u *UI) Warn(text string) { u.say(markWarn, text) }

// Block writes foreign text, such as the end of a container's log, indented
// and behind a bar, line by line.
func (u *UI) Block(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tell(eventBlock, "", text) {
		return
	}
	for _, line := range splitLines(text) {
		u.print("     | " + u.safe(line))
	}
}

func (u *UI) say(m mark, text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tell(map[mark]string{markNone: eventInfo, markWarn: eventWarn}[m], "", text) {
		return
	}
	for _, line := range splitLines(text) {
		u.print(u.paint(m) + " " + u.safe(line))
	}
}

// safe makes foreign text fit to print: secrets first, since cleaning may
// change them, then control characters, then secrets again.
func (u *UI) safe(text string) string {
	return u.opts.Secrets.Redact(Clean(u.opts.Secrets.Redact(text)))
}

// Error writes the last words of a run: the error, and what to do about it.
func (u *UI) Error(text string, hints []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, line := range splitLines(text) {
		u.print(u.safe(line))
	}
	for _, advice := range hints {
		for _, line := range splitLines(advice) {
			u.print("hint: " + u.safe(line))
		}
	}
}
