package report

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// markup are the characters that mean something in Markdown or in HTML wherever
// they stand.
const markup = "\\`*_[]<>|~@&$#!%"

// references are the characters with which forges mention people (@) and link to
// issues (#), merge requests (!), labels (~) and more.
const references = "@#!~%$&"

// text shows a foreign text as it is, on one line. Markup becomes character
// references. That does not stop a forge from finding mentions in what is
// rendered, where they are characters again: a space of no width does.
func text(s string) string { return escape(s, "&#8203;") }

// code shows a foreign text in the type of code. It is HTML, so that a run of
// back quotes cannot end it; forges look for no mentions in it.
func code(s string) string { return "<code>" + escape(s, "") + "</code>" }

func escape(s, afterReference string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if !strings.ContainsRune(markup, r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "&#%d;", r)
		if strings.ContainsRune(references, r) {
			b.WriteString(afterReference)
		}
	}
	return noAddress(b.String())
}

// noAddress keeps renderers from making a link of an address by themselves.
func noAddress(s string) string {
	return strings.NewReplacer("://", "&#58;//", "www.", "www&#46;").Replace(s)
}

// oneLine makes spaces of line ends and drops what does not show, such as the
// characters that turn the direction of writing.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s))
}

// block is the end of a log in a fence that is longer than any in it. In a fence
// nothing has a meaning, not even a mention.
func block(lines []string) string {
	longest := 2
	for i, line := range lines {
		lines[i] = strings.TrimRight(unescaped(line), " ")
		longest = max(longest, quotes(lines[i]))
	}
	fence := strings.Repeat("`", longest+1)
	return fence + "text\n" + strings.Join(lines, "\n") + "\n" + fence + "\n"
}

// unescaped drops control characters, and with them the colours of terminals.
func unescaped(line string) string {
	var b strings.Builder
	inside := false
	for _, r := range line {
		switch {
		case r == '\x1b':
			inside = true
		case inside:
			inside = !unicode.IsLetter(r)
		case r == '\t':
			b.WriteString("    ")
		case unicode.IsPrint(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quotes is the longest run of back quotes.
func quotes(line string) int {
	longest, run := 0, 0
	for _, r := range line {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// link leads to an address of ours; anything but a web address is only shown.
func link(label, address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return label
	}
	return "[" + label + "](<" +
		strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "", "\\", "%5C").Replace(parsed.String()) + ">)"
}
