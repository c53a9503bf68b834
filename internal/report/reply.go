package report

import "strings"

// Replied puts an answer below the title of a comment that Markdown wrote, in
// place of the one before, and leaves the rest. Redact may be nil.
func Replied(written, reply string, redact func(string) string) string {
	if redact != nil {
		reply = redact(reply)
	}
	title, rest, _ := strings.Cut(written, "\n\n")
	if strings.HasPrefix(rest, "> ") {
		_, rest, _ = strings.Cut(rest, "\n\n")
	}
	return title + "\n\n> " + text(reply) + "\n\n" + rest
}
