package provision

import (
	"regexp"
	"strings"
)

// clientLog keeps what a database client says on stderr, without row data:
// PostgreSQL quotes values in the messages about bad input and broken
// constraints, and whole lines of COPY in their context.
type clientLog struct {
	kept []string
	rest []byte
}

// maxClientLines is how many lines are kept; the last matter.
const maxClientLines = 20

// Write takes the output in pieces of any size.
func (c *clientLog) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			c.keep(string(c.rest))
			c.rest = c.rest[:0]
		} else if len(c.rest) < 4096 {
			c.rest = append(c.rest, b)
		}
	}
	return len(p), nil
}

func (c *clientLog) lines() []string {
	c.keep(string(c.rest))
	c.rest = nil
	return c.kept
}

func (c *clientLog) keep(line string) {
	if n := len(c.kept); n > 0 && fromFunction.MatchString(line) {
		c.kept[n-1] = says.ReplaceAllString(c.kept[n-1], "$1 "+conditionOf("P0"))
	}
	clean := withoutData(line)
	if clean == "" || len(c.kept) > 0 && c.kept[len(c.kept)-1] == clean {
		return
	}
	c.kept = append(c.kept, clean)
	if len(c.kept) > maxClientLines {
		c.kept = c.kept[1:]
	}
}

var (
	// psql:<stdin>:12: ERROR:  42P01: relation "users" does not exist
	verboseError = regexp.MustCompile(`^(?:psql:[^ ]*: )?(ERROR|FATAL|PANIC):\s+([0-9A-Z]{5}): (.*)$`)
	// psql:<stdin>:5: error: invalid command \restrict
	clientError = regexp.MustCompile(`^psql(?::<stdin>:[0-9]+)?: (?:error|fatal): (invalid command \\[a-z]+|connection to server .*)$`)
	// CONTEXT:  COPY users, line 3, column email: "…"
	copyContext = regexp.MustCompile(`^CONTEXT:\s+(COPY [^:]*?, line [0-9]+(?:, column [^:]+)?)(?::.*)?$`)
	// pg_restore: error: COPY failed for table "users": ERROR:  …
	copyFailed = regexp.MustCompile(`^pg_restore: error: (COPY failed for table "[^"]*")`)
	// pg_restore: error: could not execute query: ERROR:  …
	restoreError = regexp.MustCompile(`^pg_restore: error: (.*)$`)
	// a function may say anything, whatever the code: the context tells that it
	// was one. CONTEXT:  PL/pgSQL function f(text) line 3 at RAISE
	fromFunction = regexp.MustCompile(`^(?:CONTEXT:\s+)?(?:PL/\S+|SQL) function `)
	says         = regexp.MustCompile(`^([0-9A-Z]{5}:|pg_restore: .*?ERROR:) .*$`)
	// a value may have quotes and line ends of its own: nothing tells where it ends
	quoted = regexp.MustCompile(`["'].*`)
)

// safeClasses are those SQLSTATE classes whose messages name objects, roles
// and resources of the server, and never a value of a row.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var safeClasses = map[string]bool{
	"08": true, "0A": true, "28": true, "3D": true, "3F": true, "42": true,
	"53": true, "54": true, "55": true, "57": true, "58": true,
}

// withoutData returns what may be shown of a line, or nothing.
func withoutData(line string) string {
	line = strings.TrimRight(line, "\r ")
	if m := verboseError.FindStringSubmatch(line); m != nil {
		return sqlError(m[2], m[3])
	}
	if m := clientError.FindStringSubmatch(line); m != nil {
		return "psql: " + printable(m[1])
	}
	if m := copyContext.FindStringSubmatch(line); m != nil {
		return printable(m[1])
	}
	if m := copyFailed.FindStringSubmatch(line); m != nil {
		return "pg_restore: " + printable(m[1])
	}
	if m := restoreError.FindStringSubmatch(line); m != nil {
		return "pg_restore: " + printable(restoreMessage(m[1]))
	}
	return ""
}

func sqlError(code, message string) string {
	switch {
	case code == "42601": // a syntax error quotes the script, which may be a row that lost its way
		return printable(code + ": " + quoted.ReplaceAllString(message, "…"))
	case safeClasses[code[:2]]:
		return printable(code + ": " + message)
	case code[:2] == "23":
		return printable(code + ": " + constraintOnly(message))
	}
	return code + ": " + conditionOf(code)
}

// constraintOnly keeps messages about constraints, which name the constraint;
// the values are in the DETAIL line.
func constraintOnly(message string) string {
	if strings.Contains(message, "violates") || strings.Contains(message, "null value in column") {
		return message
	}
	return "a constraint is violated"
}

func conditionOf(code string) string {
	switch code[:2] {
	case "22":
		return "a value does not fit its column's type"
	case "P0":
		return "a function or trigger raised an error"
	}
	return "an error"
}

// restoreMessage cuts a message of pg_restore where the server's may quote
// data.
func restoreMessage(message string) string {
	for _, quoting := range []string{"invalid input", "malformed", "syntax error", "value too long", "out of range"} {
		if strings.Contains(message, quoting) {
			return quoted.ReplaceAllString(message, "…")
		}
	}
	return message
}

// adviceFor is the hint for what most often goes wrong; empty when there is
// none.
func adviceFor(lines []string) string {
	all := strings.Join(lines, "\n")
	switch {
	case strings.Contains(all, "unsupported version") ||
		strings.Contains(all, "unrecognized configuration parameter") ||
		strings.Contains(all, `invalid command \`):
		return "the archive is of a newer PostgreSQL than the preview's: make it anew, or use a newer image for " +
			"the database"
	case strings.Contains(all, "role ") && strings.Contains(all, "does not exist"):
		return "make the archive without owners (pg_dump --no-owner), or let the compose file's scripts create the " +
			"roles"
	case strings.Contains(all, "could not open extension control file") || strings.Contains(all, "is not available"):
		return "use an image for the database that has the extension"
	case strings.Contains(all, "No space left on device"):
		return "make room on the disk of the engine"
	}
	return ""
}
