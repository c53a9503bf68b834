package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// tooManyConnections is the error code of a server or role that has none left.
const tooManyConnections = "53300"

// connectError says in one line why there is no connection.
func connectError(config *pgx.ConnConfig, err error) error {
	at := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	if strings.HasPrefix(config.Host, "/") {
		at = config.Host
	}
	if fault := conninfo.Fault(err); fault != nil {
		return fault
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return hint.Wrap(fmt.Errorf("connect to %s: %w", at, cause(err)),
			"check that the server runs there and that this machine may reach it")
	}
	err = fmt.Errorf("connect to %s: %w", at, pg)
	switch pg.Code {
	case "28P01", "28000": // invalid_password, invalid_authorization_specification
		return hint.Wrap(err, "check the user and the password of the connection string, and pg_hba.conf")
	case "3D000": // invalid_catalog_name
		return hint.Wrap(err, "check the database's name at the end of the connection string")
	case tooManyConnections:
		return hint.Wrap(err, "use fewer connections, or retry later")
	}
	return err
}

// cause is the innermost network error: what wraps it repeats the address
// once for each way that was tried.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		if from, ok := strings.CutPrefix(op.Op, "dial "); ok {
			return fmt.Errorf("%s: %w", from, op.Err)
		}
		return op.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// Explain adds to an error of a connection to the source what the user can do
// about it.
func (s *Snapshot) Explain(c *pgx.Conn, err error) error {
	if err == nil || errors.Is(err, ErrSourceLost) || errors.Is(err, ErrBusy) || errors.Is(err, ErrRecoveryConflict) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if quotes(pg) {
			return withheld(pg)
		}
		if s.conflicts(err) {
			return conflicted(err)
		}
		switch pg.Code {
		case "53200": // of locks, mostly
			return hint.Wrap(err, "%s", cmp.Or(pg.Hint, "the source's server has no memory left"))
		case "57P01", "57P02", "57P03": // the server shuts down, crashed, or starts
			return lost(err)
		}
	}
	if c.IsClosed() {
		return lost(err)
	}
	return err
}

// quotes tells the errors in data and those that functions raise, whose
// messages may hold values of the row.
func quotes(pg *pgconn.PgError) bool {
	return strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "P0")
}

// withheld is the error without the value that its message quotes.
func withheld(pg *pgconn.PgError) error {
	message := pg.Message
	if strings.HasPrefix(pg.Code, "P0") {
		message = "a function of the source refused a row"
	}
	if from, to := strings.Index(message, `"`), strings.LastIndex(message, `"`); from < to {
		message = message[:from] + "…" + message[to+1:]
	}
	clean := &pgconn.PgError{Severity: pg.Severity, Code: pg.Code, Message: message}
	return hint.Wrap(clean, "repair the row in the source, or keep it out with a where for that table")
}

func lost(err error) error {
	if fault := conninfo.Fault(err); fault != nil {
		return fmt.Errorf("%w: %w", ErrSourceLost, fault)
	}
	return hint.Wrap(fmt.Errorf("%w: %w", ErrSourceLost, err), "retry once the source is reachable")
}
