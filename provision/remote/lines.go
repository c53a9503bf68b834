package remote

import (
	"bytes"
	"strings"
)

// wholeLines cuts off what follows the last end of a line, and returns the
// last whole line too.
func wholeLines(content []byte) (lines, last []byte) {
	lines = content[:bytes.LastIndexByte(content, '\n')+1]
	last = bytes.TrimSuffix(lines, []byte("\n"))
	return lines, last[bytes.LastIndexByte(last, '\n')+1:]
}

// tailLines are the last lines of a text.
func tailLines(text string, most int) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-most):]
}
