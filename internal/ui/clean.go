package ui

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine is the longest piece of foreign output held back for its newline.
const maxLine = 64 << 10

var (
	// ECMA-48 sequences: CSI, the string kinds (OSC, DCS, SOS, PM, APC) up to
	// their terminator, and the short ones. ansi.Strip would drop broken UTF-8
	// as well, which is to be seen.
	escapes = regexp.MustCompile("\x1b\\[[0-?]*[ -/]*[@-~]|" +
		"\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b[ -/]*[0-~]?")
	// GitHub's runner takes "::command::" at the start of a line and "##[command]"
	// anywhere, Azure's and TeamCity's "##vso[…]" and "##teamcity[…]".
	lineCommand   = regexp.MustCompile(`^([\s\p{Z}]*):+:`)
	inlineCommand = regexp.MustCompile(`##+([A-Za-z]*\[)`)
)

// Clean makes one line of foreign text harmless: escape sequences are removed,
// other control and direction-changing characters shown as escapes, and the
// log commands of CI systems broken apart. Tabs stay. Cleaning twice changes
// nothing more.
func Clean(line string) string {
	line = escapes.ReplaceAllString(line, "")
	if strings.IndexFunc(line, unsafeRune) >= 0 || !utf8.ValidString(line) {
		line = visible(line)
	}
	line = lineCommand.ReplaceAllString(line, "$1: :")
	return inlineCommand.ReplaceAllString(line, "# #$1")
}

// unsafeRune reports whether a terminal may act on r, or show the text in
// another order than it is in (CVE-2021-42574).
func unsafeRune(r rune) bool {
	if r == '\t' {
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

func visible(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, line[i])
		case r < 0x80 && unsafeRune(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unsafeRune(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(line[i : i+size])
		}
		i += size
	}
	return b.String()
}

func splitLines(text string) []string {
	text = strings.ReplaceAll(strings.TrimRight(text, "\r\n"), "\r\n", "\n")
	return strings.Split(text, "\n")
}

// Cleaner passes foreign output on to W, one cleaned line at a time. Close
// writes what is left of an unfinished line.
type Cleaner struct {
	W    io.Writer
	held []byte
}

// Write implements io.Writer.
func (c *Cleaner) Write(p []byte) (int, error) {
	c.held = append(c.held, p...)
	for {
		end := bytes.IndexByte(c.held, '\n')
		if end < 0 {
			break
		}
		if err := c.line(c.held[:end]); err != nil {
			return 0, err
		}
		c.held = c.held[end+1:]
	}
	if len(c.held) > maxLine {
		if err := c.line(c.held); err != nil {
			return 0, err
		}
		c.held = nil
	}
	return len(p), nil
}

// Close writes an unfinished last line. It does not close W.
func (c *Cleaner) Close() error {
	if len(c.held) == 0 {
		return nil
	}
	rest := c.held
	c.held = nil
	return c.line(rest)
}

func (c *Cleaner) line(raw []byte) error {
	_, err := io.WriteString(c.W, Clean(string(bytes.TrimRight(raw, "\r")))+"\n")
	return err
}
