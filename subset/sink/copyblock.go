package sink

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
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
// does wants psql to read on as statements, and commands of its own. So does one
// that has anything else behind a backslash than PostgreSQL: where psql reads
// rows as statements already, that ends what keeps it from taking commands.
type lines struct {
	tail    []byte // the last bytes
	escapes bool   // the last one is a backslash that says what the next one is
}

var (
	endOfCopy    = []byte("\n\\.")
	errEndsEarly = errors.New("the source sends the end of the rows among them: it is not PostgreSQL's")
	errEscape    = errors.New("the source sends a backslash with something behind it that PostgreSQL does not write")
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
	return l.backslashes(p)
}

// escaped is all that PostgreSQL writes behind a backslash.
// https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS-TEXT
const escaped = `\bfnrtvN`

func (l *lines) backslashes(p []byte) error {
	for len(p) > 0 {
		if !l.escapes {
			i := bytes.IndexByte(p, '\\')
			if i < 0 {
				return nil
			}
			l.escapes, p = true, p[i+1:]
			continue
		}
		if strings.IndexByte(escaped, p[0]) < 0 {
			return errEscape
		}
		l.escapes, p = false, p[1:]
	}
	return nil
}

func (l *lines) end() error {
	if len(l.tail) > 0 && l.tail[len(l.tail)-1] != '\n' {
		return errors.New("rows do not end with a line break")
	}
	return nil
}
