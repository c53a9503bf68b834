package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Step is one named piece of work. It ends with Done or Fail, once; later
// calls do nothing.
type Step struct {
	ui     *UI
	name   string
	start  time.Time
	detail string
	done   int64
	total  int64
	ended  bool
	spoke  time.Time // when the last plain progress line was written
}

// Start begins a step. Without a terminal its line appears at once, so that
// the log of a killed run ends with what it was doing.
func (u *UI) Start(name string) *Step {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.opts.Now()
	s := &Step{ui: u, name: u.safe(name), start: now, spoke: now}
	if u.closed {
		s.ended = true
		return s
	}
	u.active = append(u.active, s)
	if u.tell(eventBegan, s.name, "") {
		return s
	}
	if !u.opts.Live {
		u.print(u.line(markRunning, s.name, "", ""))
		return s
	}
	u.print("")
	return s
}

// Progress says how far the step is: done of total (0 when unknown) and a few
// words on what is happening now.
func (s *Step) Progress(done, total int64, detail string) {
	u := s.ui
	u.mu.Lock()
	defer u.mu.Unlock()
	if s.ended {
		return
	}
	s.done, s.total, s.detail = done, total, u.safe(detail)
	if u.opts.Live || u.closed {
		return
	}
	now := u.opts.Now()
	if now.Sub(s.spoke) < u.opts.Every {
		return
	}
	s.spoke = now
	if u.tell(eventProgress, s.name, s.detail, done, total) {
		return
	}
	u.print(u.line(markRunning, s.name, u.share(s)+u.elapsed(s), s.detail))
}

// Done ends the step well; detail may be empty.
func (s *Step) Done(detail string) { s.end(markDone, detail) }

// Fail ends the step badly. The reason belongs to the error that the command
// returns, so it is not repeated here.
func (s *Step) Fail(detail string) { s.end(markFail, detail) }

func (s *Step) end(m mark, detail string) {
	u := s.ui
	u.mu.Lock()
	defer u.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	u.active = slices.DeleteFunc(u.active, func(a *Step) bool { return a == s })
	if u.tell(map[mark]string{markDone: eventDone, markFail: eventFailed}[m], s.name, detail) {
		return
	}
	u.print(u.line(m, s.name, u.elapsed(s), u.safe(detail)))
}

func (u *UI) elapsed(s *Step) string { return Duration(u.opts.Now().Sub(s.start)) }

func (u *UI) share(s *Step) string {
	if s.total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d%%  ", percent(s.done, s.total))
}

func percent(done, total int64) int {
	return int(min(100, max(0, float64(done)/float64(total)*100)))
}

// line lays out one line of a step: mark, name, time, detail.
func (u *UI) line(m mark, name, elapsed, detail string) string {
	parts := []string{name}
	for _, part := range []string{elapsed, detail} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return u.paint(m) + " " + strings.Join(parts, "  ")
}
