package sink

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// ErrTargetBusy means that another run is writing to the target.
var ErrTargetBusy = errors.New("another run is writing to the target")

// ErrTargetLost means that the connection to the target broke.
var ErrTargetLost = errors.New("connection to the target lost")

// ServerError is an error that a server reported, without the row that the
// server's own message may quote.
type ServerError struct {
	Code    string // SQLSTATE
	Message string
}

func (e *ServerError) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code) }

// serverError explains an error of a connection. doing says what was being
// done. The detail of a server's message is dropped, and for errors in data
// the message too: both quote rows.
func serverError(doing string, err error) error {
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return broken(doing, err)
	}
	clean := fmt.Errorf("%s: %w", doing, &ServerError{Code: pg.Code, Message: message(pg)})
	switch {
	case pg.Code == "53100":
		return hint.Wrap(fmt.Errorf("%s: the target's disk is full: %w", doing, pgtool.ErrDiskFull), diskHint)
	case strings.HasPrefix(pg.Code, "57P"):
		return fmt.Errorf("%w: %w", ErrTargetLost, clean)
	case unresolved[pg.Code] && failing(pg) != "":
		return hint.Wrap(clean,
			"have the source say where its names are: ALTER FUNCTION %s SET search_path = …; a table that it reads "+
				"has to be made before what calls it", failing(pg))
	case pg.Code == "22021", pg.Code == "22P05":
		return hint.Wrap(clean,
			"make the target database with the encoding of the source: CREATE DATABASE … TEMPLATE template0 "+
				"ENCODING '…'")
	}
	return clean
}

const diskHint = "free space on the server of the target, or keep fewer rows"

// broken explains an error that no server reported.
func broken(doing string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrTargetLost, err)
}

// message is what can be shown of a server's error.
func message(pg *pgconn.PgError) string {
	switch {
	case pg.Code == "22021", pg.Code == "22P05":
		return "a text does not fit the encoding of the target"
	case unresolved[pg.Code] && failing(pg) != "":
		return where("function "+failing(pg)+" names something that is not found", pg)
	case strings.HasPrefix(pg.Code, "22"), strings.HasPrefix(pg.Code, "P0"), inFunction(pg):
		return where("a value was refused", pg)
	}
	return where(pg.Message, pg)
}

// unresolved are the codes of a function, a table, a column or a type that is not found.
var unresolved = map[string]bool{"42883": true, "42P01": true, "42703": true, "42704": true}

// failing is the function in which an error was raised, as the server's context begins with it.
func failing(pg *pgconn.PgError) string {
	found := function.FindStringSubmatch(pg.Where)
	if found == nil {
		return ""
	}
	return strings.Trim(found[1], `"`)
}

var function = regexp.MustCompile(`^(?:PL/\S+|SQL) function ("[^"\n]*"|[^\s"(]+\([^)\n]*\))`)

// inFunction tells an error that came out of somebody's function: those say
// what they like under any code, and like to say which row it was.
func inFunction(pg *pgconn.PgError) bool {
	return pg.Routine == "exec_stmt_raise" || pgtool.FromFunction(pg.Where)
}

func where(text string, pg *pgconn.PgError) string {
	// A line of Where is such as `COPY t, line 3, column c: "value"`; a value
	// may have lines of its own, after that.
	for line := range strings.Lines(pg.Where) {
		place, _, quoted := strings.Cut(strings.TrimSuffix(line, "\n"), ": \"")
		if strings.HasPrefix(line, "COPY ") {
			return text + " in " + place
		}
		if quoted {
			break
		}
	}
	return text
}

// unreachable explains why a connection could not be made, in one line.
// pgconn leaves the password out of it.
func unreachable(which string, err error) error {
	wrapped := &connectError{which: which, err: err}
	var pg *pgconn.PgError
	errors.As(err, &pg)
	switch {
	case pg == nil:
		return hint.Wrap(wrapped, "check host and port of the %s", which)
	case strings.HasPrefix(pg.Code, "28"):
		return hint.Wrap(wrapped, "check user and password of the %s", which)
	case pg.Code == "3D000":
		return hint.Wrap(wrapped, "make the database first with createdb")
	}
	return wrapped
}

type connectError struct {
	which string
	err   error
}

func (e *connectError) Error() string {
	return "connect to " + e.which + ": " + strings.Join(strings.Fields(e.err.Error()), " ")
}

func (e *connectError) Unwrap() error { return e.err }
