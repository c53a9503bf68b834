package ui_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
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
	_, far := hosttest.Terminal(t)
	t.Cleanup(func() { far.Close() })
	return far
}
