package ui_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// screen is a terminal of endless height that understands what ui writes, and
// remembers what it does not.
type screen struct {
	mu      sync.Mutex
	rows    []string
	row     int
	writes  []string
	unknown string
}

var sequence = regexp.MustCompile(`^\x1b\[([0-9;?]*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, string(p))
	for text := string(p); text != ""; {
		if m := sequence.FindStringSubmatch(text); m != nil {
			s.apply(m[1], m[2])
			text = text[len(m[0]):]
			continue
		}
		s.char(text[0])
		text = text[1:]
	}
	return len(p), nil
}

func (s *screen) char(c byte) {
	for s.row >= len(s.rows) {
		s.rows = append(s.rows, "")
	}
	switch c {
	case '\n':
		s.row++
	case '\r':
	default:
		s.rows[s.row] += string([]byte{c})
	}
}

func (s *screen) apply(arg, name string) {
	switch name {
	case "A":
		n, _ := strconv.Atoi(arg)
		s.row -= n
	case "J":
		s.rows = s.rows[:s.row]
	case "m":
	default:
		s.unknown += fmt.Sprintf("%s%s ", arg, name)
	}
}

func (s *screen) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.rows...)
}

func (s *screen) lastLine() string {
	lines := s.lines()
	return strings.TrimRight(lines[len(lines)-1], " ")
}

// openTerminal returns the far side of a pseudo terminal.
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { near.Close() })
	if err := unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("unlock the pseudo terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("name of the pseudo terminal: %v", err)
	}
	far, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("open the pseudo terminal: %v", err)
	}
	t.Cleanup(func() { far.Close() })
	return far
}
