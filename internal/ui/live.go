package ui

import (
	"fmt"
	"io"
	"strings"
)

// mark is what a line opens with: how the thing it names stands.
type mark string

const (
	markNone    mark = "    "
	markRunning mark = "... "
	markDone    mark = "ok  "
	markFail    mark = "fail"
	markWarn    mark = "warn"
)

const (
	maxLive  = 8  // live lines at once: a small terminal must not scroll
	barWidth = 20 // columns between the brackets
	reset    = "\x1b[0m"
)

var colours = map[mark]string{markDone: "\x1b[32m", markFail: "\x1b[31m", markWarn: "\x1b[33m"}

func (u *UI) paint(m mark) string {
	colour := colours[m]
	if !u.opts.Live || colour == "" {
		return string(m)
	}
	return colour + string(m) + reset
}

// Beside has something printed elsewhere, such as the answer on stdout, while no live line is on the screen: on a
// terminal that shows both, the next drawing would take it for a live line and wipe it away.
func (u *UI) Beside(print func() error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wipe()
	err := print()
	u.print("")
	return err
}

// wipe takes the live lines off the screen.
func (u *UI) wipe() {
	if u.drawn > 0 {
		_, _ = fmt.Fprintf(u.out, "\x1b[%dA\r\x1b[J", u.drawn)
		u.drawn = 0
	}
}

// print writes one lasting line ("" for none) above the live lines and draws
// those anew. Everything goes out in one Write, so that a run that is killed
// leaves neither colour on nor half a sequence; the cursor is never hidden.
func (u *UI) print(line string) {
	var b strings.Builder
	if u.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", u.drawn)
		u.drawn = 0
	}
	if line != "" {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if u.opts.Live {
		for _, live := range u.liveLines() {
			b.WriteString(live + "\n")
			u.drawn++
		}
	}
	if b.Len() > 0 {
		_, _ = io.WriteString(u.out, b.String()) // a reader that went away must not stop the work
	}
}

func (u *UI) liveLines() []string {
	width := max(20, u.opts.Width()) - 1 // the last column wraps on some terminals
	var lines []string
	for i, s := range u.active {
		if i == maxLive-1 && len(u.active) > maxLive {
			lines = append(lines, fmt.Sprintf("     and %d more", len(u.active)-i))
			break
		}
		lines = append(lines, Truncate(u.line(markRunning, s.name, u.bar(s)+u.elapsed(s), s.detail), width))
	}
	return lines
}

func (u *UI) bar(s *Step) string {
	if s.total <= 0 {
		return ""
	}
	p := percent(s.done, s.total)
	full := p * barWidth / 100
	return fmt.Sprintf("[%s%s] %3d%%  ", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), p)
}
