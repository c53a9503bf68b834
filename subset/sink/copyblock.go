package sink

import (
	"bufio"
	"bytes"
	"errors"
)

// copyBlock writes its header before the first byte.
type copyBlock struct {
	w      *bufio.Writer
	header string
	begun  bool
	lines  lines
}

func (b *copyBlock) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !b.begun {
		b.begun = true
		if _, err := b.w.WriteString(b.header); err != nil {
			return 0, err
		}
	}
	if err := b.lines.see(p); err != nil {
		return 0, err
	}
	return b.w.Write(p)
}

func (b *copyBlock) end() error {
	if err := b.lines.end(); err != nil || !b.begun {
		return err
	}
	_, err := b.w.WriteString("\\.\n\n")
	return err
}

// lines looks at rows in COPY text format. Nothing of PostgreSQL's begins a
// line with what ends the rows, since it doubles backslashes. A source that
// does wants psql to read on as statements, and commands of its own.
type lines struct {
	tail []byte // the last bytes
}

var (
	endOfCopy    = []byte("\n\\.")
	errEndsEarly = errors.New("the source sends the end of the rows among them: it is not PostgreSQL's")
)

func (l *lines) see(p []byte) error {
	if l.tail == nil {
		l.tail = []byte{'\n'}
	}
	seam := append(l.tail, p[:min(len(p), len(endOfCopy)-1)]...)
	if bytes.Contains(seam, endOfCopy) || bytes.Contains(p, endOfCopy) {
		return errEndsEarly
	}
	if len(p) >= len(endOfCopy) {
		seam = p
	}
	l.tail = bytes.Clone(seam[max(0, len(seam)-len(endOfCopy)+1):])
	return nil
}

func (l *lines) end() error {
	if len(l.tail) > 0 && l.tail[len(l.tail)-1] != '\n' {
		return errors.New("rows do not end with a line break")
	}
	return nil
}
