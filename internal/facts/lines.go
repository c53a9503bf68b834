package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// mark begins each line. What follows it is JSON in ASCII on one line, so that no encoding and no name can end the
// comment.
const mark = "-- offshoot facts: "

// Comments are lines of SQL that hold the facts; empty where there are none.
func (f *Facts) Comments() (string, error) {
	if !f.Known() {
		return "", nil
	}
	head := *f
	head.Tables, head.Statements = nil, nil
	head.Lines = len(f.Tables) + len(f.Statements)
	all := []any{head}
	for _, t := range f.Tables {
		all = append(all, t)
	}
	for _, s := range f.Statements {
		all = append(all, s)
	}
	var b strings.Builder
	for _, one := range all {
		text, err := json.Marshal(one)
		if err != nil {
			return "", fmt.Errorf("facts: %w", err)
		}
		b.WriteString(mark + ascii(text) + "\n")
	}
	return b.String(), nil
}

// ascii writes what is not ASCII as JSON may escape it.
func ascii(text []byte) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[n:]
	}
	return b.String()
}

// errCut means that lines are missing.
var errCut = errors.New("the facts in the archive are cut short")

// FormatError means that the facts are of a later version of the program.
type FormatError struct{ Format int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("facts of format %d; known are those up to %d", e.Format, Format)
}

// collector makes facts of lines, one after the other.
type collector struct {
	facts *Facts
	left  int
}

// line takes one line in, and tells whether no more are wanted.
func (c *collector) line(line []byte) (done bool, err error) {
	text, ours := bytes.CutPrefix(line, []byte(mark))
	switch {
	case !ours && c.left > 0:
		return true, errCut
	case !ours:
		return false, nil
	case c.facts == nil:
		return c.head(text)
	}
	c.left--
	return c.left == 0, c.add(text)
}

func (c *collector) head(text []byte) (done bool, err error) {
	var f Facts
	if err := json.Unmarshal(text, &f); err != nil {
		return true, fmt.Errorf("facts: %w", err)
	}
	if f.Format < 1 || f.Format > Format {
		return true, &FormatError{f.Format}
	}
	c.facts, c.left = &f, f.Lines
	return c.left <= 0, nil
}

// add takes in a table or a statement: which one it is, shows in its keys.
func (c *collector) add(text []byte) error {
	var is struct {
		Statement *string `json:"statement"`
	}
	err := json.Unmarshal(text, &is)
	switch {
	case err != nil:
	case is.Statement != nil:
		var one Statement
		err = json.Unmarshal(text, &one)
		c.facts.Statements = append(c.facts.Statements, one)
	default:
		var one Table
		err = json.Unmarshal(text, &one)
		c.facts.Tables = append(c.facts.Tables, one)
	}
	if err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	return nil
}
