package pgtool

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
)

// ErrDiskFull means that a disk on the server, or ours, is full. It is the
// system's own error, so that both are asked for in the same way.
var ErrDiskFull error = syscall.ENOSPC

// explain takes out of a program's messages what must not be shown, and
// marks a full disk.
func explain(err error) error {
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	full := strings.Contains(exit.Stderr, "No space left on device")
	exit.Stderr = Clean(exit.Stderr)
	if refused.MatchString(exit.Stderr) {
		return hint.Wrap(exit,
			"%s needs a connection beside those of offshoot: raise max_connections or the role's CONNECTION LIMIT",
			exit.Program)
	}
	if full {
		return &diskFull{exit}
	}
	return exit
}

type diskFull struct{ exit *host.ExitError }

func (e *diskFull) Error() string   { return e.exit.Error() }
func (e *diskFull) Unwrap() []error { return []error{e.exit, ErrDiskFull} }

// Clean keeps of the messages of pg_dump, pg_restore and psql what says which
// object failed and why. It drops the statement and everything in which the
// server quotes the values of a row: DETAIL, CONTEXT, and the value at the
// end of an ERROR.
func Clean(stderr string) string {
	var kept []string
	last := 0 // of the errors in kept
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if FromFunction(line) && last < len(kept) {
			kept = append(kept[:last], raised.ReplaceAllString(kept[last], "$1 a function refused a value"))
		}
		if !ours.MatchString(line) || strings.Contains(line, "while PROCESSING TOC") {
			continue
		}
		if raised.MatchString(line) {
			last = len(kept)
		}
		kept = append(kept, Redact(line))
	}
	return strings.Join(kept, "\n")
}

// FromFunction reports whether the context of a server's error says that it
// came out of a function. Functions say what they like, and that may be what
// is in a row.
func FromFunction(context string) bool { return function.MatchString(context) }

var (
	ours = regexp.MustCompile(`^(pg_dump|pg_restore|psql)(:|\S*: (error|warning))|^HINT:`)
	// function begins a line of a context: CONTEXT:  PL/pgSQL function f(text)
	// line 3 at RAISE, or SQL function "f" statement 1.
	function = regexp.MustCompile(`(?m)^(?:CONTEXT:\s+)?(?:PL/\S+|SQL) function `)
	raised   = regexp.MustCompile(`((?:ERROR|FATAL|WARNING):) .*$`)
	// refused matches what a server says that has no connection left.
	refused = regexp.MustCompile(`FATAL:  (sorry, too many clients|remaining connection slots|too many connections for)`)
	// value matches what a message of the server quotes of a row, as in
	// `invalid input syntax for type integer: "x"` and
	// `invalid byte sequence for encoding "UTF8": 0xe9 0x20`. A value of several
	// lines does not end in a quote.
	value = regexp.MustCompile(`((?:ERROR|FATAL):  .*?): (?:".*|0x[0-9a-f].*)$`)
)

// Redact cuts the value of a row off the end of a server's message.
func Redact(message string) string {
	return value.ReplaceAllString(message, "$1")
}

func itoa(n int) string { return strconv.Itoa(n) }

// database returns PGDATABASE.
func database(env []string) string {
	for _, pair := range env {
		if name, ok := strings.CutPrefix(pair, "PGDATABASE="); ok {
			return name
		}
	}
	return ""
}

// named writes a name so that it cannot be read as a connection string.
func named(database string) string {
	return "dbname='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(database) + "'"
}
