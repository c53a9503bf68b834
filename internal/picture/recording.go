package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A frame is what a terminal shows from a moment on.
type frame struct {
	at    time.Duration
	lines []string
}

// replay plays what script(1) has recorded, with its classic timing: seconds since the piece before, and its bytes.
func replay(output []byte, timing string) ([]frame, error) {
	if bytes.HasPrefix(output, []byte("Script started on ")) {
		_, output, _ = bytes.Cut(output, []byte("\n"))
	}
	var (
		s      screen
		frames []frame
		at     time.Duration
	)
	for line := range strings.Lines(timing) {
		var seconds float64
		var size int
		if _, err := fmt.Sscanf(line, "%f %d", &seconds, &size); err != nil {
			return nil, fmt.Errorf("timing %q: %w", strings.TrimSpace(line), err)
		}
		at += time.Duration(seconds * float64(time.Second))
		size = min(size, len(output))
		if err := s.write(string(output[:size])); err != nil {
			return nil, err
		}
		output = output[size:]
		frames = append(frames, frame{at: at, lines: slices.Clone(s.lines)})
	}
	if len(frames) == 0 {
		return nil, fmt.Errorf("the recording is empty")
	}
	return frames, nil
}

// A screen is as much of a terminal as offshoot makes use of: it prints lines, goes up, and clears what is below.
type screen struct {
	lines []string
	row   int
	held  string // a sequence, or a letter, of which the rest is to come
}

// The sequences that offshoot prints, see internal/ui.
var sequence = regexp.MustCompile("^\x1b\\[([0-9]*)([A-Za-z])")

func (s *screen) write(text string) error {
	text, s.held = s.held+text, ""
	for len(text) > 0 {
		switch c := text[0]; {
		case c == '\n':
			s.row++
			text = text[1:]
		case c == '\r':
			text = text[1:]
		case c == 0x1b:
			found := sequence.FindStringSubmatch(text)
			if found == nil && len(text) < 8 {
				s.held = text
				return nil
			}
			if found == nil {
				return fmt.Errorf("the recording has a sequence that is not known: %q", text[:8])
			}
			if err := s.obey(found[0], found[1], found[2]); err != nil {
				return err
			}
			text = text[len(found[0]):]
		default:
			n := strings.IndexAny(text, "\r\n\x1b")
			if n < 0 {
				n = len(text)
			}
			s.put(text[:n])
			text = text[n:]
		}
	}
	return nil
}

func (s *screen) obey(whole, number, letter string) error {
	count, _ := strconv.Atoi(number)
	switch letter {
	case "A":
		s.row = max(0, s.row-max(1, count))
	case "J":
		s.lines = s.lines[:min(s.row, len(s.lines))]
	case "m":
		s.put(whole)
	default:
		return fmt.Errorf("the recording has a sequence that is not known: %q", whole)
	}
	return nil
}

func (s *screen) put(text string) {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, "")
	}
	s.lines[s.row] += text
}
